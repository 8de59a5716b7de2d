package config

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Some keys take a list of sections: `auth.workload: [{issuer: …}, …]`. The keys
// of each section are the fields of a struct, as those of the whole config are;
// messages call the second section's issuer auth.workload[1].issuer.

// sections are the raw sections of a list. Viper knows nothing of the type and
// so leaves the case of keys alone.
type sections []map[string]any

// isItems reports whether the key takes a list of sections.
func (l leaf) isItems() bool { return isItems(l.typ) }

func isItems(typ reflect.Type) bool {
	return typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct && hasKeys(typ.Elem())
}

// hasKeys tells sections from values that happen to be structs, like networks.
func hasKeys(typ reflect.Type) bool {
	for field := range typ.Fields() {
		if _, ok := field.Tag.Lookup("key"); ok {
			return true
		}
	}
	return false
}

func itemsLeaf(key string) (leaf, bool) {
	for _, l := range leaves() {
		if l.key == key && l.isItems() {
			return l, true
		}
	}
	return leaf{}, false
}

// itemFields lists the keys of a section.
func itemFields(typ reflect.Type) []leaf {
	var list []leaf
	for field := range typ.Fields() {
		if name, ok := field.Tag.Lookup("key"); ok {
			list = append(list, leaf{key: name, index: field.Index, tag: field.Tag, typ: field.Type})
		}
	}
	return list
}

// items reads a list of sections as strictly as the file itself.
func (r *reader) items(key string, typ reflect.Type, node *yaml.Node, line int) sections {
	node = resolved(node)
	if isNull(node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		r.fail(line, key, "", "want a list of sections", "begin each one with `- `, or write [{key: value}]")
		return nil
	}
	var list sections
	for i, one := range node.Content {
		list = append(list, r.item(fmt.Sprintf("%s[%d]", key, i), typ.Elem(), resolved(one)))
	}
	return list
}

// item reads the keys of one section of a list.
func (r *reader) item(key string, typ reflect.Type, node *yaml.Node) map[string]any {
	r.origin.lines[key] = node.Line
	if node.Kind != yaml.MappingNode {
		r.problems = append(r.problems, r.notSection(node, key, node.Line))
		return nil
	}
	values, seen := map[string]any{}, map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if twin, ok := seen[strings.ToLower(name.Value)]; ok {
			r.twin(key+".", name, twin)
			continue
		}
		seen[strings.ToLower(name.Value)] = name
		r.itemPair(key, typ, name, value, values)
	}
	return values
}

func (r *reader) itemPair(key string, typ reflect.Type, name, node *yaml.Node, into map[string]any) {
	full, closest := key+"."+name.Value, ""
	distance := len(name.Value) + 100
	for _, l := range itemFields(typ) {
		if d := edits(name.Value, l.key); d < distance {
			closest, distance = l.key, d
		}
		if name.Kind != yaml.ScalarNode || l.key != name.Value {
			continue
		}
		r.origin.lines[full] = name.Line
		if l.isItems() {
			into[l.key] = r.items(full, l.typ, node, name.Line)
			return
		}
		var value any = ""
		if node = resolved(node); !isNull(node) {
			if err := node.Decode(&value); err != nil {
				r.fail(name.Line, full, "", strings.TrimPrefix(err.Error(), "yaml: "), "write a plain value")
				return
			}
		}
		into[l.key] = value
		r.origin.given[full] = shown(value)
		return
	}
	r.fail(name.Line, full, "", "unknown key", fmt.Sprintf("the nearest known key is %q", closest))
}

// itemsFromEnv reads a list of sections from an environment variable: YAML, and so
// JSON as well.
func itemsFromEnv(l leaf, text string, from *origin) (any, []error) {
	var first, second yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(text))
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil || !errors.Is(decoder.Decode(&second), io.EOF) {
		return nil, []error{from.problem(l.key, "want a list of sections in YAML", "write it like [{issuer: …}, …]")}
	}
	own := &origin{file: "environment variable " + l.env(), lines: map[string]int{}, given: map[string]string{}}
	r := &reader{origin: own}
	list := r.items(l.key, l.typ, first.Content[0], 0)
	for key, value := range own.given {
		from.given[key] = value
	}
	return list, r.problems
}

// itemFault is what is wrong with one key of a section.
type itemFault struct{ key, fault string }

// decodeItems turns raw sections into a list of structs.
func decodeItems(key string, typ reflect.Type, raw any, folder string) (reflect.Value, []itemFault) {
	list := reflect.Zero(typ)
	var faults []itemFault
	given, _ := raw.(sections) // whatever else it was is refused already
	for i, values := range given {
		one := reflect.New(typ.Elem()).Elem()
		for _, l := range itemFields(typ.Elem()) {
			at := fmt.Sprintf("%s[%d].%s", key, i, l.key)
			value, there := values[l.key]
			switch {
			case !there || value == "":
			case l.isItems():
				below, more := decodeItems(at, l.typ, value, folder)
				one.FieldByIndex(l.index).Set(below)
				faults = append(faults, more...)
			default:
				decoded, err := l.decode(value, folder)
				if err != nil {
					faults = append(faults, itemFault{at, err.Error()})
					continue
				}
				one.FieldByIndex(l.index).Set(reflect.ValueOf(decoded))
			}
		}
		list = reflect.Append(list, one)
	}
	return list, faults
}

// itemOf is the section of a list that a key belongs to, empty if it is none.
func itemOf(key string) string { return key[:strings.LastIndexByte(key, ']')+1] }
