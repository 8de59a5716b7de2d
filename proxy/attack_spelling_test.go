package proxy_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

var firstField = regexp.MustCompile(`^\{"(\w+)":("<[A-Z]+>")(.*)$`)

// camel is how MLflow spells a field besides its own name.
func camel(key string) string {
	parts := strings.Split(key, "_")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	return strings.Join(parts, "")
}

// twoFaced are bodies that say one thing to a careless reader and another to
// MLflow: key names hers, and somewhere theirs stands too.
func twoFaced(key, theirs, rest string) map[string]string {
	own := strings.ToLower(theirs)
	field := func(k, v string) string { return `"` + k + `":` + v }
	pair := func(a, b string) string { return "{" + a + "," + b + rest }
	whole := "{" + field(key, theirs) + rest
	quoted, _ := json.Marshal(whole)
	bodies := map[string]string{
		"twice, hers first":        pair(field(key, own), field(key, theirs)),
		"twice, hers last":         pair(field(key, theirs), field(key, own)),
		"twice, once escaped":      pair(field(key, own), field(`\u00`+hex(key[0])+key[1:], theirs)),
		"case twin behind":         pair(field(key, own), field(strings.ToUpper(key), theirs)),
		"case twin in front":       pair(field(strings.ToUpper(key), own), field(key, theirs)),
		"title case":               pair(field(key, own), field(strings.ToUpper(key[:1])+key[1:], theirs)),
		"JSON in a JSON string":    string(quoted),
		"in a list":                "[" + whole + "]",
		"two objects":              "{" + field(key, own) + rest + whole,
		"byte order mark":          "\ufeff" + whole,
		"value in a list":          "{" + field(key, "["+theirs+"]") + rest,
		"value in an object":       "{" + field(key, `{"value":`+theirs+"}") + rest,
		"broken, then read as {}":  whole[:len(whole)-1],
		"bytes that are not UTF-8": "{\"\xff\":1," + whole[1:],
	}
	if c := camel(key); c != key {
		bodies["camelCase behind"] = pair(field(key, own), field(c, theirs))
		bodies["camelCase in front"] = pair(field(c, theirs), field(key, own))
		bodies["camelCase alone"] = "{" + field(c, theirs) + rest
		bodies["camelCase escaped"] = pair(field(key, own), field(`\u00`+hex(c[0])+c[1:], theirs))
	}
	return bodies
}

func hex(c byte) string { return string([]byte{"0123456789abcdef"[c>>4], "0123456789abcdef"[c&15]}) }

func TestBodyThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	tried := 0
	for _, r := range foreign {
		f := firstField.FindStringSubmatch(r.body)
		if f == nil || r.path == gql {
			continue
		}
		tried++
		for name, body := range twoFaced(f[1], f[2], f[3]) {
			a := request{r.method, r.path, body}.send(t, g, "alice", with)
			if a.Status != 400 {
				t.Errorf("%v, %s: got %d %s, want 400", r.request, name, a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(r.path+body), a)
		}
	}
	if tried < 35 {
		t.Errorf("only %d bodies were tried", tried)
	}
	check()
}

func TestUTF16BodyIsRefused(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range foreign {
		if !strings.HasPrefix(r.body, "{") {
			continue
		}
		for _, order := range []int{0, 1} {
			for _, mark := range []string{"", "\ufeff"} {
				var b []byte
				for _, u := range utf16.Encode([]rune(mark + with.Replace(r.body))) {
					pair := [2]byte{byte(u >> 8), byte(u)}
					b = append(b, pair[order], pair[1-order])
				}
				if a := (request{r.method, r.path, string(b)}).send(t, g, "alice", with); a.Status != 400 {
					t.Errorf("%v: got %d %s, want 400", r.request, a.Status, a.Body)
				}
			}
		}
	}
	check()
}

// respelled are other spellings that MLflow reads as the same id or name.
func respelled(id string) []string {
	if strings.Trim(id, "0123456789") != "" {
		return []string{" " + id, id + " ", strings.ToUpper(id), "\t" + id, id + "\n"}
	}
	arabic := strings.Map(func(r rune) rune { return r - '0' + '٠' }, id)
	return []string{" " + id, id + " ", "+" + id, "0" + id, "0_" + id, id + ".0", "-" + id, arabic, "\t" + id}
}

func TestOtherSpellingsOfAnIDAreRefused(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range foreign {
		for token, id := range map[string]string{"<EXP>": theirs.exp, "<RUN>": theirs.run, "<LM>": theirs.lm} {
			where := r.path + r.body
			if !strings.Contains(where, token) || strings.Contains(r.path, "mlflow-artifacts") || r.path == gql {
				continue
			}
			for _, other := range respelled(id) {
				quoted, _ := json.Marshal(other)
				spelt := request{r.method, strings.ReplaceAll(r.path, token, escape(other)), strings.ReplaceAll(r.body, `"`+token+`"`, string(quoted))}
				a := spelt.send(t, g, "alice", with)
				if a.Status != 400 {
					t.Errorf("%v with %q: got %d %s, want 400", r.request, other, a.Status, a.Body)
				}
				theirs.unleaked(t, other, a)
			}
		}
	}
	check()
}

func TestIDsAsNumbersAndVersionsRespelledAreRefused(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range []request{
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":<EXP>,"key":"t","value":"v"}`},
		{"POST", "runs/search", `{"experiment_ids":[<EXP>]}`},
		{"POST", "runs/search", `{"experiment_ids":["<exp>",<EXP>]}`},
		{"POST", "runs/search", `{"experiment_ids":"<EXP>"}`},
		{"GET", "model-versions/get?name=<model>&version=01", ""},
		{"GET", "model-versions/get?name=<model>&version=+1", ""},
		{"GET", "model-versions/get?name=<model>&version=%2B1", ""},
		{"DELETE", "model-versions/delete-tag", `{"name":"<model>","version":"01","key":"k"}`},
		{"POST", "registered-models/alias", `{"name":"<model>","alias":"a","version":" 1 "}`},
		{"POST", "registered-models/alias", `{"name":"<model>","alias":"a","version":"١"}`},
	} {
		if a := r.send(t, g, "alice", with); a.Status != 400 {
			t.Errorf("%v: got %d %s, want 400", r, a.Status, a.Body)
		}
	}
	check()
}
