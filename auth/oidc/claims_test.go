package oidc_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

// signInAs signs somebody in whose ID token and userinfo say this.
func signInAs(t *testing.T, token, info map[string]any, change ...func(*oidc.Options)) (oidc.Person, error) {
	t.Helper()
	w := newWorld(t, change...)
	w.idp.SetUser(oidctest.User{Name: "someone", Claims: token, UserInfo: info})
	return w.signIn("someone")
}

func verified(email string) map[string]any {
	return map[string]any{"email": email, "email_verified": true}
}

func with(base map[string]any, name string, value any) map[string]any {
	all := maps.Clone(base)
	all[name] = value
	return all
}

func TestAnAddressThatIsNotVerifiedNamesNobody(t *testing.T) {
	t.Parallel()
	for _, said := range []any{false, "true", 1, nil, []bool{true}, map[string]any{}} {
		for _, atUserInfo := range []bool{false, true} {
			token, info := map[string]any{"email": "ceo@example.org", "email_verified": said}, map[string]any(nil)
			if atUserInfo {
				token, info = nil, token
			}
			person, err := signInAs(t, token, info)
			if err == nil {
				t.Fatalf("email_verified %v makes somebody %s", said, person.User)
			}
			wantError(t, err, oidc.ErrClaims)
		}
	}
}

func TestVerifiedVouchesOnlyForTheAddressBesideIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ token, info map[string]any }{
		{map[string]any{"email_verified": true}, map[string]any{"email": "ceo@example.org"}},
		{map[string]any{"email_verified": true}, map[string]any{"email": "ceo@example.org", "email_verified": false}},
		{map[string]any{"email": "ceo@example.org"}, map[string]any{"email_verified": true}},
		{map[string]any{"email": "ceo@example.org", "email_verified": false}, map[string]any{"email_verified": true}},
	} {
		person, err := signInAs(t, c.token, c.info)
		if err == nil {
			t.Fatalf("token %v and userinfo %v make somebody %s", c.token, c.info, person.User)
		}
		wantError(t, err, oidc.ErrClaims)
	}
}

func TestAnAddressVerifiedAtUserInfoCounts(t *testing.T) {
	t.Parallel()
	got, err := signInAs(t, map[string]any{"email": "x@example.org"}, verified("y@example.org"))
	if err != nil || got.User != "y@example.org" || got.Email != "y@example.org" {
		t.Errorf("got %q, %q, %v", got.User, got.Email, err)
	}
}

func TestAnAddressNotVerifiedIsNotTold(t *testing.T) {
	t.Parallel()
	got, err := signInAs(t, map[string]any{"email": "x@example.org", "login": "x"}, nil,
		func(o *oidc.Options) { o.UserClaim = "login" })
	if err != nil || got.User != "x" || got.Email != "" {
		t.Errorf("got user %q, email %q, %v", got.User, got.Email, err)
	}
}

func TestANameThatNoPasswordFileCouldHoldIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []any{
		"", "svc-trainer", "a:b", " a", "a\n", "a\u200bb", "a\u202eb", "e\u0301", strings.Repeat("a", 256), 7, []string{"a"}, nil,
	} {
		person, err := signInAs(t, map[string]any{"login": name}, nil, func(o *oidc.Options) { o.UserClaim = "login" })
		if err == nil {
			t.Fatalf("%q is somebody: %q", name, person.User)
		}
		wantError(t, err, oidc.ErrClaims)
	}
}

func TestAPrefixKeepsProvidersApart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"alice": "partner/alice", "svc-trainer": "partner/svc-trainer"} {
		got, err := signInAs(t, map[string]any{"login": name}, nil,
			func(o *oidc.Options) { o.UserClaim, o.UserPrefix = "login", "partner/" })
		if err != nil || got.User != want {
			t.Errorf("got %q, %v, want %q", got.User, err, want)
		}
	}
	// A prefix and a name must not add up to a service account.
	_, err := signInAs(t, map[string]any{"login": "vc-trainer"}, nil,
		func(o *oidc.Options) { o.UserClaim, o.UserPrefix = "login", "s" })
	wantError(t, err, oidc.ErrClaims)
}

