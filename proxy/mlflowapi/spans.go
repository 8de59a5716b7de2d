package mlflowapi

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// span is one value of an answer and where it lies in the bytes. Only what
// lies on a trim's path is taken apart; the rest is skipped over.
type span struct {
	name       string // of the member, "" in a list
	start, end int    // of the value
	from       int    // of the member, its name included
	kids       []*span
	kind       jsontext.Kind
	rule       *trimNode
}

func parseSpans(body []byte, rules *trimNode) (*span, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	s, err := readSpan(dec, body, rules)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return s, nil
}

func readSpan(dec *jsontext.Decoder, body []byte, rule *trimNode) (*span, error) {
	s := &span{rule: rule, kind: dec.PeekKind()}
	s.start = skipBlank(body, int(dec.InputOffset()))
	s.from = s.start
	list := s.kind == '['
	if rule == nil || (s.kind != '{' && !list) {
		err := dec.SkipValue()
		s.end = int(dec.InputOffset())
		return s, err
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for k := dec.PeekKind(); k != '}' && k != ']'; k = dec.PeekKind() {
		kid, err := readKid(dec, body, rule, list)
		if err != nil {
			return nil, err
		}
		s.kids = append(s.kids, kid)
	}
	_, err := dec.ReadToken()
	s.end = int(dec.InputOffset())
	return s, err
}

func readKid(dec *jsontext.Decoder, body []byte, rule *trimNode, list bool) (*span, error) {
	if list {
		return readSpan(dec, body, rule.kids["[]"])
	}
	from := skipBlank(body, int(dec.InputOffset()))
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	name := tok.String()
	kid, err := readSpan(dec, body, rule.kids[name])
	if err != nil {
		return nil, err
	}
	kid.name, kid.from = name, from
	return kid, nil
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t' || b[i] == ',' || b[i] == ':') {
		i++
	}
	return i
}

// member follows names down from an object.
func (s *span) member(path ...string) *span {
	for _, name := range path {
		i := slices.IndexFunc(s.kids, func(k *span) bool { return k.name == name })
		if i < 0 {
			return nil
		}
		s = s.kids[i]
	}
	return s
}

// text gives the string that a member holds, or the digits of a number: of some
// things MLflow writes the experiment's id as one.
func (s *span) text(body []byte, path ...string) string {
	m := s.member(path...)
	if m != nil && m.kind == '0' {
		return string(body[m.start:m.end])
	}
	if m == nil || m.kind != '"' {
		return ""
	}
	b, err := jsontext.AppendUnquote(nil, body[m.start:m.end])
	if err != nil {
		return ""
	}
	return string(b)
}

// collect lists what the answer names.
func (s *span) collect(body []byte, see sight) {
	if s.rule != nil && (s.kind == '{' || s.kind == '"') {
		for _, r := range s.rule.rules {
			if r.is == modelVersionsTag {
				for _, v := range taggedVersions(s, body) {
					see[sighted{modelName, v.Name}] = false
				}
			} else if id := s.text(body, r.by...); id != "" && s.meets(body, r.when) {
				for _, v := range r.names(id) {
					see[v] = false
				}
			}
		}
	}
	for _, k := range s.kids {
		k.collect(body, see)
	}
}

// verdict is what of an object has to go.
type verdict struct {
	drop  []string          // members
	blank map[string]string // members, and what stands in their place
	whole bool
}

