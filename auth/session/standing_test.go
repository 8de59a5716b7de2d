package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
)

// groups are those that an API token of alice's would have.
func (s *stage) groups() ([]string, error) {
	s.t.Helper()
	return s.Groups(s.t.Context(), "company", "alice", 24*time.Hour)
}

func (s *stage) wantGroups(want ...string) {
	s.t.Helper()
	if got, err := s.groups(); err != nil || !slices.Equal(got, want) {
		s.t.Errorf("got the groups %v, %v; want %v", got, err, want)
	}
}

func TestGroupsAreReadForTokensWhenNobodyIsSignedIn(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	if _, err := s.groups(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("somebody who never signed in: got %v", err)
	}
	c := s.begin(company("r"), request())
	s.wantGroups("old")
	list, _ := s.List(t.Context(), "alice")
	if len(list) != 1 {
		t.Errorf("got %d sessions in the list, want the browser's alone", len(list))
	}
	if err := s.EndByID(t.Context(), "alice", list[0].ID); err != nil {
		t.Fatal(err)
	}
	s.out(c)
	for range 40 { // far longer than a session may last
		s.clock.pass(10 * time.Hour)
		s.wantGroups("new")
	}
	s.provider.answer = func(string) (*Renewal, error) { return nil, errDown }
	s.clock.pass(15 * time.Minute)
	s.wantGroups("new")
	s.clock.pass(24 * time.Hour)
	if _, err := s.groups(); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("groups of yesterday while the provider is down: got %v", err)
	}
	s.provider.answer = func(string) (*Renewal, error) { return nil, fmt.Errorf("x: %w", auth.ErrBadCredentials) }
	s.clock.pass(time.Minute)
	for range 2 {
		if _, err := s.groups(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("somebody who is disabled: got %v", err)
		}
	}
	s.begin(company("again"), request())
	s.wantGroups("old")
}

func TestTwoBrowsersOfOnePersonHaveTheSameGroupsAndEndByThemselves(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	void := map[string]bool{}
	s.provider.answer = func(spent string) (*Renewal, error) {
		if void[strings.TrimRight(spent, "+")] {
			return nil, fmt.Errorf("x: %w", auth.ErrBadCredentials)
		}
		return &Renewal{User: "alice", Groups: []string{"new"}, Secrets: Secrets{RefreshToken: spent + "+"}}, nil
	}
	one, other := s.begin(company("one"), request()), s.begin(company("other"), request())
	s.clock.pass(15 * time.Minute)
	s.in(one, "new")
	s.in(other, "new")
	if s.provider.count() != 1 {
		t.Errorf("the provider was asked %d times, want once for both", s.provider.count())
	}
	void["other"] = true // that browser was signed out at the provider
	s.clock.pass(15 * time.Minute)
	s.in(one, "new")
	s.clock.pass(15 * time.Minute)
	s.in(one, "new")
	if want := []string{"other", "other+", "one", "one+"}; !slices.Equal(s.provider.asked, want) {
		t.Errorf("spent %q, want %q", s.provider.asked, want)
	}
	void["one"] = true
	s.clock.pass(15 * time.Minute)
	s.out(one)
	s.out(other)
	if _, err := s.groups(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("tokens of somebody whom the provider refuses: got %v", err)
	}
}

// A name that was given to somebody new is not the old one's any more, in any browser.
func TestANameThatPassedToAnotherPersonEndsTheSessionsOfTheFormer(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	former := s.begin(company("r"), request())
	p := company("n")
	p.Login.Subject, p.Groups = "another", []string{"interns"}
	latter := s.begin(p, request())
	s.out(former)
	s.in(latter, "interns")
	s.wantGroups("interns")
	s.clock.pass(15 * time.Minute)
	s.in(latter, "new")
	if want := []string{"n"}; !slices.Equal(s.provider.asked, want) {
		t.Errorf("spent %q, want the new person's alone", s.provider.asked)
	}
}

// A sign-in while the provider is being asked brings a token that must not get lost,
// nor may the spent one come back.
func TestASignInDuringARenewalKeepsBothTokens(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	s.clock.pass(15 * time.Minute)
	answer := s.provider.answer
	s.provider.answer = func(spent string) (*Renewal, error) {
		s.provider.answer = answer
		s.begin(company("second"), request())
		return answer(spent)
	}
	s.in(c, "new")
	s.provider.answer = func(spent string) (*Renewal, error) {
		return nil, fmt.Errorf("x: %w", auth.ErrBadCredentials)
	}
	s.clock.pass(15 * time.Minute)
	s.out(c)
	if want := []string{"r", "second", "r+"}; !slices.Equal(s.provider.asked, want) {
		t.Errorf("spent %q, want %q", s.provider.asked, want)
	}
}

func TestOfManySignInsTheNewestAreRemembered(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	for i := range 20 {
		s.begin(company(fmt.Sprint(i)), request())
	}
	s.provider.answer = func(string) (*Renewal, error) { return nil, fmt.Errorf("x: %w", auth.ErrBadCredentials) }
	s.clock.pass(15 * time.Minute)
	_, _ = s.groups()
	if want := []string{"19", "18", "17", "16", "15"}; !slices.Equal(s.provider.asked, want) {
		t.Errorf("spent %q, want %q", s.provider.asked, want)
	}
}

// The record of a standing session is no session: nothing that a browser can send
// opens it.
func TestNoCookieOpensAStandingSession(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	for _, value := range []string{"\x00standing\x00company\x00alice", "standing company alice", "%00standing%00company%00alice", " alice"} {
		planted := *c
		planted.Value = value
		r := request()
		r.Header.Set("Cookie", planted.Name+"="+value)
		if id, err := s.Authenticate(r); err == nil {
			t.Errorf("%q opened a session of %s", value, id.User)
		}
	}
	if n, err := s.EndLogin(t.Context(), store.Login{Provider: "company", Subject: "sub"}); n != 1 || err != nil {
		t.Errorf("the provider ended %d sessions, %v; want the browser's alone", n, err)
	}
	s.wantGroups("old")
}
