package workload

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAPatternMatchesWholeSegmentsOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern string
		match   []string
		not     []string
	}{
		{
			"repo:acme/vision:*",
			[]string{"repo:acme/vision:ref:refs/heads/main", "repo:acme/vision:pull_request", "repo:acme/vision:environment:prod"},
			[]string{"repo:acme/vision", "repo:acme/vision:", "repo:acme/vision-evil:ref", "repo:acme/vision2:ref", "Repo:acme/vision:ref", "repo:acme:vision:ref", "x:repo:acme/vision:ref"},
		},
		{
			"repo:acme/*",
			[]string{"repo:acme/vision:ref:refs/heads/main", "repo:acme/x"},
			[]string{"repo:acme-evil/vision:ref", "repo:acme", "repo:acme/", "repo:acme:x"},
		},
		{
			"repo:acme/*:ref:refs/heads/main",
			[]string{"repo:acme/vision:ref:refs/heads/main", "repo:acme/*:ref:refs/heads/main"},
			[]string{"repo:acme/a/b:ref:refs/heads/main", "repo:acme/a:b:ref:refs/heads/main", "repo:acme/:ref:refs/heads/main", "repo:acme/vision:ref:refs/heads/main2", "repo:acme/vision:ref:refs/heads/main/x", "repo:acme/vision:ref:refs/heads"},
		},
		{"system:serviceaccount:team:trainer", []string{"system:serviceaccount:team:trainer"}, []string{"system:serviceaccount:team:trainer2", "system:serviceaccount:team:trainer:", "system:serviceaccount:team"}},
		{"system:serviceaccount:team:*", []string{"system:serviceaccount:team:trainer"}, []string{"system:serviceaccount:team-b:trainer"}},
		{"1127", []string{"1127"}, []string{"11270", "112", ""}},
	} {
		p, err := parsePattern(tt.pattern, fixedInSubject)
		if err != nil {
			t.Fatalf("%s: %v", tt.pattern, err)
		}
		for _, s := range tt.match {
			if !p.match(s) {
				t.Errorf("%s does not match %q", tt.pattern, s)
			}
		}
		for _, s := range append(tt.not, "") {
			if p.match(s) {
				t.Errorf("%s matches %q", tt.pattern, s)
			}
		}
	}
}

func TestPatternsThatWouldCoverStrangersAreRefused(t *testing.T) {
	t.Parallel()
	for pattern, why := range map[string]string{
		"":                   "empty",
		"*":                  "covers too much",
		"repo:*":             "covers too much",
		"repo:*/*":           "covers too much",
		"repo:*:ref:x":       "covers too much",
		"spiffe://*":         "covers too much",
		"repo::*":            "covers too much",
		"repo:acme*":         "not a whole segment",
		"repo:acme/vision*":  "not a whole segment",
		"repo:acme/*vision":  "not a whole segment",
		"repo:acme/vi*n:ref": "not a whole segment",
		"repo:acme/**":       "not a whole segment",
		"repo:acme/x\x00":    "control character",
		"repo:acme/x\xff":    "control character",
	} {
		if _, err := parsePattern(pattern, fixedInSubject); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: got %v, want %q", pattern, err, why)
		}
	}
}

// texts draws patterns and subjects of few letters, so that they meet often.
func texts(star bool) *rapid.Generator[string] {
	letters := []rune("ab:/")
	if star {
		letters = append(letters, '*', '*')
	}
	return rapid.Custom(func(t *rapid.T) string {
		return "s:s:" + string(rapid.SliceOfN(rapid.SampledFrom(letters), 1, 6).Draw(t, "text"))
	})
}

// What a matched subject has where the pattern has text is that text, in whole
// segments: checked by another way of matching.
func TestAMatchAgreesWithSegmentsComparedOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, subject := texts(true).Draw(t, "pattern"), texts(false).Draw(t, "subject")
		p, err := parsePattern(text, fixedInSubject)
		if err != nil {
			return
		}
		if got, want := p.match(subject), slowMatch(text, subject); got != want {
			t.Errorf("%q on %q: got %v, want %v", text, subject, got, want)
		}
	})
}

// slowMatch tries every way to spend a * .
func slowMatch(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern == "*" {
		return text != ""
	}
	if pattern[0] == '*' {
		for i := 1; i <= len(text); i++ {
			if !strings.ContainsAny(text[:i], separators) && slowMatch(pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	}
	return text != "" && pattern[0] == text[0] && slowMatch(pattern[1:], text[1:])
}

func TestACoveringPatternMatchesAllThatTheCoveredOneDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, errP := parsePattern(texts(true).Draw(t, "p"), fixedInSubject)
		q, errQ := parsePattern(texts(true).Draw(t, "q"), fixedInSubject)
		if errP != nil || errQ != nil || !p.covers(q) {
			return
		}
		subject := texts(false).Draw(t, "subject")
		if q.match(subject) && !p.match(subject) {
			t.Errorf("%q is said to cover %q and does not match %q", p.segments, q.segments, subject)
		}
	})
}

func TestARuleThatNothingReachesIsRefused(t *testing.T) {
	t.Parallel()
	rule := func(subject string, claims ...Claim) Rule {
		return Rule{Issuer: "i", Audience: "a", Subject: subject, User: "u", Claims: claims}
	}
	main := Claim{"ref", "refs/heads/main"}
	for _, tt := range []struct {
		name    string
		rules   []Rule
		refused bool
	}{
		{"wide first", []Rule{rule("repo:acme/*"), rule("repo:acme/vision:*")}, true},
		{"narrow first", []Rule{rule("repo:acme/vision:*"), rule("repo:acme/*")}, false},
		{"twice", []Rule{rule("repo:acme/vision:x"), rule("repo:acme/vision:x")}, true},
		{"the first asks for more", []Rule{rule("repo:acme/*", main), rule("repo:acme/*")}, false},
		{"the second asks for more", []Rule{rule("repo:acme/*"), rule("repo:acme/*", main)}, true},
		{"another audience", []Rule{rule("repo:acme/*"), {Issuer: "i", Audience: "b", Subject: "repo:acme/*", User: "u"}}, false},
		{"another issuer", []Rule{rule("repo:acme/*"), {Issuer: "j", Audience: "a", Subject: "repo:acme/*", User: "u"}}, false},
	} {
		_, err := compileRules(tt.rules)
		if (err != nil) != tt.refused {
			t.Errorf("%s: got %v, want refused: %v", tt.name, err, tt.refused)
		}
		if err != nil && !strings.Contains(err.Error(), "rule 1: subject: ") {
			t.Errorf("%s: got %v, want the rule named", tt.name, err)
		}
	}
}

func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{"repo:acme/vision:*", "a:b:*:c", "*", "::", "a/b/*", "s:s:*:"} {
		f.Add(seed, strings.ReplaceAll(seed, "*", "x"))
	}
	f.Fuzz(func(t *testing.T, text, subject string) {
		p, err := parsePattern(text, fixedInSubject)
		if err != nil {
			return
		}
		if strings.Join(p.segments, "") != text {
			t.Errorf("%q: the segments are %q", text, p.segments)
		}
		if !slices.ContainsFunc(p.segments, func(s string) bool { return strings.HasPrefix(s, "*") }) && p.match(subject) != (text == subject) {
			t.Errorf("%q without a * on %q: got %v", text, subject, p.match(subject))
		}
	})
}
