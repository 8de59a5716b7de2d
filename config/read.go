package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader turns the YAML file into plain values, strictly. Viper folds the case
// of keys, splits them at dots and lets the last of two twins win, all silently;
// so every key is looked at here before viper sees it.
type reader struct {
	origin   *origin
	values   map[string]any // leaf key → value
	problems []error
}

// read returns the values of a file by their dotted keys, and what is wrong with
// single keys. The error is for a file that has no keys to speak of.
func read(content []byte, from *origin) (map[string]any, []error, error) {
	r := &reader{origin: from, values: map[string]any{}}
	root, err := r.document(content)
	if err != nil {
		return nil, nil, err
	}
	if root != nil && root.Kind != yaml.MappingNode {
		return nil, nil, r.notSection(root, "", root.Line)
	}
	if root != nil {
		r.mapping(root, "", root.Line)
	}
	return r.values, r.problems, nil
}

// document parses exactly one YAML document; nil for an empty file. What would
// stand in a second one would be ignored, which nobody who wrote it expects.
func (r *reader) document(content []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var first, second yaml.Node
	if err := decoder.Decode(&first); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, r.syntax(err)
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, &Problem{
			Where: fmt.Sprintf("%s:%d", r.origin.file, second.Line),
			Fault: "a second YAML document begins here", Remedy: "put all keys into one document",
		}
	} else if !errors.Is(err, io.EOF) {
		return nil, r.syntax(err)
	}
	root := first.Content[0]
	if isNull(root) {
		return nil, nil
	}
	return root, nil
}

func (r *reader) syntax(err error) error {
	return &Problem{
		Where: r.origin.file, Fault: strings.TrimPrefix(err.Error(), "yaml: "),
		Remedy: "the file must be YAML: `key: value` lines, sections indented by blanks",
	}
}

// mapping reads the keys of one section. prefix is empty or ends in a dot.
func (r *reader) mapping(node *yaml.Node, prefix string, line int) {
	node = resolved(node)
	if node.Kind != yaml.MappingNode {
		r.problems = append(r.problems, r.notSection(node, strings.TrimSuffix(prefix, "."), line))
		return
	}
	seen := map[string]*yaml.Node{} // by folded key
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		folded := strings.ToLower(name.Value)
		if twin, ok := seen[folded]; ok {
			r.twin(prefix, name, twin)
			continue
		}
		seen[folded] = name
		r.pair(prefix, name, value)
	}
}

func (r *reader) notSection(node *yaml.Node, key string, line int) *Problem {
	p := &Problem{
		Where: fmt.Sprintf("%s:%d", r.origin.file, line), Key: key,
		Fault: "want a section with keys", Remedy: "write each key on its own line, indented below",
	}
	if node.Kind == yaml.ScalarNode {
		p.Value = shown(node.Value)
	}
	return p
}

// twin refuses a key that was given twice, in the same or another case.
func (r *reader) twin(prefix string, name, first *yaml.Node) {
	fault := fmt.Sprintf("given twice, first in line %d", first.Line)
	if first.Value != name.Value {
		fault = fmt.Sprintf("differs only in case from %q in line %d", first.Value, first.Line)
	}
	r.fail(name.Line, prefix+name.Value, "", fault, "keep one of the two")
}

// pair reads one key with its value.
func (r *reader) pair(prefix string, name, value *yaml.Node) {
	key := prefix + name.Value
	known := name.Kind == yaml.ScalarNode && !strings.Contains(name.Value, ".")
	switch {
	case known && isLeaf(key):
		r.origin.lines[key] = name.Line
		r.leaf(key, name.Line, value)
	case known && isSection(key):
		if !isNull(value) {
			r.mapping(value, key+".", name.Line)
		}
	default:
		r.unknown(key, name.Line)
	}
}

// unknown refuses a key that this version does not have.
func (r *reader) unknown(key string, line int) {
	if isLater(key) {
		r.fail(line, key, "", "unknown key: it belongs to a later version of mlgate", "remove it")
		return
	}
	closest, _ := nearest(key)
	if closest == key {
		r.fail(line, key, "", "unknown key: it has a dot in it", "write nested sections")
		return
	}
	r.fail(line, key, "", "unknown key", fmt.Sprintf("the nearest known key is %q", closest))
}

// leaf reads the value of a key. Nothing after the colon means empty, never
// "the default": `admin_listen:` must not open a port.
func (r *reader) leaf(key string, line int, node *yaml.Node) {
	if l, ok := itemsLeaf(key); ok {
		r.values[key] = r.items(key, l.typ, node, line)
		return
	}
	node = resolved(node)
	var value any = ""
	if !isNull(node) {
		if err := node.Decode(&value); err != nil {
			r.fail(line, key, "", strings.TrimPrefix(err.Error(), "yaml: "), "write a plain value")
			return
		}
	}
	r.values[key] = value
	r.origin.given[key] = shown(value)
}

func (r *reader) fail(line int, key, value, fault, remedy string) {
	where := r.origin.file
	if line > 0 {
		where = fmt.Sprintf("%s:%d", where, line)
	}
	r.problems = append(r.problems, &Problem{Where: where, Key: key, Value: value, Fault: fault, Remedy: remedy})
}

func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}
