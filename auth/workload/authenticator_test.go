package workload

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"mlgate/auth"
	"mlgate/auth/workload/issuertest"
)

func TestAJobIsTheUserOfItsRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ends := time.Now().Add(5 * time.Minute).Truncate(time.Second)
	id := w.passes(t, w.issuer.Token(t, job, issuertest.Claims{"exp": ends.Unix(), "aud": []string{"other", "mlgate"}}))
	if len(id.Groups) != 1 || id.Groups[0] != "ci" || id.Issuer != w.issuer.URL() || id.Subject != job || !id.Expires.Equal(ends) || id.Limited() {
		t.Errorf("got %+v", id)
	}
}

func TestEveryAsymmetricAlgorithmCountsAndOnlyWithItsOwnKind(t *testing.T) {
	t.Parallel()
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for alg, private := range map[jose.SignatureAlgorithm]crypto.Signer{
		jose.RS256: large, jose.RS384: large, jose.RS512: large, jose.PS256: large, jose.PS384: large, jose.PS512: large,
		jose.ES256: curve(elliptic.P256()), jose.ES384: curve(elliptic.P384()), jose.ES512: curve(elliptic.P521()), jose.EdDSA: edwards,
	} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.issuer.SetKeys(issuertest.Key{ID: "k", Alg: string(alg), Private: private})
			token := w.issuer.Token(t, job, nil)
			w.passes(t, token)
			for _, other := range algorithms {
				if other != alg {
					w.refused(t, withHeader(t, token, map[string]any{"alg": other, "kid": "k"}), "does not belong to its key")
				}
			}
		})
	}
}

// withHeader exchanges a token's header and leaves its signature.
func withHeader(t *testing.T, token string, header map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw) + token[strings.Index(token, "."):]
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sound := w.issuer.Claims(job, nil)
	token := w.issuer.Sign(t, sound)
	for _, alg := range []string{"none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES256K", "RS1"} {
		// Without a signature the third part is empty, which is refused by itself.
		w.refused(t, issuertest.Unsigned(t, alg, sound), "part 3 is empty")
		w.refused(t, issuertest.Unsigned(t, alg, sound)+"AAAA", "JWT is refused")
	}
	for _, forged := range w.issuer.SignedWithPublicKey(t, sound) {
		w.refused(t, forged, `algorithm "HS256" is not allowed`)
	}
	stranger := issuertest.NewKey(t, "k1")
	payload, err := json.Marshal(sound)
	if err != nil {
		t.Fatal(err)
	}
	w.refused(t, issuertest.SignRaw(t, stranger, nil, payload), "signature is wrong")
	public := jose.JSONWebKey{Key: stranger.Private.Public(), KeyID: "k9"}
	for name, value := range map[string]any{"jwk": public, "jku": w.issuer.KeysURL(), "x5u": w.issuer.KeysURL()} {
		w.refused(t, issuertest.SignRaw(t, stranger, map[string]any{name: value}, payload), "signature is wrong")
		w.refused(t, issuertest.SignRaw(t, stranger, map[string]any{name: value, "kid": nil}, payload), "not known")
	}
	last := token[len(token)-10:]
	w.refused(t, token[:len(token)-10]+strings.ToUpper(last[:9])+last[9:], "JWT is refused")
	w.passes(t, token)
}

func TestClaimsThatDoNotHoldAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	for name, tt := range map[string]struct {
		change issuertest.Claims
		why    string
	}{
		"expired":              {issuertest.Claims{"exp": now.Add(-time.Second).Unix()}, "expired on"},
		"no expiry":            {issuertest.Claims{"exp": nil}, "no exp"},
		"expiry as text":       {issuertest.Claims{"exp": "9999999999"}, "exp is not a time"},
		"expiry as null":       {issuertest.Claims{"exp": json.RawMessage("null")}, "exp is not a time"},
		"endless":              {issuertest.Claims{"exp": 1e300}, "exp is not a time"},
		"before all time":      {issuertest.Claims{"exp": -5}, "exp is not a time"},
		"not yet valid":        {issuertest.Claims{"nbf": now.Add(2 * time.Minute).Unix()}, "not valid before"},
		"made tomorrow":        {issuertest.Claims{"iat": now.Add(24 * time.Hour).Unix()}, "yet to come"},
		"other audience":       {issuertest.Claims{"aud": "vault"}, `for the audience "vault", want "mlgate"`},
		"longer audience":      {issuertest.Claims{"aud": "mlgate2"}, "for the audience"},
		"audience's case":      {issuertest.Claims{"aud": "MLGate"}, "for the audience"},
		"no audience":          {issuertest.Claims{"aud": nil}, "no aud"},
		"empty audience":       {issuertest.Claims{"aud": []string{}}, "for the audience"},
		"audience in audience": {issuertest.Claims{"aud": []any{[]string{"mlgate"}}}, "neither text nor a list"},
		"audience as object":   {issuertest.Claims{"aud": map[string]string{"mlgate": "mlgate"}}, "neither text nor a list"},
		"no subject":           {issuertest.Claims{"sub": nil}, "no iss or no sub"},
		"empty subject":        {issuertest.Claims{"sub": ""}, "sub is not text"},
		"subject as list":      {issuertest.Claims{"sub": []string{job}}, "sub is not text"},
		"no issuer":            {issuertest.Claims{"iss": nil}, "no iss or no sub"},
		"strange issuer":       {issuertest.Claims{"iss": "https://evil.example.org"}, "not a trusted one"},
		"issuer with slash":    {issuertest.Claims{"iss": w.issuer.URL() + "/"}, "not a trusted one"},
		"issuer as list":       {issuertest.Claims{"iss": []string{w.issuer.URL()}}, "iss is not text"},
		"other repository":     {issuertest.Claims{"sub": "repo:acme/vision-evil:ref:refs/heads/main"}, "no rule takes"},
		"other owner":          {issuertest.Claims{"sub": "repo:mallory/vision:ref:refs/heads/main"}, "no rule takes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.refused(t, w.issuer.Token(t, job, tt.change), tt.why)
		})
	}
	t.Cleanup(func() { w.passes(t, w.issuer.Token(t, job, nil)) })
}

