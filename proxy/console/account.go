package console

import (
	"net/http"

	"mlgate/auth"
	"mlgate/policy"
)

// accountData is what the account page shows.
type accountData struct {
	Identity *auth.Identity
	Roles    []string
	Held     []policy.Line
	Admin    bool
	Contact  string
	URL      string
}

func (c *Console) account(w http.ResponseWriter, r *http.Request, q Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	caller := q.caller()
	rights := q.Policy.Rights(caller)
	return c.page(w, q, http.StatusOK, "account", "account", "Account", accountData{
		Identity: q.Identity, Roles: rights.Roles(), Held: q.Policy.Held(caller), Admin: rights.IsAdmin(),
		Contact: q.Contact, URL: c.opts.ExternalURL,
	})
}
