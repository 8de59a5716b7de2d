package workload

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"mlgate/auth"
	"mlgate/auth/workload/issuertest"
)

func TestNothingIsAskedBeforeTheFirstToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.issuer.Fetches(); got != 0 {
		t.Errorf("the issuer was asked %d times", got)
	}
	w.passes(t, w.issuer.Token(t, job, nil))
}

func TestARotatedKeyCountsAtItsFirstToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.issuer.Token(t, job, nil)
	w.passes(t, old)
	w.issuer.SetKeys(issuertest.NewKey(t, "k2"))
	fresh := w.issuer.Token(t, job, nil)
	w.refused(t, fresh, "not known") // asked a moment ago
	w.clock.pass(retryAfter)
	w.passes(t, fresh)
	w.refused(t, old, "not known") // its key was withdrawn, though the token was remembered
}

// A key that its issuer withdrew stops counting although nobody brings a new one.
func TestAWithdrawnKeyStopsCounting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issuer.Token(t, job, issuertest.Claims{"exp": time.Now().Add(10 * time.Hour).Unix()})
	w.passes(t, token)
	w.issuer.SetKeys(issuertest.NewKey(t, "k2"))
	w.clock.pass(renewAfter + time.Second)
	w.passes(t, token) // not held up while the issuer is asked
	eventually(t, func() bool {
		_, err := w.Authenticate(bearer(token))
		return errors.Is(err, auth.ErrBadCredentials)
	})
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

func TestATokenWithoutKidNeedsAnIssuerWithOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := issuertest.NewKey(t, ""), issuertest.NewKey(t, "")
	w.issuer.SetKeys(one)
	w.passes(t, w.issuer.Token(t, job, nil))
	w.issuer.SetKeys(two) // a rotation that no kid tells of
	w.clock.pass(retryAfter)
	w.passes(t, w.issuer.Token(t, job, nil))
	w.issuer.SetKeys(one, two)
	w.clock.pass(retryAfter)
	w.refused(t, issuertest.SignRaw(t, one, nil, mustJSON(t, w.issuer.Claims(job, nil))), "names no kid")
	w.refused(t, w.issuer.Token(t, job, nil), "names no kid")
}

// Callers choose key ids: they cannot make us ask an issuer as often as they like,
// nor do their floods hold up those whose key is known.
func TestMadeUpKeyIDsAskTheIssuerOnceInAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	payload := mustJSON(t, w.issuer.Claims(job, nil))
	stranger := issuertest.NewKey(t, "x")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 10 {
				w.refused(t, issuertest.SignRaw(t, stranger, map[string]any{"kid": rand.Text()}, payload), "not known")
			}
		})
	}
	wait.Wait()
	if got := w.issuer.Fetches(); got != 1 {
		t.Errorf("the issuer was asked %d times, want once", got)
	}
	w.clock.pass(retryAfter)
	held := make(chan struct{})
	w.issuer.Answers(issuertest.Answer{Gate: held})
	wait.Go(func() { w.refused(t, issuertest.SignRaw(t, stranger, nil, payload), "not known") })
	w.passes(t, w.issuer.Token(t, job, nil))
	close(held)
	wait.Wait()
	if got := w.issuer.Fetches(); got != 2 {
		t.Errorf("the issuer was asked %d times, want twice", got)
	}
}

func TestManyFirstTokensAskTheIssuerOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wait sync.WaitGroup
	for range 16 {
		token := w.issuer.Token(t, job, nil)
		wait.Go(func() { w.passes(t, token) })
	}
	wait.Wait()
	if got := w.issuer.Fetches(); got != 1 {
		t.Errorf("the issuer was asked %d times, want once", got)
	}
}

func TestWhileAnIssuerIsDownItsLastKeysCountForABoundedTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Source) { s.MaxKeyAge = 2 * time.Hour })
	forever := issuertest.Claims{"exp": time.Now().Add(100 * time.Hour).Unix()}
	remembered := w.issuer.Token(t, job, forever)
	w.passes(t, remembered)
	w.issuer.Answers(issuertest.Answer{Down: true})
	w.clock.pass(2*time.Hour - time.Minute)
	w.passes(t, remembered)
	w.passes(t, w.issuer.Token(t, job, forever))
	w.clock.pass(2 * time.Minute)
	w.unavailable(t, remembered)
	w.unavailable(t, w.issuer.Token(t, job, forever))
	w.issuer.Answers(issuertest.Answer{})
	w.clock.pass(retryAfter)
	w.passes(t, remembered) // it heals by itself
}

