package browser_test

import "testing"

// Once the UI knows who is signed in it has a page for them, which also asks
// for MLflow's own roles and permissions. These are not in force: the page shows
// the sentence that says where the gate's own stand.
func TestUserIsNamedAndHasAPage(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "account")
	b := s.signIn(t)
	b.open(t, s.ui("account"))
	b.shows(t, "Logged in as alice", "Failed to load roles", "/_gate/account shows who you are")
	b.click(t, "[role=tab]", "Permissions")
	b.traffic.quiet(t)
	b.shot(t, "account")
	b.shows(t, "Logged in as alice", "Failed to load permissions", "/_gate/account shows who you are")
	b.clean(t)
}
