package config

import (
	"strings"
	"testing"
)

// Each list of rules here is refused with exactly these lines; the rules begin in
// line 4.
func TestRejectedRulesForMachines(t *testing.T) {
	t.Parallel()
	const head = "mode: open\nupstream: {url: http://a}\nauth:\n  workload:\n"
	at := func(more string) string { return "  - " + strings.TrimSuffix(rule, "}") + ", " + more + "}\n" }
	for _, c := range []struct{ name, rules, want string }{
		{"section", "    issuer: x", `FILE:4: auth.workload: want a list of sections; begin each one with ` + "`- `, or write [{key: value}]"},
		{"text in the list", "  - x", `FILE:5: auth.workload[0]: "x": want a section with keys; write each key on its own line, indented below`},
		{"nothing in it", "  - {}", `FILE:5: auth.workload[0].issuer: missing; write the iss of its tokens, like https://token.actions.githubusercontent.com
FILE:5: auth.workload[0].audience: missing; name what jobs ask their tokens for, like mlgate
FILE:5: auth.workload[0].subject: missing; write whose tokens count, like repo:acme/vision:*
FILE:5: auth.workload[0].user: missing; write who the caller is then, like ci-vision`},
		{"typo", at("usr: x"), `FILE:5: auth.workload[0].usr: unknown key; the nearest known key is "user"`},
		{"case", at("CA_file: x"), `FILE:5: auth.workload[0].CA_file: unknown key; the nearest known key is "ca_file"`},
		{"twice", at("user: v"), `FILE:5: auth.workload[0].user: given twice, first in line 5; keep one of the two`},
		{"twins", at("User: v"), `FILE:5: auth.workload[0].User: differs only in case from "user" in line 5; keep one of the two`},
		{"groups as text", at("groups: ci"), `FILE:5: auth.workload[0].groups: "ci": want a list like [a, b], got text; correct the value`},
		{"number as user", "  - {issuer: 'https://i', audience: a, subject: 'a:b', user: 7}", `FILE:5: auth.workload[0].user: 7: want text, got a number; correct the value`},
		{"claims as section", at("claims: {ref: main}"), `FILE:5: auth.workload[0].claims: want a list of sections; begin each one with ` + "`- `, or write [{key: value}]"},
		{"claim without value", at("claims: [{name: ref}]"), `FILE:5: auth.workload[0].claims[0]: without a name or a value; write it like {name: ref, value: refs/tags/*}`},
		{"typo in a claim", at("claims: [{nam: ref, name: ref, value: x}]"), `FILE:5: auth.workload[0].claims[0].nam: unknown key; the nearest known key is "name"`},
		{"plain http", strings.Replace("  - "+rule, "https", "http", 1), `FILE:5: auth.workload[0].issuer: "http://i.example.org": plain http: keys that came in the clear could be anybody's; write https`},
		{"no URL", strings.Replace("  - "+rule, "https://i.example.org", "kubernetes/serviceaccount", 1), `FILE:5: auth.workload[0].issuer: "kubernetes/serviceaccount": want an http or https URL; write for example http://127.0.0.1:5000`},
		{"keys in the clear", at("jwks_url: 'http://10.0.0.1/keys'"), `FILE:5: auth.workload[0].jwks_url: "http://10.0.0.1/keys": plain http: keys that came in the clear could be anybody's; write https`},
		{"two sources", at("jwks_url: 'https://a/k', jwks_file: f"), `FILE:5: auth.workload[0].jwks_file: "f": set, and jwks_url too for the same issuer; say once where its keys are`},
		{"two sources in two rules", at("jwks_url: 'https://a/k'") + at("jwks_file: f"), `FILE:6: auth.workload[1].jwks_file: "f": set, and jwks_url too for the same issuer; say once where its keys are`},
		{"CA for a file", at("jwks_file: f, ca_file: c"), `FILE:5: auth.workload[0].ca_file: "c": set, but the issuer's keys come from jwks_file, and nobody is asked; remove it`},
		{"two answers", at("ca_file: a") + at("ca_file: b"), `FILE:6: auth.workload[1].ca_file: "b": another rule of the same issuer says otherwise; set it in one rule, it counts for all of them`},
		{"age without unit", at("max_key_age: 3600"), `FILE:5: auth.workload[0].max_key_age: 3600: want a duration with its unit, like 8760h, got a number; correct the value`},
		{"short age", at("max_key_age: 1s"), `FILE:5: auth.workload[0].max_key_age: "1s": shorter than a minute; write for example 24h`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, head+c.rules)
			_, err := Load(path)
			if err == nil {
				t.Fatal("got no error")
			}
			if got := strings.ReplaceAll(err.Error(), path, "FILE"); got != c.want {
				t.Errorf("\ngot  %s\nwant %s", got, c.want)
			}
		})
	}
}