func TestClocksMayDifferByAMinuteButNothingOutlivesItsExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	soon := time.Now().Add(30 * time.Second).Unix()
	w.passes(t, w.issuer.Token(t, job, issuertest.Claims{"nbf": soon, "iat": soon}))
	token := w.issuer.Token(t, job, issuertest.Claims{"exp": time.Now().Add(time.Hour).Unix()})
	w.passes(t, token)
	w.clock.pass(time.Hour)
	w.refused(t, token, "expired on") // and was remembered
}

func TestATokenHasOneReadingOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.issuer.Key()
	good, err := json.Marshal(w.issuer.Claims(job, nil))
	if err != nil {
		t.Fatal(err)
	}
	header := []byte(`{"alg":"ES256","kid":"k1"}`)
	with := func(more string) []byte { return []byte(string(good[:len(good)-1]) + "," + more + "}") }
	for name, payload := range map[string][]byte{
		"subject twice":     with(`"sub":"repo:acme/vision:x"`),
		"subject escaped":   with(`"s\u0075b":"repo:acme/vision:x"`),
		"audience twice":    with(`"aud":"mlgate"`),
		"expiry twice":      with(`"exp":9999999999`),
		"twice in a claim":  with(`"kubernetes.io":{"namespace":"a","namespace":"b"}`),
		"text behind":       append(append([]byte{}, good...), "{}"...),
		"UTF-8 broken":      with("\"x\":\"\xff\""),
		"a byte order mark": append([]byte("\xef\xbb\xbf"), good...),
		"a list":            []byte("[" + string(good) + "]"),
		"text":              []byte(`"` + job + `"`),
		"null":              []byte("null"),
		"nested deep":       with(`"x":` + strings.Repeat("[", 11000)),
		"JSON in JSON":      mustJSON(t, string(good)),
	} {
		if _, err := parse(issuertest.SignBytes(t, key, header, payload)); err == nil || !strings.Contains(err.Error(), "payload is not one JSON object") {
			t.Errorf("%s: got %v", name, err)
		}
		w.refused(t, issuertest.SignBytes(t, key, header, payload), "JWT is refused")
	}
	for name, h := range map[string]string{
		"algorithm twice": `{"alg":"none","alg":"ES256","kid":"k1"}`,
		"kid twice":       `{"alg":"ES256","kid":"k1","kid":"k1"}`,
		"null":            `null`,
		"a list":          `["ES256"]`,
	} {
		if _, err := parse(issuertest.SignBytes(t, key, []byte(h), good)); err == nil || !strings.Contains(err.Error(), "header is not one JSON object") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, h := range []map[string]any{{"crit": []string{"exp"}}, {"b64": false}, {"zip": "DEF"}, {"enc": "A256GCM"}, {"cty": "JWT"}} {
		w.refused(t, issuertest.SignRaw(t, key, h, good), "which no plain signed token has")
	}
	w.refused(t, issuertest.SignRaw(t, key, map[string]any{"typ": "logout+jwt"}, good), "for another use")
	w.refused(t, issuertest.SignRaw(t, key, map[string]any{"alg": []string{"ES256"}}, good), "alg is not text")
	w.refused(t, issuertest.SignRaw(t, key, map[string]any{"kid": 1}, good), "kid is not text")
	w.passes(t, issuertest.SignBytes(t, key, header, good))
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAnotherSpellingOfTheSameTokenIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issuer.Token(t, job, nil)
	parts := strings.Split(token, ".")
	// 64 bytes leave four unused bits in the last character: other ones decode to
	// the same signature for a lenient reader.
	signature := []byte(parts[2])
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(alphabet, signature[len(signature)-1])
	signature[len(signature)-1] = alphabet[at+1]
	w.refused(t, parts[0]+"."+parts[1]+"."+string(signature), "not base64url")
	for _, other := range []string{parts[0] + "=." + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + "=." + parts[2], parts[0] + "." + parts[1] + "." + parts[2] + "=="} {
		w.refused(t, other, "not base64url")
	}
}

func TestATokenHasThreeParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issuer.Token(t, job, nil)
	for _, text := range []string{token + ".e30", token + ".", token[:strings.LastIndex(token, ".")], "." + token, ".." + token} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), "want three parts") {
			t.Errorf("got %v, want three parts", err)
		}
	}
}

func TestAHugeTokenIsRefusedUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issuer.Token(t, job, issuertest.Claims{"x": strings.Repeat("x", maxToken)})
	if _, err := parse(token); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v, want it refused for its length", err)
	}
	if id, err := w.Authenticate(bearer(token)); id != nil || !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("got %v, %v; want bad credentials", id, err)
	}
	if got := w.issuer.Fetches(); got != 0 {
		t.Errorf("the issuer was asked %d times", got)
	}
}

func TestOtherCredentialsAreLeftToOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issuer.Token(t, job, nil)
	password := httptest.NewRequest(http.MethodGet, "/", nil)
	password.SetBasicAuth("token", token)
	cookie := httptest.NewRequest(http.MethodGet, "/?access_token="+token+"&token="+token, nil)
	cookie.AddCookie(&http.Cookie{Name: "Authorization", Value: "Bearer " + token})
	for name, r := range map[string]*http.Request{
		"nothing": httptest.NewRequest(http.MethodGet, "/", nil), "API token": bearer("mlg_x"), "opaque": bearer("abc"),
		"two parts": bearer("eyJh.eyJi"), "encrypted, five parts": bearer("eyJh.b.c.d.e"), "as password": password, "in cookie and query": cookie,
	} {
		if id, err := w.Authenticate(r); id != nil || !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("%s: got %v, %v; want no credentials", name, id, err)
		}
	}
}

func TestTheFirstRuleThatTakesATokenDecidesAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.issuer.URL()
	w.use(t,
		Rule{Issuer: url, Audience: "mlgate", Subject: "repo:acme/vision:*", Claims: []Claim{{"environment", "prod"}}, User: "ci-release", Groups: []string{"release"}},
		Rule{Issuer: url, Audience: "mlgate", Subject: "repo:acme/vision:*", Claims: []Claim{{"ref", "refs/heads/*"}, {"ref_protected", "true"}}, User: "ci-vision"},
		Rule{Issuer: url, Audience: "mlgate", Subject: "repo:acme/*", Claims: []Claim{{"attempt", "1"}}, User: "ci-first"},
		Rule{Issuer: url, Audience: "staging", Subject: "repo:acme/*", User: "ci-staging"},
	)
	for name, tt := range map[string]struct {
		claims issuertest.Claims
		want   string
	}{
		"environment":        {issuertest.Claims{"environment": "prod", "ref": "refs/heads/x", "ref_protected": "true"}, "ci-release"},
		"branch":             {issuertest.Claims{"ref": "refs/heads/x", "ref_protected": true}, "ci-vision"},
		"one claim of two":   {issuertest.Claims{"ref": "refs/heads/x"}, ""},
		"tag":                {issuertest.Claims{"ref": "refs/tags/x", "ref_protected": true}, ""},
		"false":              {issuertest.Claims{"ref": "refs/heads/x", "ref_protected": false}, ""},
		"number":             {issuertest.Claims{"attempt": 1}, "ci-first"},
		"other number":       {issuertest.Claims{"attempt": 1.5}, ""},
		"same in exponents":  {issuertest.Claims{"attempt": json.RawMessage("1e0")}, ""},
		"list":               {issuertest.Claims{"environment": []string{"prod"}}, ""},
		"null":               {issuertest.Claims{"environment": json.RawMessage("null")}, ""},
		"object":             {issuertest.Claims{"environment": map[string]string{"prod": "prod"}}, ""},
		"longer environment": {issuertest.Claims{"environment": "prod2"}, ""},
		"both audiences":     {issuertest.Claims{"aud": []string{"staging", "mlgate"}}, "ci-staging"},
	} {
		id, err := w.Authenticate(bearer(w.issuer.Token(t, job, tt.claims)))
		switch {
		case tt.want == "" && !errors.Is(err, auth.ErrBadCredentials):
			t.Errorf("%s: got %v, %v; want bad credentials", name, id, err)
		case tt.want != "" && (err != nil || id.User != tt.want):
			t.Errorf("%s: got %v, %v; want %s", name, id, err, tt.want)
		}
	}
}

// A reload that takes a rule away ends its tokens at once, remembered or not.
func TestNewRulesCountForTokensThatWereVerifiedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issuer.Token(t, job, nil)
	w.passes(t, token)
	other := vision(w.issuer.URL())
	other.Subject = "repo:acme/language:*"
	w.use(t, other)
	w.refused(t, token, "no rule takes")
}
