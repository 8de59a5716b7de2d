package basic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlgate/auth"
)

func newVerified(t testing.TB, size int) *Verified {
	t.Helper()
	v, err := NewVerified(size)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func parse(t testing.TB, lines ...string) *Users {
	t.Helper()
	u, err := Parse("f", []byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// counted makes u count its slow comparisons.
func counted(u *Users) *atomic.Int64 {
	var n atomic.Int64
	for _, e := range u.byName {
		match := e.match
		e.match = func(password string) bool { n.Add(1); return match(password) }
	}
	return &n
}

func request(user, password string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth(user, password)
	return r
}

func wantUser(t *testing.T, a auth.Authenticator, user, password, want string) {
	t.Helper()
	id, err := a.Authenticate(request(user, password))
	if err != nil {
		t.Fatalf("%s: %v", user, err)
	}
	if id.User != want || id.Method != auth.MethodPassword || id.Limited() || !id.Expires.IsZero() {
		t.Errorf("got %+v, want %s by password without limits", id, want)
	}
}

func wantRefused(t *testing.T, a auth.Authenticator, user, password string) {
	t.Helper()
	if id, err := a.Authenticate(request(user, password)); !errors.Is(err, auth.ErrBadCredentials) || id != nil {
		t.Errorf("%s: got %v, %v; want bad credentials", user, id, err)
	}
}

func TestOnlyTheRightPasswordSignsIn(t *testing.T) {
	t.Parallel()
	a := Authenticator{parse(t, "alice:"+sha1Horse, "jürgen:"+sha1Horse), newVerified(t, 10)}
	for range 2 { // the second time from memory
		wantUser(t, a, "alice", "correct horse", "alice")
		wantUser(t, a, "jürgen", "correct horse", "jürgen")
		wantUser(t, a, "ju\u0308rgen", "correct horse", "jürgen")
		wantUser(t, a, "j\xfcrgen", "correct horse", "jürgen") // Latin-1
		for _, tt := range [][2]string{
			{"alice", "wrong"},
			{"alice", ""},
			{"alice", "correct horse "},
			{"Alice", "correct horse"},
			{"nobody", "correct horse"},
			{"", "correct horse"},
			{"mlflow-logged-out-1", "correct horse"},
		} {
			wantRefused(t, a, tt[0], tt[1])
		}
	}
}

func TestWhatIsNoPasswordIsLeftToOthers(t *testing.T) {
	t.Parallel()
	a := Authenticator{parse(t, "alice:"+sha1Horse), newVerified(t, 10)}
	bearer := httptest.NewRequest(http.MethodGet, "/", nil)
	bearer.Header.Set("Authorization", "Bearer abc")
	for name, r := range map[string]*http.Request{
		"none": httptest.NewRequest(http.MethodGet, "/", nil), "bearer": bearer, "token": request("alice", "mlg_x"),
	} {
		if _, err := a.Authenticate(r); !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("%s: got %v, want no credentials", name, err)
		}
	}
}

func TestNoSlowHashRunsTwice(t *testing.T) {
	t.Parallel()
	u := parse(t, "alice:"+cheap)
	n := counted(u)
	a := Authenticator{u, newVerified(t, 10)}
	for range 5 {
		wantUser(t, a, "alice", "correct horse", "alice")
	}
	// A file read again without a change in this line costs nothing either.
	u = parse(t, "alice:"+cheap, "bob:"+sha1Horse)
	again := counted(u)
	wantUser(t, Authenticator{u, a.Verified}, "alice", "correct horse", "alice")
	if n.Load() != 1 || again.Load() != 0 {
		t.Errorf("got %d and %d hashes, want 1 and 0", n.Load(), again.Load())
	}
}

func TestAChangedPasswordCountsAtOnce(t *testing.T) {
	t.Parallel()
	v := newVerified(t, 10)
	wantUser(t, Authenticator{parse(t, "alice:"+sha1Horse, "bob:"+cheap), v}, "alice", "correct horse", "alice")
	changed := Authenticator{parse(t, "alice:{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=", "bob:"+cheap), v}
	wantRefused(t, changed, "alice", "correct horse")
	wantUser(t, changed, "alice", "x", "alice")
	gone := Authenticator{parse(t, "bob:"+cheap), v}
	wantRefused(t, gone, "alice", "correct horse")
	wantRefused(t, gone, "alice", "x")
}

func TestOneUsersVerifiedPasswordIsNotAnothers(t *testing.T) {
	t.Parallel()
	// Both have the same stored hash, and joined without lengths the same text.
	a := Authenticator{parse(t, "alice:"+sha1Horse, "alicex:"+sha1Horse), newVerified(t, 10)}
	n := counted(a.Users)
	wantUser(t, a, "alice", "correct horse", "alice")
	wantUser(t, a, "alicex", "correct horse", "alicex")
	if n.Load() != 2 {
		t.Errorf("got %d hashes, want one for each user", n.Load())
	}
	v := a.Verified
	if v.key("ab", "c", "d") == v.key("a", "bc", "d") || v.key("a", "b", "cd") == v.key("a", "bc", "d") {
		t.Error("two different triples sign the same bytes")
	}
	if v.key("a", "b", "c") == newVerified(t, 10).key("a", "b", "c") {
		t.Error("two processes share a key")
	}
}

func TestWrongPasswordsAreNotRemembered(t *testing.T) {
	t.Parallel()
	a := Authenticator{parse(t, "alice:"+sha1Horse), newVerified(t, 100)}
	for i := range 50 {
		wantRefused(t, a, "alice", fmt.Sprint("wrong", i))
		wantRefused(t, a, "nobody", "correct horse")
	}
	a.Verified.proofs.CleanUp()
	if n := a.Verified.proofs.EstimatedSize(); n != 0 {
		t.Errorf("got %d entries, want none", n)
	}
}

func TestVerifiedIsBounded(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("user%d:%s", i, sha1Horse))
	}
	a := Authenticator{parse(t, lines...), newVerified(t, 50)}
	for i := range 500 {
		wantUser(t, a, fmt.Sprint("user", i), "correct horse", fmt.Sprint("user", i))
	}
	a.Verified.proofs.CleanUp()
	if n := a.Verified.proofs.EstimatedSize(); n > 50 {
		t.Errorf("got %d entries, want at most 50", n)
	}
}

