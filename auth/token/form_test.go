package token

import (
	"bytes"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"

	"mlgate/auth"
)

func generated(t testing.TB) (id, text string) {
	t.Helper()
	id, secret, err := generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id, secret.Reveal()
}

func TestATokenHasTheFormThatScannersKnow(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^mlg_[0-9a-hjkmnp-tv-z]{75}$`)
	seen := map[string]bool{}
	for range 200 {
		id, text := generated(t)
		if !form.MatchString(text) {
			t.Fatalf("got %s, want the form %v", text, form)
		}
		if got, err := decode(text); err != nil || got != id {
			t.Fatalf("got %s, %v; want %s", got, err, id)
		}
		if checkID(id) != nil || seen[id] {
			t.Fatalf("id %s is malformed or repeats", id)
		}
		seen[id] = true
	}
}

func TestATokenHas256RandomBits(t *testing.T) {
	t.Parallel()
	if bits := secretLength * 5; bits < 256 {
		t.Errorf("got %d bits, want at least 256", bits)
	}
	// Every character of id and secret follows the random source.
	_, zero, err := generate(bytes.NewReader(make([]byte, idLength+secretLength)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range idLength + secretLength {
		random := make([]byte, idLength+secretLength)
		random[i] = 1
		_, other, err := generate(bytes.NewReader(random))
		if err != nil || other.Reveal()[len(auth.TokenPrefix)+i] == zero.Reveal()[len(auth.TokenPrefix)+i] {
			t.Errorf("character %d does not follow the random source (%v)", i, err)
		}
	}
	if _, _, err := generate(strings.NewReader("short")); err == nil {
		t.Error("a token was made without enough randomness")
	}
}

func TestEveryTypoIsCaughtByTheChecksum(t *testing.T) {
	t.Parallel()
	_, text := generated(t)
	for i := len(auth.TokenPrefix); i < len(text); i++ {
		for _, c := range alphabet {
			typo := text[:i] + string(c) + text[i+1:]
			if _, err := decode(typo); typo != text && err == nil {
				t.Fatalf("a typo at %d was not caught", i)
			}
		}
		if i+1 < len(text) && text[i] != text[i+1] {
			swapped := text[:i] + string(text[i+1]) + string(text[i]) + text[i+2:]
			if _, err := decode(swapped); err == nil {
				t.Fatalf("a swap at %d was not caught", i)
			}
		}
	}
}

func TestMalformedTokensAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	_, text := generated(t)
	for name, bad := range map[string]string{
		"empty":       "",
		"prefix only": auth.TokenPrefix,
		"cut off":     text[:len(text)-1],
		"too long":    text + "0",
		"upper case":  strings.ToUpper(text),
		"blank":       text[:len(text)-1] + " ",
		"other name":  "mlx_" + text[4:],
		"not ascii":   text[:len(text)-2] + "é",
	} {
		_, err := decode(bad)
		if !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("%s: got %v, want bad credentials", name, err)
		}
		if err != nil && strings.Contains(err.Error(), text[8:40]) {
			t.Errorf("%s: the error quotes the token: %v", name, err)
		}
	}
}

// FuzzDecode holds that whatever decodes is exactly one spelling of a token:
// its checksum is right, and no second text of the same id and secret decodes.
func FuzzDecode(f *testing.F) {
	_, text := generated(f)
	for _, seed := range []string{"", "mlg_", text, text[:78], strings.ToUpper(text), text + "\n", "mlg_" + strings.Repeat("0", 75)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := decode(text)
		if err != nil {
			if !errors.Is(err, auth.ErrBadCredentials) {
				t.Errorf("got %v, want bad credentials", err)
			}
			return
		}
		if checkID(id) != nil || auth.TokenPrefix+id+text[idEnd:secretEnd]+checksum(text[:secretEnd]) != text {
			t.Errorf("%q decodes and is not the one spelling of its token", text)
		}
	})
}