func (s *span) judge(body []byte, see sight) (v verdict) {
	if s.kind != '{' && s.kind != '"' {
		return v
	}
	v.drop = slices.Clone(s.rule.strip)
	for _, r := range s.rule.rules {
		if r.is == modelVersionsTag {
			value, gone := retag(s, body, see)
			v.whole = v.whole || gone
			if value != "" {
				v.blank = merged(v.blank, map[string]string{"value": value})
			}
			continue
		}
		id := s.text(body, r.by...)
		if !s.meets(body, r.when) {
			continue
		}
		if r.is == linkedPrompts {
			v.blank = merged(v.blank, reprompted(id, r.by, see))
			continue
		}
		if r.is == datasetName {
			if name, ok := unsealed(id); ok {
				v.blank = merged(v.blank, map[string]string{r.by[len(r.by)-1]: ascii(name)})
			}
			continue
		}
		if see[sighted{r.is, id}] || (id == "" && !r.must) {
			continue
		}
		v.whole = v.whole || len(r.drop)+len(r.blank) == 0
		v.drop = append(v.drop, r.drop...)
		v.blank = merged(v.blank, r.blank)
	}
	return v
}

// meets reports whether a rule is about this object.
func (s *span) meets(body []byte, when [2]string) bool {
	return when[0] == "" || s.text(body, when[0]) == when[1]
}

// names is what a text names.
func (r *trimRule) names(text string) []sighted {
	if r.is == datasetName {
		if _, ok := unsealed(text); !ok {
			return nil
		}
	}
	if r.is != linkedPrompts {
		return []sighted{{r.is, text}}
	}
	var all []sighted
	for _, v := range readTaggedVersions(text) {
		all = append(all, sighted{modelName, v.Name})
	}
	return all
}

// reprompted gives what stands in the place of a list of prompts of which some
// are not visible.
func reprompted(text string, by []string, see sight) map[string]string {
	if text == "" {
		return nil
	}
	vs := readTaggedVersions(text)
	kept := slices.DeleteFunc(slices.Clone(vs), func(v taggedVersion) bool { return !see[sighted{modelName, v.Name}] })
	if len(kept) == len(vs) {
		return nil
	}
	list, _ := json.Marshal(kept, json.Deterministic(true)) // it was read from JSON
	quoted, _ := jsontext.AppendQuote(nil, list)
	return map[string]string{by[len(by)-1]: string(quoted)}
}

func merged(a, b map[string]string) map[string]string {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	a = maps.Clone(a)
	maps.Copy(a, b)
	return a
}

// write writes the value anew without what is not visible; false: the whole
// of it is to go.
func (s *span) write(out, body []byte, see sight) ([]byte, bool) {
	if s.rule == nil || (s.kind != '{' && s.kind != '[' && s.kind != '"') {
		return append(out, body[s.start:s.end]...), true
	}
	v := s.judge(body, see)
	switch {
	case v.whole:
		return out, false
	case s.kids == nil:
		return append(out, body[s.start:s.end]...), true
	}
	return s.writeKids(out, body, see, v)
}

// writeKids keeps MLflow's layout, so that an answer tells by nothing that
// something is gone from it: a list that is left empty is not shown, as MLflow
// shows none, unless its place says otherwise.
func (s *span) writeKids(out, body []byte, see sight, v verdict) ([]byte, bool) {
	begin, at, first := len(out), s.start+1, true
	out = append(out, body[s.start])
	for i, k := range s.kids {
		gap := body[at:k.from]
		at = k.end
		if s.kind == '{' && slices.Contains(v.drop, k.name) {
			continue
		}
		mark := len(out)
		if first && i > 0 {
			gap = body[s.start+1 : s.kids[0].from]
		} else if !first {
			out = append(out, ',')
		}
		before, behind, _ := bytes.Cut(gap, []byte{','})
		out = append(append(out, before...), behind...)
		out = append(out, body[k.from:k.start]...) // a member's name
		keep := true
		if blank, ok := v.blank[k.name]; ok && s.kind == '{' {
			out = append(out, blank...)
		} else {
			out, keep = k.write(out, body, see)
		}
		if keep {
			first = false
		} else {
			out = out[:mark]
		}
	}
	if first && (s.kind == '[' && !s.rule.stays || s.kind == '{' && s.rule.isMap) {
		return out[:begin], false
	}
	if !first {
		out = append(out, body[at:s.end-1]...)
	}
	return append(out, body[s.end-1]), true
}
