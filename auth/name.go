package auth

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName bounds a user name, which travels into logs and headers.
const maxName = 255

// CheckName says what is wrong with a user name, if anything. Names are
// compared byte for byte in policies, so there is one way to write each: NFC,
// nothing invisible. It holds for names of every way in, so that no provider
// can vouch for a name that a password file could not hold.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("empty user name")
	case len(name) > maxName:
		return fmt.Errorf("user name longer than %d bytes", maxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("user name %q is not UTF-8", name)
	case strings.Contains(name, ":"):
		return fmt.Errorf("user name %q holds a colon, which ends a name in sign-ins", name)
	case strings.ContainsFunc(name, invisible):
		return fmt.Errorf("user name %q holds a control or invisible character", name)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("user name %q begins or ends with a blank", name)
	case !norm.NFC.IsNormalString(name):
		return fmt.Errorf("user name %q is not in Unicode's composed form (NFC): write it as %+q", name, norm.NFC.String(name))
	}
	return nil
}

func invisible(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\u2028' || c == '\u2029'
}
