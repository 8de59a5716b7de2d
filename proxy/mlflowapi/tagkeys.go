package mlflowapi

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MySQL, MariaDB and SQL Server compare the keys of tags without case, accents
// and blanks at the end: told to set or to delete mlflow.usér, MLflow does so to
// mlflow.user. So what stands for a reserved key is treated as one, on every
// store.

// spelt are keys that have meanings of their own. Other spellings of them have
// none, and are refused.
var spelt = []string{
	PromptTag, modelVersionsKey, linkedPromptsKey,
	"mlflow.sourceRun", "mlflow.modelId", "mlflow.assessment.sourceRunId", "mlflow.assessment.scorerTraceId",
}

// misspelt refuses another spelling of one of them.
func misspelt(key string) error {
	for _, name := range spelt {
		if key != name && standsFor(key, name, false) {
			return Bad("the key %q is another spelling of %q to some databases: write it in that one", cut(key), name)
		}
	}
	return nil
}

// most is how many letters of a key one character of another script or style may
// be: ㎖ is two of them, and a sign without width none.
const most = 3

// standsFor reports whether some collation may take a key for a reserved one, or
// with begins for one that begins with it. Which characters equal a letter
// differs between collations and their versions, so every character beyond ASCII
// may be any letters, but for those that are letters of another script.
func standsFor(key, name string, begins bool) bool {
	at := uint64(1) // bit i: the first i letters of the name are met
	end := uint64(1) << len(name)
	for _, c := range strings.TrimSpace(key) {
		if begins && at&end != 0 {
			return true
		}
		if at == 0 { // nothing of the name is met any more
			return false
		}
		if c >= 0x20 && c < 0x7f {
			at = met(at, name, c)
			continue
		}
		if text, ok := latin(c); ok {
			for _, c := range text {
				at = met(at, name, c)
			}
			continue
		}
		if anotherScript(c) {
			return false
		}
		for range most {
			at |= at << 1
		}
	}
	return at&end != 0
}

// met goes on from everywhere in the name where the character comes next.
func met(at uint64, name string, c rune) (next uint64) {
	for i := range len(name) {
		if at&(1<<i) != 0 && alike(rune(name[i])) == alike(c) {
			next |= 1 << (i + 1)
		}
	}
	return next
}

// alike is one for letters that some language's collation takes for one.
func alike(c rune) rune {
	switch c = unicode.ToLower(c); c {
	case 'j', 'y':
		return 'i'
	case 'v', 'w':
		return 'u'
	}
	return c
}

// latin gives the ASCII letters that a character is a form of, but for its
// accents; false: it is of no such letters.
func latin(c rune) (string, bool) {
	var text []byte
	for _, d := range norm.NFKD.String(string(c)) {
		switch {
		case d < 0x7f && d > 0x20:
			text = append(text, byte(d))
		case d <= 0x7f || !unicode.Is(unicode.M, d):
			return "", false
		}
	}
	return string(text), len(text) > 0
}

// anotherScript reports whether a character is a letter that no Latin one
// equals. Arabic has forms that collations pass over.
func anotherScript(c rune) bool {
	return unicode.IsLetter(c) && !unicode.Is(unicode.Latin, c) && !unicode.Is(unicode.Lm, c) && (c < 0xfb50 || c > 0xfeff)
}
