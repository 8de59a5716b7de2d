package console

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"mlgate/auth"
	"mlgate/policy"
)

func whoami(w http.ResponseWriter, r *http.Request, q Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		User   string      `json:"user"`
		Groups []string    `json:"groups"`
		Roles  []string    `json:"roles"`
		Method auth.Method `json:"method"`
	}{q.Identity.User, q.Identity.Groups, q.Policy.Rights(q.caller()).Roles(), q.Identity.Method})
}

// explain answers for the caller alone, from the policy alone: it says nothing
// of what exists, nor of lines that speak to others.
func explain(w http.ResponseWriter, r *http.Request, q Request) error {
	query, err := readQuery(r, "action", "resource")
	if err != nil {
		return err
	}
	action, err := policy.ParseAction(query["action"])
	if err != nil {
		return invalid(err.Error())
	}
	answers, err := q.Policy.ExplainResource(q.caller(), action, query["resource"])
	if err != nil {
		return invalid(err.Error())
	}
	if len(answers) == 0 {
		return invalid("the resource stands for nothing")
	}
	// A name without a kind stands for several; the first refusal decides.
	verdict := answers[0]
	for _, a := range answers {
		if !a.Allow {
			verdict = a
			break
		}
	}
	return writeJSON(w, http.StatusOK, struct {
		Allow bool     `json:"allow"`
		Rule  string   `json:"rule"`
		Line  int      `json:"line"`
		Roles []string `json:"roles"`
	}{verdict.Allow, verdict.Rule, verdict.Line, verdict.Roles})
}

// CurrentUser is the answer to MLflow's …/users/current, by which its UI shows
// who is signed in. ok is false for anonymous callers: the UI then gets the 404
// of a server without users, and shows none.
//
// is_admin is always false: it would only open the UI's pages for MLflow's own
// users and roles, which are not in force here. is_basic_auth shows the UI's
// sign-out, which replaces the browser's remembered password; that works for
// whatever the browser sends as Basic, an API token too, and for nothing else.
func CurrentUser(id *auth.Identity) (body []byte, ok bool) {
	if id == nil || id.User == "" || id.Method == auth.MethodAnonymous {
		return nil, false
	}
	type user struct {
		Name  string `json:"username"`
		Admin bool   `json:"is_admin"`
	}
	body, err := json.Marshal(struct {
		User  user `json:"user"`
		Basic bool `json:"is_basic_auth"`
	}{user{Name: id.User}, id.Method == auth.MethodPassword || id.Method == auth.MethodToken})
	return body, err == nil
}