func TestAnIssuerThatNeverAnsweredIsNeitherYesNorNo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issuer.Answers(issuertest.Answer{Down: true})
	token := w.issuer.Token(t, job, nil)
	w.unavailable(t, token)
	w.unavailable(t, token)
	w.issuer.Answers(issuertest.Answer{})
	w.unavailable(t, token) // a moment ago it was down
	w.clock.pass(retryAfter)
	w.passes(t, token)
}

func TestAnUnknownKeyWhileTheIssuerIsDownIsNeitherYesNorNo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.passes(t, w.issuer.Token(t, job, nil))
	w.issuer.SetKeys(issuertest.NewKey(t, "k2"))
	w.issuer.Answers(issuertest.Answer{Down: true})
	w.clock.pass(retryAfter)
	w.unavailable(t, w.issuer.Token(t, job, nil))
}

// The client that goes away takes nobody else's answer with it.
func TestASlowIssuerHoldsUpOnlyThoseWhoNeedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := make(chan struct{})
	w.issuer.Answers(issuertest.Answer{Gate: held})
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error)
	token := w.issuer.Token(t, job, nil)
	go func() {
		_, err := w.Authenticate(bearer(token).WithContext(gone))
		left <- err
	}()
	stays := make(chan error)
	go func() {
		_, err := w.Authenticate(bearer(token))
		stays <- err
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left: got %v", err)
	}
	close(held)
	if err := <-stays; err != nil {
		t.Errorf("who stayed: got %v", err)
	}
}

