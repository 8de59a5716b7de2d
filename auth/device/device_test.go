package device

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/auth/session"
	"mlgate/auth/store/embedded"
)

func codes(t *testing.T, key byte) Codes {
	t.Helper()
	db, err := embedded.Open(filepath.Join(t.TempDir(), "mlgate.db"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	first := make([]byte, 32)
	first[0] = key
	seal, err := session.NewSeal(first)
	if err != nil {
		t.Fatal(err)
	}
	return Codes{Seal: seal, Once: db.Once()}
}

func begin(t *testing.T, c Codes) (device, user string) {
	t.Helper()
	device, user, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return device, user
}

func wantFetch(t *testing.T, c Codes, device string, want error) {
	t.Helper()
	if grant, err := c.Fetch(t.Context(), device); !errors.Is(err, want) {
		t.Errorf("got %v, %v; want %v", grant, err, want)
	}
}

func TestAGrantIsFetchedOnceByTheTerminalThatAsked(t *testing.T) {
	t.Parallel()
	c := codes(t, 1)
	device, user := begin(t, c)
	other, _ := begin(t, c)
	wantFetch(t, c, device, ErrPending)
	if err := c.Answer(t.Context(), user, &Grant{Token: "mlg_x", ID: "x", User: "alice"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Answer(t.Context(), user, &Grant{Token: "mlg_y"}); !errors.Is(err, ErrAnswered) {
		t.Errorf("granted twice: got %v", err)
	}
	wantFetch(t, c, other, ErrPending)
	got := make(chan *Grant, 20)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if grant, err := c.Fetch(t.Context(), device); err == nil {
				got <- grant
			}
		})
	}
	all.Wait()
	if len(got) != 1 || (<-got).Token != "mlg_x" {
		t.Error("want the grant fetched once")
	}
	wantFetch(t, c, device, ErrPending)
}

func TestARefusalIsTold(t *testing.T) {
	t.Parallel()
	c := codes(t, 1)
	device, user := begin(t, c)
	if err := c.Answer(t.Context(), user, nil); err != nil {
		t.Fatal(err)
	}
	wantFetch(t, c, device, ErrDenied)
}

func TestCodesThatAreNotOursOrTooOldFetchNothing(t *testing.T) {
	t.Parallel()
	c := codes(t, 1)
	device, user := begin(t, c)
	if err := c.Answer(t.Context(), user, &Grant{Token: "mlg_x"}); err != nil {
		t.Fatal(err)
	}
	foreign, _ := begin(t, codes(t, 2))
	sealed, err := c.Seal.Close("session", request{Secret: []byte("AAA"), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"", "x", "é", foreign, device + "A", device[:len(device)-2], string(sealed), user} {
		wantFetch(t, c, code, ErrInvalid)
	}
	late := c
	late.Now = func() time.Time { return time.Now().Add(Lifetime) }
	wantFetch(t, late, device, ErrExpired)
	if _, err := c.Fetch(t.Context(), device); err != nil {
		t.Errorf("after all that: got %v", err)
	}
}

func TestUserCodesAreReadAsTyped(t *testing.T) {
	t.Parallel()
	c := codes(t, 1)
	seen := map[string]bool{}
	for range 500 {
		_, user := begin(t, c)
		if seen[user] || len(user) != userCodeLength {
			t.Fatalf("got the code %s", user)
		}
		seen[user] = true
		for _, typed := range []string{user, Show(user), strings.ToLower(Show(user)), " " + strings.ReplaceAll(Show(user), "-", " ") + " "} {
			if got, ok := Parse(typed); !ok || got != user {
				t.Fatalf("%q: got %s", typed, got)
			}
		}
		wrong := []byte(user)
		wrong[3] = alphabet[(strings.IndexByte(alphabet, wrong[3])+1)%len(alphabet)]
		if _, ok := Parse(string(wrong)); ok {
			t.Fatalf("%s was taken for %s", wrong, user)
		}
	}
	for _, typed := range []string{"", "BCDF", strings.Repeat("B", 13), "AEIO-UAEI-OUAE", "BCDF-GHJK-LMN\x00"} {
		if got, ok := Parse(typed); ok {
			t.Errorf("%q was taken for %s", typed, got)
		}
	}
}
