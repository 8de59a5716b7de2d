package auth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func basicHeader(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		values []string
		user   string
		secret string
		scheme Scheme
		err    error
	}{
		{name: "none", err: ErrNoCredentials},
		{name: "basic", values: []string{basicHeader("alice", "pw")}, scheme: SchemeBasic, user: "alice", secret: "pw"},
		{name: "scheme without case", values: []string{"bASIC " + basicHeader("a", "b")[6:]}, scheme: SchemeBasic, user: "a", secret: "b"},
		{name: "colon in password", values: []string{basicHeader("a", "b:c")}, scheme: SchemeBasic, user: "a", secret: "b:c"},
		{name: "utf-8", values: []string{basicHeader("jürgen", "größe")}, scheme: SchemeBasic, user: "jürgen", secret: "größe"},
		{name: "latin-1", values: []string{basicHeader("j\xfcrgen", "gr\xf6\xdfe")}, scheme: SchemeBasic, user: "jürgen", secret: "größe"},
		{name: "long", values: []string{basicHeader("a", strings.Repeat("x", 1000))}, scheme: SchemeBasic, user: "a", secret: strings.Repeat("x", 1000)},
		{name: "bearer", values: []string{"Bearer abc"}, scheme: SchemeBearer, secret: "abc"},
		{name: "other scheme", values: []string{"Negotiate abc"}, err: ErrNoCredentials},
		{name: "empty", values: []string{""}, err: ErrNoCredentials},
		{name: "two headers", values: []string{"Bearer abc", "Bearer abc"}, err: ErrBadCredentials},
		{name: "no colon", values: []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("alice"))}, err: ErrBadCredentials},
		{name: "no base64", values: []string{"Basic %%%"}, err: ErrBadCredentials},
		{name: "base64 with another spelling of the same bytes", values: []string{"Basic YTpiYh=="}, err: ErrBadCredentials},
		{name: "control character", values: []string{basicHeader("a\x00", "b")}, err: ErrBadCredentials},
		{name: "empty bearer", values: []string{"Bearer "}, err: ErrBadCredentials},
		{name: "bearer with blank", values: []string{"Bearer a b"}, err: ErrBadCredentials},
		{name: "too long", values: []string{"Bearer " + strings.Repeat("a", maxAuthorization)}, err: ErrBadCredentials},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if tt.values != nil {
				h["Authorization"] = tt.values
			}
			got, err := ParseAuthorization(h)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if got.Scheme != tt.scheme || got.User != tt.user || got.Secret.Reveal() != tt.secret {
				t.Errorf("got %q %q %q, want %q %q %q", got.Scheme, got.User, got.Secret.Reveal(), tt.scheme, tt.user, tt.secret)
			}
		})
	}
}

// FuzzParseAuthorization holds that parsing never panics, that its error never
// quotes the header, and that what was read says the same when written again.
func FuzzParseAuthorization(f *testing.F) {
	for _, seed := range []string{"", "Basic", "Basic ", "basic  YTpi", "Basic YTpi ", "Bearer mlg_x", "Bearer\tx", "Basic YTpiYh==", basicHeader("\xff", "\x80"), basicHeader("mlflow-logged-out-1", "x")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, err := ParseAuthorization(http.Header{"Authorization": {header}})
		if err != nil {
			if rest := strings.TrimSpace(header); len(rest) > 24 && strings.Contains(err.Error(), rest) {
				t.Errorf("error quotes the header: %v", err)
			}
			return
		}
		again := "Bearer " + c.Secret.Reveal()
		if c.Scheme == SchemeBasic {
			again = basicHeader(c.User, c.Secret.Reveal())
		}
		d, err := ParseAuthorization(http.Header{"Authorization": {again}})
		if err != nil && len(again) <= maxAuthorization {
			t.Fatalf("written again: %v", err)
		}
		if err == nil && (d.Scheme != c.Scheme || d.User != c.User || d.Secret.Reveal() != c.Secret.Reveal()) {
			t.Errorf("got %q %q, want %q %q", d.Scheme, d.User, c.Scheme, c.User)
		}
	})
}

func TestSignOutIsRecognised(t *testing.T) {
	t.Parallel()
	c, err := ParseAuthorization(http.Header{"Authorization": {basicHeader("mlflow-logged-out-m8x1", "mlflow-logged-out-m8x1")}})
	if err != nil || !c.IsSignOut() {
		t.Errorf("got %v, %v; want a sign-out", c.IsSignOut(), err)
	}
	if (Credentials{Scheme: SchemeBasic, User: "mlflow"}).IsSignOut() {
		t.Error("an ordinary user reads as a sign-out")
	}
}

func TestAJWTIsRecognisedByItsForm(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"Bearer eyJh.eyJi.c": true, "bearer eyJ..": true,
		"Bearer eyJh.eyJi": false, "Bearer eyJh.b.c.d.e": false, "Bearer abc.def.ghi": false, "Bearer mlg_eyJ..": false,
		basicHeader("token", "eyJh.eyJi.c"): false,
	} {
		c, err := ParseAuthorization(http.Header{"Authorization": {header}})
		if err != nil || c.IsJWT() != want {
			t.Errorf("%s: got %v, %v, want %v", header, c.IsJWT(), err, want)
		}
	}
}
