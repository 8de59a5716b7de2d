package browser_test

import (
	"slices"
	"strings"
	"testing"
)

// What the gate says to keep an artifact from acting in its origin must not
// keep the UI from showing it.
func TestArtifactsAreShownAndStayInTheirSandbox(t *testing.T) {
	t.Parallel()
	for _, at := range ways {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, at.path, "artifacts-"+at.name)
			b := s.signIn(t)
			b.open(t, s.ui("experiments/"+s.exp+"/runs/"+s.runs[0]+"/artifacts"))
			b.shows(t, "notes.txt", "picture.png", "report.html")
			b.js(t, `addEventListener("message", e => { window.said = String(e.data) }), ""`)

			b.click(t, "span, div", "notes.txt")
			b.shows(t, "the light was poor on tuesday")
			b.shot(t, "text")

			b.click(t, "span, div", "picture.png")
			b.wait(t, "the picture, drawn", func() []string {
				sizes := eval[[]string](t, b, `[...document.images].filter(i => i.complete).map(i => i.naturalWidth + "x" + i.naturalHeight)`)
				if slices.Contains(sizes, "37x29") {
					return nil
				}
				return []string{"37x29"}
			})
			b.traffic.quiet(t)
			b.shot(t, "image")

			b.click(t, "span, div", "report.html")
			b.wait(t, "the report, drawn by its script in an origin of its own", func() []string {
				if b.js(t, `window.said || ""`) == "confusion report, drawn by a script of origin null" {
					return nil
				}
				return []string{"confusion report"}
			})
			b.traffic.quiet(t)
			b.shot(t, "html")
			for _, x := range b.traffic.to("/get-artifact") {
				if policy := x.headers["content-security-policy"]; !strings.HasPrefix(policy, "sandbox;") {
					t.Errorf("%s: got Content-Security-Policy %q, want a sandbox", x.url, policy)
				}
			}
			if got := len(b.traffic.to("/get-artifact")); got < 3 {
				t.Errorf("got %d artifacts read, want 3:\n%s", got, b.traffic)
			}
			b.clean(t)
		})
	}
}
