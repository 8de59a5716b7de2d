package browser_test

import (
	"testing"
)

func TestUserIsNamed(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "account")
	b := s.signIn(t)
	b.open(t, s.ui("experiments"))
	b.shows(t, "cv/"+s.word+"/detector", "alice")
	b.click(t, "a, button, span, div", "alice")
	b.traffic.quiet(t)
	b.shot(t, "menu")
	b.open(t, s.ui("account"))
	b.traffic.quiet(t)
	b.shot(t, "account")
	t.Log(b.traffic, b.text(t))
	b.clean(t)
}