func TestGroupsAreFoundAtTheEndOfThePath(t *testing.T) {
	t.Parallel()
	access := map[string]any{"ml.gate": map[string]any{"roles": []string{"dotted"}}, "mlgate": map[string]any{"roles": []string{"editor", "admin", "editor"}}}
	for claim, c := range map[string]struct {
		claims map[string]any
		want   []string
	}{
		"groups":                          {map[string]any{"groups": []string{"b", "a", "b"}}, []string{"a", "b"}},
		"one":                             {map[string]any{"one": "vision team"}, []string{"vision team"}},
		"resource_access.mlgate.roles":    {map[string]any{"resource_access": access}, []string{"admin", "editor"}},
		`resource_access.ml\.gate.roles`:  {map[string]any{"resource_access": access}, []string{"dotted"}},
		"https://example.org/groups":      {map[string]any{"https://example.org/groups": []string{"x"}}, []string{"x"}},
		"missing":                         {map[string]any{}, nil},
		"null":                            {map[string]any{"null": nil}, nil},
		"empty":                           {map[string]any{"empty": []string{}}, nil},
		"resource_access.other.roles":     {map[string]any{"resource_access": access}, nil},
		"resource_access.mlgate.roles.no": {map[string]any{"resource_access": access}, nil},
		"keycloak":                        {map[string]any{"keycloak": []string{"/ml:team"}}, []string{"/ml:team"}},
	} {
		for _, atUserInfo := range []bool{false, true} {
			token, info := c.claims, map[string]any(nil)
			if atUserInfo {
				token, info = nil, token
			}
			got, err := signInAs(t, token, info, func(o *oidc.Options) { o.UserClaim, o.GroupsClaim = "sub", claim })
			if err != nil || !slices.Equal(got.Groups, c.want) {
				t.Errorf("%s (userinfo: %v): got %q, %v, want %q", claim, atUserInfo, got.Groups, err, c.want)
			}
		}
	}
}

// A policy may deny something to a group: leaving one out gives rights.
func TestGroupsThatCannotBeReadRefuseTheSignIn(t *testing.T) {
	t.Parallel()
	many := make([]string, 2001)
	for i := range many {
		many[i] = "g" + strings.Repeat("x", i%9)
	}
	for _, groups := range []any{
		7, true, map[string]any{"a": true}, []any{"a", 7}, []any{"a", nil}, []any{[]string{"a"}},
		[]string{"a", ""}, []string{"a\x00"}, []string{"a\u200b"}, []string{strings.Repeat("g", 256)}, many,
	} {
		_, err := signInAs(t, map[string]any{"groups": groups}, nil, withGroups, func(o *oidc.Options) { o.UserClaim = "sub" })
		if err == nil {
			t.Fatalf("groups %v: let in", groups)
		}
		wantError(t, err, oidc.ErrClaims)
	}
}

func TestGroupsKeptElsewhereRefuseTheSignIn(t *testing.T) {
	t.Parallel()
	_, err := signInAs(t, map[string]any{
		"_claim_names":   map[string]any{"groups": "src1"},
		"_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph.example/groups"}},
	}, nil, withGroups, func(o *oidc.Options) { o.UserClaim = "sub" })
	wantError(t, err, oidc.ErrClaims)
}

func TestGroupsGetTheNameOfTheSettingsOrThePrefix(t *testing.T) {
	t.Parallel()
	got, err := signInAs(t, map[string]any{"groups": []string{"/Team A", "b", "2f1c"}}, nil, withGroups, func(o *oidc.Options) {
		o.UserClaim, o.GroupPrefix = "sub", "corp-"
		o.GroupRename = []oidc.Rename{{From: "/Team A", To: "vision"}, {From: "2f1c", To: "ml"}}
	})
	if want := []string{"corp-b", "ml", "vision"}; err != nil || !slices.Equal(got.Groups, want) {
		t.Errorf("got %q, %v, want %q", got.Groups, err, want)
	}
}

func TestOnlyAllowedDomainsAreLetIn(t *testing.T) {
	t.Parallel()
	domains := func(o *oidc.Options) { o.UserClaim, o.AllowedDomains = "sub", []string{"Example.org", "lab.example"} }
	for email, good := range map[string]bool{
		"a@example.org": true, "a@EXAMPLE.ORG": true, "a@lab.example": true,
		"a@evil-example.org": false, "a@sub.example.org": false, "a@example.org.evil.example": false,
		"a@evil.example@example.org": false, "example.org": false, "@example.org": false, "a@": false, "a@example.org ": false,
	} {
		_, err := signInAs(t, verified(email), nil, domains)
		if good != (err == nil) {
			t.Errorf("%s: got %v", email, err)
		}
		if !good {
			wantError(t, err, oidc.ErrNotAllowed)
		}
		_, err = signInAs(t, with(verified(email), "email_verified", false), nil, domains)
		wantError(t, err, oidc.ErrNotAllowed)
	}
	if _, err := signInAs(t, nil, verified("a@example.org"), domains); err != nil {
		t.Errorf("an address told by userinfo: %v", err)
	}
}

func TestOnlyAllowedGroupsAreLetIn(t *testing.T) {
	t.Parallel()
	allowed := func(o *oidc.Options) {
		o.UserClaim, o.GroupPrefix, o.AllowedGroups = "sub", "corp-", []string{"corp-ml", "leads"}
		o.GroupRename = []oidc.Rename{{From: "chiefs", To: "leads"}}
	}
	for group, good := range map[string]bool{"ml": true, "chiefs": true, "leads": false, "corp-ml": false, "other": false} {
		_, err := signInAs(t, map[string]any{"groups": []string{group}}, nil, withGroups, allowed)
		if good != (err == nil) {
			t.Errorf("%s: got %v", group, err)
		}
	}
	_, err := signInAs(t, nil, nil, withGroups, allowed)
	wantError(t, err, oidc.ErrNotAllowed)
}
