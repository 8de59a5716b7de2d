package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"mlgate/policy"
)

// Status is what is in force, as an admin sees it.
type Status struct {
	// Mode is open, warn or enforce.
	Mode string
	// MLflow is the version of the server behind; empty: unknown.
	MLflow string
	// Loaded is when the files in force were read.
	Loaded time.Time
	// Errors say what is wrong with the files on disk, if they could not be put in
	// force.
	Errors []string
	// Hashes are the SHA-256 of the files in force, by what they are.
	Hashes map[string]string
}

// adminData is what the admin page shows.
type adminData struct {
	Status       statusData
	Self         string
	Asked        bool
	User, Groups string
	Roles        []string
	Held         []policy.Line
	People       []person
	Browsers     bool // people sign in in the browser
}

type statusData struct {
	Mode, MLflow, Loaded string
	Errors               []string
	Files                []struct{ Name, Hash string }
}

// person is a user or a group that the policy names.
type person struct {
	Who, Link string
	Roles     []string
	Lines     int
}

// mostPeople bounds the page's list. Who is behind it is asked for by name.
const mostPeople = 1000

// admin shows who holds what, and by which line; see also Tokens with ?user=.
func (c *Console) admin(w http.ResponseWriter, r *http.Request, q Request) error {
	if !q.by().Admin {
		return &apiError{http.StatusForbidden, "PERMISSION_DENIED", "this page is for admins: the policy gives them admin on *, and a token with limits is never one"}
	}
	query, err := readQuery(r, "user", "group")
	if err != nil {
		return err
	}
	self := c.pages.base + "admin"
	data := adminData{
		Status: statusOf(c.opts.Status()), Self: self, User: norm.NFC.String(query["user"]), Groups: query["group"],
	}
	if groups := strings.Fields(data.Groups); data.User != "" || len(groups) > 0 {
		caller := policy.Caller{User: data.User, Groups: groups}
		if data.User == "" {
			caller = policy.Member(groups)
		}
		data.Asked, data.Roles, data.Held = true, q.Policy.Rights(caller).Roles(), q.Policy.Held(caller)
	}
	data.People, data.Browsers = people(q.Policy, self), q.SignIn != nil
	return c.page(w, q, http.StatusOK, "admin", "admin", "Admin", data)
}

func statusOf(s Status) statusData {
	data := statusData{Mode: s.Mode, MLflow: s.MLflow, Loaded: timestamp(s.Loaded), Errors: s.Errors}
	for name, hash := range s.Hashes {
		data.Files = append(data.Files, struct{ Name, Hash string }{name, hash})
	}
	slices.SortFunc(data.Files, func(a, b struct{ Name, Hash string }) int { return strings.Compare(a.Name, b.Name) })
	return data
}

// people lists whom the policy names.
func people(p *policy.Policy, self string) []person {
	var list []person
	for _, caller := range p.People() {
		who, query := "whoever is signed in", url.Values{}
		switch {
		case len(caller.Groups) > 0:
			who = "group:" + caller.Groups[0]
			query.Set("group", caller.Groups[0])
		case p.Names(caller.User):
			who = "user:" + caller.User
			query.Set("user", caller.User)
		}
		link := ""
		if len(query) > 0 {
			link = self + "?" + query.Encode()
		}
		list = append(list, person{who, link, p.Rights(caller).Roles(), len(p.Held(caller))})
		if len(list) == mostPeople {
			break
		}
	}
	slices.SortFunc(list, func(a, b person) int { return strings.Compare(a.Who, b.Who) })
	return list
}
