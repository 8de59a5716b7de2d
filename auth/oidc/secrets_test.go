package oidc_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

// logs is a log that many may write to.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestALoginIsKeptWholeAndPrintedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login, query := w.begin("alice")
	login.Next = "/experiments/7"
	kept, err := json.Marshal(login)
	if err != nil {
		t.Fatal(err)
	}
	var back oidc.Login
	if err := json.Unmarshal(kept, &back); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rp.Finish(t.Context(), back, query); err != nil || back.Next != login.Next {
		t.Errorf("what was kept is of no use: %v", err)
	}
	out := &logs{}
	slog.New(slog.NewJSONHandler(out, nil)).Info("x", "login", login, "pointer", &login)
	for _, text := range []string{
		fmt.Sprint(login), fmt.Sprintf("%+v", login), fmt.Sprintf("%#v", &login), fmt.Sprintf("%s %q %x", login, login, login), out.String(),
	} {
		for _, secret := range []string{login.State, login.Nonce, login.Verifier} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a secret", text)
			}
		}
	}
}

func TestAPersonIsPrintedWithoutTheirTokens(t *testing.T) {
	t.Parallel()
	person := newWorld(t).mustSignIn("alice")
	text := fmt.Sprintf("%v %+v %#v", person, person, person)
	for _, secret := range []string{person.RefreshToken.Reveal(), person.IDToken.Reveal()} {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds a token", text)
		}
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	out := &logs{}
	w := newWorld(t, func(o *oidc.Options) { o.Logger = slog.New(slog.NewTextHandler(out, nil)) })
	login, query := w.begin("alice")
	person, err := w.rp.Finish(t.Context(), login, query)
	if err != nil {
		t.Fatal(err)
	}
	w.idp.Misbehave(oidctest.Faults{Down: true})
	w.clock.Advance(2 * time.Hour)
	if _, err := w.rp.Refresh(t.Context(), person.RefreshToken, person.Subject); err == nil {
		t.Fatal("renewed by a provider that is down")
	}
	_, secret := w.idp.Client()
	for _, s := range []string{secret, login.State, login.Nonce, login.Verifier, query.Get("code"), person.RefreshToken.Reveal(), person.IDToken.Reveal()} {
		if strings.Contains(out.String(), s) {
			t.Errorf("the log holds %q", s)
		}
	}
	if !strings.Contains(out.String(), "cannot be asked") {
		t.Errorf("the log does not say that the provider is down: %s", out)
	}
}

func TestACertificateNobodyVouchesForIsRefused(t *testing.T) {
	t.Parallel()
	var issuer string
	idp := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer": issuer, "authorization_endpoint": issuer + "/a", "token_endpoint": issuer + "/t", "jwks_uri": issuer + "/k",
		})
	}))
	idp.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	idp.StartTLS()
	t.Cleanup(idp.Close)
	issuer = idp.URL
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: idp.Certificate().Raw})
	for _, given := range [][]byte{nil, ca} {
		rp, err := oidc.New(oidc.Options{Name: "company", Issuer: issuer, ClientID: "mlgate", RedirectURL: redirectURL, CA: given})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = rp.Begin(t.Context())
		if given == nil {
			wantError(t, err, oidc.ErrUnavailable)
		} else if err != nil {
			t.Error(err)
		}
	}
}
