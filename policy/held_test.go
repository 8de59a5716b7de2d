package policy

import (
	"strings"
	"testing"
)

func TestHeldListsTheLinesThatSpeakToACallerWithTheirChains(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `p, role:vision, cv/*, edit
p, role:language, nlp/*, manage
p, any, shared/*, read
p, role:vision, model:cv/secret/*, read, deny
p, group:staff, gateway:chat, use
g, user:alice, role:lead
g, role:lead, role:vision
`)
	for who, tt := range map[string]struct {
		caller Caller
		want   []string
	}{
		"alice":    {Caller{User: "alice"}, []string{"1 allow edit cv/* user:alice>role:lead>role:vision", "3 allow read shared/* any", "4 deny read model:cv/secret/* user:alice>role:lead>role:vision"}},
		"staff":    {Caller{User: "x", Groups: []string{"staff"}}, []string{"3 allow read shared/* any", "5 allow use gateway:chat group:staff"}},
		"stranger": {Caller{User: "x"}, []string{"3 allow read shared/* any"}},
		"nobody":   {Caller{Anonymous: true}, nil},
	} {
		var got []string
		for _, l := range p.Held(tt.caller) {
			effect := "deny"
			if l.Allow {
				effect = "allow"
			}
			got = append(got, strings.Join([]string{string(rune('0' + l.Number)), effect, l.Action.String(), l.Resource, strings.Join(l.Chain, ">")}, " "))
		}
		if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", who, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}