func TestWhatAnIssuerSaysWronglyIsNotBelieved(t *testing.T) {
	t.Parallel()
	other := issuertest.Start(t)
	for name, answer := range map[string]issuertest.Answer{
		"another issuer's description": {Issuer: other.URL()},
		"with a slash more":            {Issuer: other.URL() + "/"},
		"keys in the clear":            {KeysURL: "http://keys.example.org/"},
		"keys in a file":               {KeysURL: "file:///etc/passwd"},
		"keys nowhere":                 {KeysURL: "https://"},
		"redirected to other keys":     {RedirectTo: other.KeysURL()},
		"no keys":                      {Keys: []byte(`{"keys":[]}`)},
		"no key set":                   {Keys: []byte(`[]`)},
		"HTML":                         {Keys: []byte(`<html>`)},
		"keys twice":                   {Keys: []byte(`{"keys":[],"keys":[]}`)},
		"endless":                      {Keys: []byte(`{"keys":["` + strings.Repeat("x", maxAnswer) + `"]}`)},
		"a symmetric key":              {Keys: []byte(`{"keys":[{"kty":"oct","kid":"k1","k":"c2VjcmV0"}]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.issuer.Answers(answer)
			w.unavailable(t, w.issuer.Token(t, job, nil))
		})
	}
}

// Right keys do not make up for an answer without bounds.
func TestAnAnswerWithoutBoundsIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	padded := newWorld(t)
	keys := padded.issuer.JWKS()
	padded.issuer.Answers(issuertest.Answer{Keys: append(keys[:len(keys)-1:len(keys)-1], `,"pad":"`+strings.Repeat("x", maxAnswer)+`"}`...)})
	padded.unavailable(t, padded.issuer.Token(t, job, nil))
	many := newWorld(t)
	var all []issuertest.Key
	for range maxKeys + 1 {
		all = append(all, issuertest.NewKey(t, rand.Text()))
	}
	many.issuer.SetKeys(all...)
	many.unavailable(t, many.issuer.Token(t, job, nil))
	many.clock.pass(retryAfter)
	many.issuer.SetKeys(all[1:]...)
	many.passes(t, many.issuer.Token(t, job, nil))
}

// One bad answer must not take good keys away.
func TestAFaultyAnswerLeavesTheLastGoodKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	forever := issuertest.Claims{"exp": time.Now().Add(100 * time.Hour).Unix()}
	w.passes(t, w.issuer.Token(t, job, forever))
	w.issuer.Answers(issuertest.Answer{Keys: []byte(`{"keys":[]}`)})
	w.clock.pass(renewAfter + time.Second)
	asked := w.issuer.Fetches()
	w.passes(t, w.issuer.Token(t, job, forever))
	eventually(t, func() bool { return w.issuer.Fetches() > asked })
	w.passes(t, w.issuer.Token(t, job, forever))
}

func TestKeysThatMustNotCheckSignaturesArePassedOver(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // the point
	if err != nil {
		t.Skipf("Go makes no small keys here: %v", err)
	}
	good := issuertest.NewKey(t, "good")
	private := jose.JSONWebKey{Key: good.Private, KeyID: "private"}
	encryption := jose.JSONWebKey{Key: good.Private.Public(), KeyID: "enc", Use: "enc"}
	odd := jose.JSONWebKey{Key: good.Private.Public(), KeyID: "odd", Algorithm: "ECDH-ES"}
	set, err := parseKeys(mustJSON(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		private, encryption, odd, {Key: &small.PublicKey, KeyID: "small"}, {Key: []byte("secret"), KeyID: "oct"},
		{Key: good.Private.Public(), KeyID: "good"},
	}}), time.Now())
	if err != nil || len(set.keys) != 1 || set.keys[0].KeyID != "good" {
		t.Errorf("got %+v, %v; want the good key alone", set, err)
	}
}

func TestKeysFromAFileNeedNoIssuer(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	key := issuertest.NewKey(t, "k1")
	s, err := NewSettings([]Rule{vision(gone.URL)}, []Source{{Issuer: gone.URL, JWKS: issuertest.JWKS(key)}})
	if err != nil {
		t.Fatal(err)
	}
	clock := &clock{}
	w := &world{Authenticator: NewIssuers(IssuersOptions{Now: clock.now}).Authenticator(s), clock: clock}
	claims := issuertest.Claims{"iss": gone.URL, "aud": "mlgate", "sub": job, "exp": time.Now().Add(1000 * time.Hour).Unix()}
	token := issuertest.SignRaw(t, key, nil, mustJSON(t, claims))
	w.passes(t, token)
	clock.pass(500 * time.Hour)
	w.passes(t, token)
	w.refused(t, issuertest.SignRaw(t, issuertest.NewKey(t, "k2"), nil, mustJSON(t, claims)), "not known")
}

func TestKeysFromAURLNeedNoDiscovery(t *testing.T) {
	t.Parallel()
	keys := issuertest.Start(t)
	const issuer = "https://kubernetes.default.svc.cluster.local"
	s, err := NewSettings([]Rule{vision(issuer)}, []Source{{Issuer: issuer, JWKSURL: keys.KeysURL()}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Authenticator: NewIssuers(IssuersOptions{}).Authenticator(s)}
	w.passes(t, keys.Token(t, job, issuertest.Claims{"iss": issuer}))
	w.refused(t, keys.Token(t, job, nil), "not a trusted one")
}

// Keys of one issuer say nothing about the tokens of another.
func TestEachIssuerHasItsOwnKeys(t *testing.T) {
	t.Parallel()
	one, two := issuertest.Start(t), issuertest.Start(t)
	s, err := NewSettings([]Rule{vision(one.URL()), vision(two.URL())}, []Source{{Issuer: one.URL()}, {Issuer: two.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Authenticator: NewIssuers(IssuersOptions{}).Authenticator(s)}
	w.passes(t, one.Token(t, job, nil))
	w.passes(t, two.Token(t, job, nil))
	w.refused(t, one.Token(t, job, issuertest.Claims{"iss": two.URL()}), "signature is wrong")
}

// Nor do rules for one issuer speak of the subjects of another.
func TestARuleIsForItsOwnIssuerAlone(t *testing.T) {
	t.Parallel()
	one, two := issuertest.Start(t), issuertest.Start(t)
	other := vision(two.URL())
	other.Subject = "repo:other/x:*"
	s, err := NewSettings([]Rule{vision(one.URL()), other}, []Source{{Issuer: one.URL()}, {Issuer: two.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Authenticator: NewIssuers(IssuersOptions{}).Authenticator(s)}
	w.refused(t, two.Token(t, job, nil), "no rule takes")
	w.passes(t, one.Token(t, job, nil))
}

func TestAReloadKeepsTheKeysOfIssuersThatStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issuer.Token(t, job, nil)
	w.passes(t, token)
	w.issuer.Answers(issuertest.Answer{Down: true})
	w.use(t, vision(w.issuer.URL()))
	w.passes(t, token)
	w.source.MaxKeyAge = time.Hour // another source: nothing is known of it
	w.use(t, vision(w.issuer.URL()))
	w.unavailable(t, token)
}

func TestFaultySettingsAreRefused(t *testing.T) {
	t.Parallel()
	sound := Source{Issuer: "https://i.example.org"}
	for name, tt := range map[string]struct {
		rule   Rule
		source Source
		why    string
	}{
		"issuer in the clear": {vision("http://i.example.org"), Source{Issuer: "http://i.example.org"}, "want https"},
		"issuer with query":   {vision("https://i.example.org?x"), Source{Issuer: "https://i.example.org?x"}, "want a URL"},
		"keys in the clear":   {vision(sound.Issuer), Source{Issuer: sound.Issuer, JWKSURL: "http://i.example.org/keys"}, "want https"},
		"URL and file":        {vision(sound.Issuer), Source{Issuer: sound.Issuer, JWKSURL: "https://a", JWKS: []byte("{}")}, "both"},
		"no key set":          {vision(sound.Issuer), Source{Issuer: sound.Issuer, JWKS: []byte("{}")}, "none of its 0 keys"},
		"no certificate":      {vision(sound.Issuer), Source{Issuer: sound.Issuer, CA: []byte("x")}, "no PEM certificate"},
		"no source":           {vision("https://other.example.org"), sound, "no source of keys"},
		"no audience":         {Rule{Issuer: sound.Issuer, Subject: "a:b", User: "u"}, sound, "audience"},
		"no user":             {Rule{Issuer: sound.Issuer, Audience: "a", Subject: "a:b"}, sound, "empty user name"},
		"blank group":         {Rule{Issuer: sound.Issuer, Audience: "a", Subject: "a:b", User: "u", Groups: []string{" x"}}, sound, "blank"},
		"trap in the subject": {Rule{Issuer: sound.Issuer, Audience: "a", Subject: "repo:acme*", User: "u"}, sound, "not a whole segment"},
		"trap in a claim":     {Rule{Issuer: sound.Issuer, Audience: "a", Subject: "a:b", User: "u", Claims: []Claim{{"ref", "refs*"}}}, sound, "not a whole segment"},
		"claim of anything":   {Rule{Issuer: sound.Issuer, Audience: "a", Subject: "a:b", User: "u", Claims: []Claim{{"ref", "*"}}}, sound, "covers too much"},
		"claim without name":  {Rule{Issuer: sound.Issuer, Audience: "a", Subject: "a:b", User: "u", Claims: []Claim{{"", "x"}}}, sound, "without a name"},
	} {
		if _, err := NewSettings([]Rule{tt.rule}, []Source{tt.source}); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: got %v, want %q", name, err, tt.why)
		}
	}
}

func FuzzParse(f *testing.F) {
	key := issuertest.NewKey(f, "k1")
	payload, err := json.Marshal(issuertest.Claims{"iss": "i", "sub": "s", "aud": []string{"a"}, "exp": 1e9})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(issuertest.SignRaw(f, key, nil, payload))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := parse(text)
		if err != nil {
			if !errors.Is(err, auth.ErrBadCredentials) {
				t.Errorf("got %v, want bad credentials", err)
			}
			return
		}
		c := tok.claims
		if !isAllowed(tok.alg) || c.issuer == "" || c.subject == "" || c.expires.IsZero() {
			t.Errorf("got %+v, want what every token must have", tok)
		}
		for name := range c.all {
			_, _ = c.text(name)
		}
	})
}
