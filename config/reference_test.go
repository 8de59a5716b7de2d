package config

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the reference in docs/config.md")

const (
	referenceFile  = "../docs/config.md"
	referenceBegin = "<!-- reference: generated from config/config.go by `go generate ./config`; do not edit -->\n"
	referenceEnd   = "<!-- end of reference -->\n"
)

// The reference is what the structs say: every key with its type, default,
// environment variable and meaning.
func TestReferenceCoversEveryKey(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(page), referenceBegin)
	have, after, ended := strings.Cut(rest, referenceEnd)
	if !begun || !ended {
		t.Fatalf("%s has no generated part", referenceFile)
	}
	want := reference(t)
	if *update {
		content := before + referenceBegin + want + referenceEnd + after
		if err := os.WriteFile(referenceFile, []byte(content), 0o644); err != nil { // #nosec G306 -- a page for all to read
			t.Fatal(err)
		}
		return
	}
	if have != want {
		t.Errorf("%s is not what config.go says: run go generate ./config", referenceFile)
	}
}

// reference writes the generated part of the page.
func reference(t *testing.T) string {
	t.Helper()
	comments := fieldComments(t)
	var b strings.Builder
	section := ""
	for _, l := range leaves() {
		if at := strings.LastIndex(l.key, "."); at >= 0 && l.key[:at] != section {
			section = l.key[:at]
			fmt.Fprintf(&b, "\n### %s\n\n%s\n", section, meaning(t, comments, section))
		} else if at < 0 && section != "" {
			section = ""
		}
		fmt.Fprintf(&b, "\n**`%s`** %s\n", l.key, traits(l))
		fmt.Fprintf(&b, "<br>%s\n", meaning(t, comments, l.key))
		if l.isItems() {
			writeItems(t, &b, comments, l)
		}
	}
	return b.String() + "\n"
}

// writeItems writes the keys of a list's sections.
func writeItems(t *testing.T, b *strings.Builder, comments map[string]string, list leaf) {
	t.Helper()
	fmt.Fprintf(b, "\nThe keys of each section of `%s`:\n", list.key)
	for _, l := range itemFields(list.typ.Elem()) {
		name := list.typ.Elem().Name() + "." + list.typ.Elem().FieldByIndex(l.index).Name
		fmt.Fprintf(b, "\n**`%s[].%s`** %s\n<br>%s\n", list.key, l.key, strings.TrimSuffix(traits(l), " · `"+l.env()+"`"), worded(t, comments, name))
	}
}

// traits are a key's type, default and variable.
func traits(l leaf) string {
	list := []string{l.tag.Get("kind")}
	switch fallback, required := l.tag.Get("default"), l.tag.Get("required"); {
	case fallback != "":
		list = append(list, "default `"+fallback+"`")
	case required == "always":
		list = append(list, "required")
	case required != "":
		list = append(list, "required "+required)
	default:
		list = append(list, "default: none")
	}
	return strings.Join(append(list, "`"+l.env()+"`"), " · ")
}

// meaning is the comment over the field of a key or section, without the field's
// name in front.
func meaning(t *testing.T, comments map[string]string, key string) string {
	t.Helper()
	typ, field := reflect.TypeFor[Config](), reflect.StructField{}
	for word := range strings.SplitSeq(key, ".") {
		for f := range typ.Fields() {
			if f.Tag.Get("key") == word {
				field = f
			}
		}
		if field.Tag.Get("key") != word {
			t.Fatalf("no field for key %s", key)
		}
		key, typ = typ.Name()+"."+field.Name, field.Type
	}
	return worded(t, comments, key)
}

// worded is the comment of a field, named Struct.Field, without the field's name.
func worded(t *testing.T, comments map[string]string, name string) string {
	t.Helper()
	text := comments[name]
	if text == "" {
		t.Errorf("field %s has no comment", name)
	}
	text = regexp.MustCompile(`^`+name[strings.IndexByte(name, '.')+1:]+` (is |are |(says|say|holds|makes) )`).ReplaceAllString(text, "$2 ")
	text = strings.TrimSpace(text)
	return strings.ToUpper(text[:1]) + text[1:]
}

// fieldComments reads the comments of config.go, by struct and field.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if structure, isStruct := spec.Type.(*ast.StructType); isStruct {
			for _, field := range structure.Fields.List {
				for _, name := range field.Names {
					comments[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
				}
			}
		}
		return true
	})
	return comments
}

// The example of the page is a config that loads.
func TestExampleOfTheReferenceLoads(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) == 0 {
		t.Fatal("the page has no example")
	}
	for _, example := range examples {
		if _, err := Load(write(t, example[1])); err != nil {
			t.Errorf("%s\n%v", example[1], err)
		}
	}
}