func TestUnknownUsersCostTheSameHashesAsWrongPasswords(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"one kind":  {"alice:" + cheap, "bob:" + cheap},
		"two kinds": {"alice:" + sha1Horse, "bob:" + cheap},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := parse(t, lines...)
			var costly atomic.Int64
			for _, e := range u.byName {
				match, weight := e.match, e.weight
				e.match = func(password string) bool {
					if weight == u.costliest.weight {
						costly.Add(1)
					}
					return match(password)
				}
			}
			a := Authenticator{u, newVerified(t, 10)}
			for _, user := range []string{"alice", "bob", "nobody"} {
				before := costly.Load()
				wantRefused(t, a, user, "wrong")
				if n := costly.Load() - before; n != 1 {
					t.Errorf("%s: got %d costly hashes, want 1", user, n)
				}
			}
		})
	}
}

// TestUnknownUsersTakeAsLongAsWrongPasswords compares the fastest of interleaved
// tries of each, which noise on the machine cannot make faster. Where it is busy
// the fastest is long in coming; users of whom one takes less or more work never
// get to be alike.
func TestUnknownUsersTakeAsLongAsWrongPasswords(t *testing.T) {
	lines := []string{"carol:" + sha1Horse, "bob:" + strings.Replace(cheap, "$04$", "$06$", 1)}
	a := Authenticator{parse(t, lines...), newVerified(t, 10)}
	best := map[string]time.Duration{}
	alike := func(user string) bool {
		ratio := float64(best[user]) / float64(best["bob"])
		return ratio > 0.7 && ratio < 1.4
	}
	for i := range 60 {
		for _, user := range []string{"bob", "carol", "nobody"} {
			start := time.Now()
			wantRefused(t, a, user, fmt.Sprint("wrong", i))
			if took := time.Since(start); best[user] == 0 || took < best[user] {
				best[user] = took
			}
		}
		if i >= 4 && alike("carol") && alike("nobody") {
			return
		}
	}
	t.Errorf("got %v as the fastest of each, want them alike", best)
}

func TestNobodySignsInAsAnUnknownUserWithSomebodysPassword(t *testing.T) {
	t.Parallel()
	a := Authenticator{parse(t, "bob:"+cheap), newVerified(t, 10)}
	for range 2 {
		wantRefused(t, a, "nobody", "correct horse") // bob's, whose hash stands in
	}
}

func TestAUserWhoIsGoneDoesNotSignInAsTheStandIn(t *testing.T) {
	t.Parallel()
	v := newVerified(t, 10)
	wantUser(t, Authenticator{parse(t, "alice:"+sha1Horse, "bob:"+sha1Horse), v}, "alice", "correct horse", "alice")
	// bob has the same hash, and it now stands in for unknown names.
	wantRefused(t, Authenticator{parse(t, "bob:"+sha1Horse), v}, "alice", "correct horse")
}

func TestLongPasswordsAreRefusedWithoutHashing(t *testing.T) {
	t.Parallel()
	u := parse(t, "alice:"+cheap)
	n := counted(u)
	wantRefused(t, Authenticator{u, newVerified(t, 10)}, "alice", strings.Repeat("x", maxPassword+1))
	if n.Load() != 0 {
		t.Error("a password of any length is hashed")
	}
}

func TestAPanicInAHashRefusesAndNoMore(t *testing.T) {
	t.Parallel()
	u := parse(t, "alice:"+cheap)
	u.byName["alice"].match = func(string) bool { panic("boom") }
	if id, err := (Authenticator{u, newVerified(t, 10)}).Authenticate(request("alice", "x")); id != nil || !errors.Is(err, errHashPanicked) {
		t.Errorf("got %v, %v; want %v", id, err, errHashPanicked)
	}
}

func TestConcurrentFirstSignInsShareOneHash(t *testing.T) {
	t.Parallel()
	u := parse(t, "alice:"+cheap)
	n := counted(u)
	a := Authenticator{u, newVerified(t, 10)}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := a.Authenticate(request("alice", "correct horse")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n.Load() != 1 {
		t.Errorf("got %d hashes, want 1", n.Load())
	}
}

func TestACallerWhoGoesAwayIsNotRefusedAsWrong(t *testing.T) {
	t.Parallel()
	u := parse(t, "alice:"+cheap)
	u.byName["alice"].match = func(string) bool { time.Sleep(20 * time.Millisecond); return true }
	a := Authenticator{u, newVerified(t, 10)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Authenticate(request("alice", "correct horse").WithContext(ctx))
	if !errors.Is(err, context.Canceled) || errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("got %v, want %v and no failure to count", err, context.Canceled)
	}
}

func BenchmarkVerifiedPassword(b *testing.B) {
	a := Authenticator{parse(b, "alice:"+cheap), newVerified(b, 10_000)}
	r := request("alice", "correct horse")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifiedPasswordThroughThrottleAndChain(b *testing.B) {
	a := Authenticator{parse(b, "alice:"+cheap), newVerified(b, 10_000)}
	whole := auth.NewThrottle(auth.ThrottleOptions{}).Wrap(auth.Chain{a})
	r := request("alice", "correct horse")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := whole.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}
