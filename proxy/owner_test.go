package proxy_test

import (
	"net/http"
	"testing"

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
		{auth.Identity{User: "both", Method: auth.MethodToken, ReadOnly: true}, 403},
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
