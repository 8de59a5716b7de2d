package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
)

func bearer(text string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	return r
}

func basic(user, text string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth(user, text)
	return r
}

func refused(t *testing.T, a auth.Authenticator, r *http.Request, why string) {
	t.Helper()
	id, err := a.Authenticate(r)
	if id != nil || !errors.Is(err, auth.ErrBadCredentials) || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, %v; want bad credentials because %q", id, err, why)
	}
}

func TestATokenSignsInAsItsOwnerWithItsLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.owners["jürgen"] = true
	record, text := w.create(t, as("jürgen"), Request{Actions: []string{"read"}, Prefixes: []string{"cv/*"}})
	for name, r := range map[string]*http.Request{
		"bearer":                   bearer(text),
		"password":                 basic("jürgen", text),
		"password of the user":     basic("token", text),
		"password, name not NFC":   basic("ju\u0308rgen", text),
		"password, name as latin1": basic("j\xfcrgen", text),
	} {
		id, err := w.Authenticate(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if id.User != "jürgen" || id.Method != auth.MethodToken || id.TokenID != record.ID || len(id.Actions) != 1 ||
			len(id.Prefixes) != 1 || !id.Expires.Equal(record.Expires) {
			t.Errorf("%s: got %+v", name, id)
		}
	}
}

func TestAWrongTokenIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record, text := w.create(t, as("alice"), Request{})
	refused(t, w, basic("bob", text), "belongs to another user")
	refused(t, w, basic("Alice", text), "belongs to another user")
	refused(t, w, basic("", text), "belongs to another user")
	_, unknown := generated(t)
	refused(t, w, bearer(unknown), "unknown or revoked")
	refused(t, w, bearer(text[:20]), "malformed")
	// The right id with another secret, well-formed.
	forged := auth.TokenPrefix + record.ID + unknown[idEnd:secretEnd]
	refused(t, w, bearer(forged+checksum(forged)), "unknown or revoked")
}

func TestARevokedTokenFailsAtTheVeryNextRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record, text := w.create(t, as("alice"), Request{})
	for range 3 { // hot
		if _, err := w.Authenticate(bearer(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Revoke(t.Context(), as("alice"), "", record.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, w, bearer(text), "unknown or revoked")
}

func TestATokenExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text := w.create(t, as("alice"), Request{Lifetime: time.Hour})
	w.now = w.now.Add(time.Hour - time.Millisecond)
	if _, err := w.Authenticate(bearer(text)); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Millisecond)
	refused(t, w, bearer(text), "expired on 2026-01-01T01:00:00Z")
}

func TestATokenEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text := w.create(t, as("alice"), Request{})
	if _, err := w.Authenticate(bearer(text)); err != nil {
		t.Fatal(err)
	}
	delete(w.owners, "alice")
	refused(t, w, bearer(text), "owner can no longer sign in")
}

func TestOtherCredentialsAreLeftToOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range []*http.Request{httptest.NewRequest(http.MethodGet, "/", nil), basic("alice", "password"), bearer("eyJhbGciOi")} {
		if _, err := w.Authenticate(r); !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("got %v, want no credentials", err)
		}
	}
}

func TestAStoreThatDoesNotAnswerRefusesWithoutBlamingTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text := w.create(t, as("alice"), Request{})
	a := NewAuthenticator(Options{Store: down{}, Owners: w.owners})
	if id, err := a.Authenticate(bearer(text)); id != nil || err == nil || errors.Is(err, auth.ErrBadCredentials) || errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %v, %v; want an error of its own", id, err)
	}
}

func TestAStoreThatIsUnavailableIsSaidSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text := w.create(t, as("alice"), Request{})
	a := NewAuthenticator(Options{Store: unavailable{}, Owners: w.owners})
	if id, err := a.Authenticate(bearer(text)); id != nil || !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, %v; want unavailable", id, err)
	}
}

type unavailable struct{ store.Tokens }

func (unavailable) Get(context.Context, string) (*store.Token, error) {
	return nil, fmt.Errorf("redis: %w", store.ErrUnavailable)
}

func TestTheIdentityFollowsTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record, text := w.create(t, as("alice"), Request{})
	if id, err := w.Authenticate(bearer(text)); err != nil || id.Limited() {
		t.Fatalf("got %+v, %v", id, err)
	}
	narrowed := *record // as an import of state would
	narrowed.Actions = []string{"read"}
	if err := errors.Join(w.Store.Delete(t.Context(), record.ID), w.Store.Put(t.Context(), &narrowed)); err != nil {
		t.Fatal(err)
	}
	if id, err := w.Authenticate(bearer(text)); err != nil || !id.Limited() {
		t.Errorf("got %+v, %v; want the token's new limits", id, err)
	}
}

type down struct{ store.Tokens }

func (down) Get(context.Context, string) (*store.Token, error) {
	return nil, errors.New("connection refused")
}

func TestLastUseIsNotedAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record, text := w.create(t, as("alice"), Request{})
	counting := &touches{Tokens: w.Store}
	a := NewAuthenticator(Options{Store: counting, Owners: w.owners, Now: func() time.Time { return w.now }})
	for range 3 {
		for range 10 {
			if _, err := a.Authenticate(bearer(text)); err != nil {
				t.Fatal(err)
			}
		}
		w.now = w.now.Add(time.Minute)
	}
	got, err := w.Store.Get(t.Context(), record.ID)
	if err != nil || counting.n != 3 || !got.LastUsed.Equal(w.now.Add(-time.Minute)) {
		t.Errorf("got %d notes, last use %v, %v; want 3 and a minute ago", counting.n, got.LastUsed, err)
	}
}

type touches struct {
	store.Tokens
	n int
}

func (c *touches) Touch(ctx context.Context, id string, used time.Time) error {
	c.n++
	return c.Tokens.Touch(ctx, id, used)
}

func BenchmarkVerifiedToken(b *testing.B) {
	w := newWorld(b)
	_, text := w.create(b, as("alice"), Request{Prefixes: []string{"cv/*"}})
	r := bearer(text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}
