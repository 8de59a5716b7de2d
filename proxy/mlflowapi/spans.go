package mlflowapi

import (
	"bytes"
	"slices"

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
	return readSpan(dec, body, rules)
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

// text gives the string that a member holds.
func (s *span) text(body []byte, path ...string) string {
	m := s.member(path...)
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
	if s.rule != nil && s.kind == '{' {
		for _, r := range s.rule.rules {
			if r.is == modelVersionsTag {
				for _, v := range taggedVersions(s, body) {
					see[sighted{modelName, v.Name}] = false
				}
			} else if id := s.text(body, r.by...); id != "" {
				see[sighted{r.is, id}] = false
			}
		}
	}
	for _, k := range s.kids {
		k.collect(body, see)
	}
}

// write writes the value anew without what is not visible; false: the whole
// of it is to go.
func (s *span) write(out, body []byte, see sight) ([]byte, bool) {
	if s.rule == nil || s.kids == nil {
		return append(out, body[s.start:s.end]...), true
	}
	var gone []string
	if s.kind == '{' {
		for _, r := range s.rule.rules {
			if r.is == modelVersionsTag {
				if v, ok := retag(s, body, see); ok {
					return append(out, v...), true
				}
				continue
			}
			if id := s.text(body, r.by...); id != "" && !see[sighted{r.is, id}] {
				if len(r.drop) == 0 {
					return out, false
				}
				gone = append(gone, r.drop...)
			}
		}
	}
	out = append(out, body[s.start])
	first := true
	for _, k := range s.kids {
		if slices.Contains(gone, k.name) {
			continue
		}
		mark := len(out)
		if !first {
			out = append(out, ',')
		}
		if k.from < k.start {
			out = append(out, body[k.from:k.start]...)
		}
		var keep bool
		if out, keep = k.write(out, body, see); !keep {
			out = out[:mark]
			continue
		}
		first = false
	}
	return append(out, body[s.end-1]), true
}
