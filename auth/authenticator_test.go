package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestChainIsDecidedByTheFirstThatReadsTheCredentials(t *testing.T) {
	t.Parallel()
	alice, bob := NewIdentity(Identity{User: "alice"}), NewIdentity(Identity{User: "bob"})
	other := errors.New("store down")
	for _, tt := range []struct {
		name   string
		chain  Chain
		header string
		want   *Identity
		err    error
	}{
		{name: "empty", err: ErrNoCredentials},
		{name: "first wins", chain: Chain{fixed{alice}, fixed{bob}}, want: alice},
		{name: "passes on", chain: Chain{failing{ErrNoCredentials}, fixed{bob}}, want: bob},
		{name: "bad credentials end it", chain: Chain{failing{ErrBadCredentials}, fixed{bob}}, err: ErrBadCredentials},
		{name: "undecided ends it", chain: Chain{failing{other}, fixed{bob}}, err: other},
		{name: "nobody read it", chain: Chain{failing{ErrNoCredentials}}, header: "Negotiate x", err: ErrBadCredentials},
		{name: "nothing to read", chain: Chain{failing{ErrNoCredentials}}, err: ErrNoCredentials},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if tt.header != "" {
				r.Header.Set("Authorization", tt.header)
			}
			got, err := tt.chain.Authenticate(r)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestChainRefusesAnAuthenticatorThatSaysNothing(t *testing.T) {
	t.Parallel()
	id, err := Chain{fixed{nil}}.Authenticate(httptest.NewRequest(http.MethodGet, "/", nil))
	if id != nil || err == nil {
		t.Errorf("got %v, %v; want an error", id, err)
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:80":          "192.0.2.1",
		"192.0.2.1":             "192.0.2.1",
		"[::ffff:192.0.2.1]:80": "192.0.2.1",
		"[2001:db8::1%eth0]:80": "2001:db8::",
		"2001:db8:1:2:3::1":     "2001:db8:1:2::",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		if got := ClientAddress(r); got != netip.MustParseAddr(want) {
			t.Errorf("%s: got %v, want %s", remote, got, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "@"
	if got := ClientAddress(r); got.IsValid() {
		t.Errorf("unreadable address: got %v, want the zero address", got)
	}
}
