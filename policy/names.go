package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ValidateName says whether a thing may be created under this name, or renamed
// to it. It refuses names that look like another one to a reader (blanks at the
// ends, control characters, a second Unicode spelling) or to a program that
// treats them as a path (empty, '.' and '..' segments), because a policy
// compares names byte for byte.
func ValidateName(name string) error {
	if name == "" {
		return errors.New("the name is empty: give it one")
	}
	if err := checkText("the name", name); err != nil {
		return err
	}
	for segment := range strings.SplitSeq(name, "/") {
		switch segment {
		case "":
			return fmt.Errorf("the name %q has an empty segment: a '/' stands only between two segments", name)
		case ".", "..":
			return fmt.Errorf("the name %q has a %q segment: leave it out", name, segment)
		}
	}
	return nil
}

// checkText refuses what two readers of the same text could see differently.
// what names the text in the message.
func checkText(what, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s %q is not UTF-8: write it in UTF-8", what, s)
	}
	if strings.TrimSpace(s) != s {
		return fmt.Errorf("%s %q begins or ends with a blank: take it away", what, s)
	}
	if i := strings.IndexFunc(s, isControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Errorf("%s %q holds the control character %U: take it away", what, s, r)
	}
	if !norm.NFC.IsNormalString(s) {
		return fmt.Errorf("%s %q is not in Unicode's composed form (NFC): write it as %q", what, s, norm.NFC.String(s))
	}
	return nil
}

// isControl reports characters that change how the text around them is shown:
// the control characters, the line and paragraph separators, and those that
// turn the direction of writing (by which a line can read as another one).
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}
