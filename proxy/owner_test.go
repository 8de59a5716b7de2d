package proxy_test

import (
	"net/http"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/proxy"
)

// tokenOf signs everybody in as the holder of a user's token.
type tokenOf auth.Identity

func (id tokenOf) Authenticate(*http.Request) (*auth.Identity, error) {
	i := auth.Identity(id)
	return &i, nil
}

// A token with a limit is handed on to scripts and CI; what its owner may do as
// the creator of a run is not in it.
func TestOnlyAnUnlimitedTokenOwnsRuns(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	made := (request{"POST", "runs/create", `{"experiment_id":"<exp>"}`}).send(t, newGate(t, srv.URL(), rules), "alice", with).json(t)
	run := made["run"].(m)["info"].(m)["run_id"].(string)
	srv.PutArtifact(t, mine.exp+"/"+run+"/artifacts/x", []byte("x"))
	for _, test := range []struct {
		id   auth.Identity
		want int
	}{
		{auth.Identity{User: "alice", Method: auth.MethodToken, Prefixes: []string{"cv/*"}}, 403},
		{auth.Identity{User: "both", Method: auth.MethodToken, Actions: []string{"read"}}, 403},
		{auth.Identity{User: "alice", Method: auth.MethodToken}, 200},
	} {
		g := newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Who = tokenOf(test.id) })
		for _, r := range []request{
			{"DELETE", store + "/<exp>/" + run + "/artifacts/x", ""},
			{"POST", "runs/delete", `{"run_id":"` + run + `"}`},
		} {
			if a := r.send(t, g, "", with); a.Status != test.want {
				t.Errorf("%+v, %v: got %d %s, want %d", test.id, r, a.Status, a.Body, test.want)
			}
		}
	}
}

// A job that has run for weeks on one token is told before it ends.
func TestATokenThatEndsSoonIsSaidInEveryAnswer(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(6 * 24 * time.Hour)
	for _, c := range []struct {
		what string
		id   auth.Identity
		want string
	}{
		{"in six days", auth.Identity{Method: auth.MethodToken, Expires: soon}, soon.UTC().Format(time.RFC3339)},
		{"in eight days", auth.Identity{Method: auth.MethodToken, Expires: soon.Add(2 * 24 * time.Hour)}, ""},
		{"a password", auth.Identity{Method: auth.MethodPassword}, ""},
	} {
		c.id.User = "alice"
		g := newGate(t, "http://127.0.0.1:1", rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Who = tokenOf(c.id) })
		for _, path := range []string{"/_gate/api/v1/whoami", api + "webhooks/list", "/no-such-page"} {
			if a := g.do(t, "alice", "GET", path, nil); a.Header.Get("X-Mlgate-Token-Expires") != c.want {
				t.Errorf("%s, %s: got %q, want %q", c.what, path, a.Header.Get("X-Mlgate-Token-Expires"), c.want)
			}
		}
	}
}
