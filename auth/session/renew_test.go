package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"mlgate/auth"
)

var errDown = errors.New("connection refused")

func TestGroupsAreReadAgainOnceTheyAreDue(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	s.clock.pass(15*time.Minute - time.Second)
	s.in(c, "old")
	s.clock.pass(time.Second)
	s.in(c, "new")
	s.in(c, "new")
	s.clock.pass(15 * time.Minute)
	s.in(c, "new")
	if want := []string{"r", "r+"}; !slices.Equal(s.provider.asked, want) {
		t.Errorf("spent %q, want each refresh token once: %q", s.provider.asked, want)
	}
}

// A browser sends a dozen calls at a time, and with several replicas each meets
// another one. Here they share the store as replicas do.
func TestARefreshTokenIsSpentOnceHoweverManyCallsComeAtATime(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	answer := s.provider.answer
	s.provider.answer = func(spent string) (*Renewal, error) {
		time.Sleep(100 * time.Millisecond)
		return answer(spent)
	}
	for round := range 3 {
		s.clock.pass(15 * time.Minute)
		var wg sync.WaitGroup
		for range 24 {
			replica := New(s.opts)
			wg.Go(func() {
				id, err := replica.Authenticate(request(c))
				if err != nil || !slices.Equal(id.Groups, []string{"new"}) {
					t.Errorf("got %v, %v; want alice with the new groups", id, err)
				}
			})
		}
		wg.Wait()
		if got := s.provider.count(); got != round+1 {
			t.Fatalf("round %d: the provider was asked %d times", round, got)
		}
	}
}

func TestARefusedRefreshEndsTheSession(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(string) (*Renewal, error){
		"refused":     func(string) (*Renewal, error) { return nil, fmt.Errorf("x: %w", auth.ErrBadCredentials) },
		"another one": func(string) (*Renewal, error) { return &Renewal{User: "bob"}, nil },
	} {
		s := newStage(t, "https://ml.example.org")
		s.provider.answer = answer
		c := s.begin(company("r"), request())
		s.clock.pass(15 * time.Minute)
		s.out(c)
		s.out(c)
		if list, err := s.List(t.Context(), "alice"); err != nil || len(list) != 0 || s.provider.count() != 1 {
			t.Errorf("%s: got %v, %v after asking %d times; want the session gone", name, list, err, s.provider.count())
		}
	}
}

func TestAProviderThatIsDownKeepsTheSessionForAWhile(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	up := s.provider.answer
	s.provider.answer = func(string) (*Renewal, error) { return nil, errDown }
	c := s.begin(company("r"), request())
	s.clock.pass(15 * time.Minute)
	for range 5 {
		s.in(c, "old")
	}
	if got := s.provider.count(); got != 1 {
		t.Errorf("asked %d times within half a minute, want once", got)
	}
	s.clock.pass(retryAfter)
	s.in(c, "old")
	s.clock.pass(4 * time.Hour) // groups older than any may be
	for range 3 {
		if id, err := s.Authenticate(request(c)); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("got %v, %v; want it unavailable", id, err)
		}
	}
	s.provider.answer = up
	s.clock.pass(retryAfter)
	s.in(c, "new") // it heals by itself
}

func TestWithoutARefreshTokenTheSessionEndsWithTheAgeOfItsGroups(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company(""), request())
	s.clock.pass(4*time.Hour - time.Second)
	s.in(c, "old")
	s.clock.pass(time.Second)
	s.out(c)
	if s.provider.count() != 0 {
		t.Error("the provider was asked without a token")
	}
}

func TestACallerWhoGoesAwayLosesNoRefreshToken(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	s.clock.pass(15 * time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	answer := s.provider.answer
	s.provider.answer = func(spent string) (*Renewal, error) {
		cancel() // the token is spent, and nobody waits for the answer
		return answer(spent)
	}
	_, _ = s.Authenticate(request(c).WithContext(ctx))
	s.provider.answer = answer
	s.clock.pass(15 * time.Minute)
	s.in(c, "new")
	if want := []string{"r", "r+"}; !slices.Equal(s.provider.asked, want) {
		t.Errorf("spent %q, want %q", s.provider.asked, want)
	}
}

func TestANoteOfUseDoesNotLoseARenewal(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	s.clock.pass(15 * time.Minute)
	answer := s.provider.answer
	s.provider.answer = func(spent string) (*Renewal, error) {
		record, _ := s.List(t.Context(), "alice")
		s.touch(t.Context(), record[0], s.clock.now())
		return answer(spent)
	}
	s.in(c, "new")
}

func TestASessionEndedMeanwhileStaysEnded(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(company("r"), request())
	s.clock.pass(15 * time.Minute)
	answer := s.provider.answer
	s.provider.answer = func(spent string) (*Renewal, error) {
		list, _ := s.List(t.Context(), "alice")
		_ = s.EndByID(t.Context(), "alice", list[0].ID)
		return answer(spent)
	}
	s.out(c)
	s.out(c)
}

func TestSessionsOfAProviderOutOfTheConfigAreOver(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	p := company("r")
	p.Login.Provider = "former"
	s.out(s.begin(p, request()))
	c := s.begin(company("r"), request())
	s.opts.Renewer = nil
	s.out(c)
}

func TestAnotherKeyOpensNoSession(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c, p := s.begin(company("r"), request()), s.begin(byPassword(), request())
	key := make([]byte, keySize)
	key[0] = 1
	s.opts.Seal, _ = NewSeal(key)
	s.out(p)
	s.clock.pass(15 * time.Minute)
	s.out(c)
	if _, err := NewSeal(key[:16]); err == nil {
		t.Error("a short key was taken")
	}
}

func TestWhereTheStoreDoesNotAnswerNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	s := newStage(t, "https://ml.example.org")
	c := s.begin(byPassword(), request())
	s.opts.Store = broken{s.opts.Store}
	if id, err := s.Authenticate(request(c)); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v, %v; want it unavailable", id, err)
	}
	if id, err := s.Authenticate(request(&http.Cookie{Name: "other", Value: "x"})); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("without a session: got %v, %v", id, err)
	}
}
