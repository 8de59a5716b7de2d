package workload

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mlgate/auth"
)

// maxToken bounds a token before any of it is decoded. GitHub's are 2 kB.
const maxToken = 16 << 10

// strict refuses a second spelling of the same bytes.
var strict = base64.RawURLEncoding.Strict()

// token is one that was read and not yet checked: all of it is the caller's word.
type token struct {
	text    string
	alg     string
	kid     string
	payload []byte
	claims  claims
}

// claims are the payload of a token.
type claims struct {
	issuer, subject              string
	audience                     []string
	expires, notBefore, issuedAt time.Time // zero: absent
	all                          map[string]jsontext.Value
}

func refuse(format string, args ...any) error {
	return &auth.Refusal{Why: "the JWT is refused: " + fmt.Sprintf(format, args...)}
}

// short bounds what is repeated of a token in answers and logs.
func short(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// parse reads a token in its compact form.
func parse(text string) (*token, error) {
	if len(text) > maxToken {
		return nil, refuse("longer than %d bytes", maxToken)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, refuse("want three parts, got %d", len(parts))
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = strict.DecodeString(part); err != nil || len(raw[i]) == 0 {
			return nil, refuse("part %d is empty or not base64url", i+1)
		}
	}
	t := &token{text: text, payload: raw[1]}
	if err := t.readHeader(raw[0]); err != nil {
		return nil, err
	}
	return t, t.claims.read(raw[1])
}

// object decodes one JSON object: UTF-8, no member twice at any depth, nothing
// behind it.
func object(raw []byte, what string) (map[string]jsontext.Value, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, refuse("its %s is not one JSON object without duplicate members", what)
	}
	return members, nil
}

func (t *token) readHeader(raw []byte) error {
	h, err := object(raw, "header")
	if err != nil {
		return err
	}
	if t.alg, err = optionalText(h, "alg"); err != nil {
		return err
	}
	if t.kid, err = optionalText(h, "kid"); err != nil {
		return err
	}
	if !isAllowed(t.alg) {
		return refuse("algorithm %q is not allowed", short(t.alg))
	}
	for _, name := range []string{"crit", "enc", "zip", "cty", "b64"} {
		if _, there := h[name]; there {
			return refuse("its header has %q, which no plain signed token has", name)
		}
	}
	typ, err := optionalText(h, "typ")
	if err == nil && typ != "" && !strings.EqualFold(typ, "JWT") && !strings.EqualFold(typ, "at+jwt") {
		err = refuse("type %q is for another use", short(typ))
	}
	return err
}

// read takes the claims that every token must have, in their right types.
func (c *claims) read(raw []byte) (err error) {
	if c.all, err = object(raw, "payload"); err != nil {
		return err
	}
	if c.issuer, err = optionalText(c.all, "iss"); err != nil {
		return err
	}
	if c.subject, err = optionalText(c.all, "sub"); err != nil {
		return err
	}
	if c.issuer == "" || c.subject == "" {
		return refuse("it has no iss or no sub")
	}
	if err = c.readAudience(); err != nil {
		return err
	}
	for _, at := range []struct {
		name string
		into *time.Time
	}{{"exp", &c.expires}, {"nbf", &c.notBefore}, {"iat", &c.issuedAt}} {
		if *at.into, err = optionalTime(c.all, at.name); err != nil {
			return err
		}
	}
	if c.expires.IsZero() {
		return refuse("it has no exp: a token that never ends proves nothing")
	}
	return nil
}

func (c *claims) readAudience() error {
	raw, there := c.all["aud"]
	if !there {
		return refuse("it has no aud")
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && raw.Kind() == '"' {
		c.audience = []string{one}
		return nil
	}
	if raw.Kind() != '[' || json.Unmarshal(raw, &c.audience) != nil {
		return refuse("its aud is neither text nor a list of texts")
	}
	return nil
}

// optionalText is the text of a member, empty if there is none.
func optionalText(members map[string]jsontext.Value, name string) (string, error) {
	raw, there := members[name]
	if !there {
		return "", nil
	}
	var text string
	if raw.Kind() != '"' || json.Unmarshal(raw, &text) != nil || text == "" {
		return "", refuse("its %s is not text", name)
	}
	return text, nil
}

// optionalTime is the time of a member, in seconds since 1970.
func optionalTime(members map[string]jsontext.Value, name string) (time.Time, error) {
	raw, there := members[name]
	if !there {
		return time.Time{}, nil
	}
	var seconds float64
	if raw.Kind() != '0' || json.Unmarshal(raw, &seconds) != nil || seconds < 1 || seconds > 1<<40 {
		return time.Time{}, refuse("its %s is not a time", name)
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}

// text is a claim as patterns see it; ok is false where it is no single value.
func (c *claims) text(name string) (value string, ok bool) {
	raw, there := c.all[name]
	if !there {
		return "", false
	}
	switch raw.Kind() {
	case '"':
		err := json.Unmarshal(raw, &value)
		return value, err == nil
	case 't', 'f':
		return string(raw), true
	case '0':
		return string(raw), strings.Trim(string(raw), "0123456789") == ""
	}
	return "", false
}

// skew is how far clocks may differ.
const skew = time.Minute

// current checks the times. What has expired gets no grace: whoever made the
// token chose how long it lives.
func (c *claims) current(now time.Time) error {
	switch {
	case !now.Before(c.expires):
		return refuse("it expired on %s", c.expires.UTC().Format(time.RFC3339))
	case c.notBefore.After(now.Add(skew)):
		return refuse("it is not valid before %s", c.notBefore.UTC().Format(time.RFC3339))
	case c.issuedAt.After(now.Add(skew)):
		return refuse("it says that it was made on %s, which is yet to come", c.issuedAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// isFor reports whether the token was made for an audience.
func (c *claims) isFor(audience string) bool { return slices.Contains(c.audience, audience) }
