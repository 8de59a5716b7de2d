package config

import (
	"reflect"
	"strings"
)

// envPrefix begins every environment variable that mlgate reads.
const envPrefix = "MLGATE_"

// leaf is one key that takes a value, with the field that it sets.
type leaf struct {
	key   string // dotted
	index []int  // of the field, from Config
	tag   reflect.StructTag
	typ   reflect.Type
}

// leaves lists every key of this version in the order of the structs. The
// structs are the one place where keys are defined; all else derives from here.
func leaves() []leaf {
	return leavesOf(reflect.TypeFor[Config](), "", nil)
}

func leavesOf(typ reflect.Type, prefix string, index []int) []leaf {
	var found []leaf
	for field := range typ.Fields() {
		name, ok := field.Tag.Lookup("key")
		if !ok {
			continue
		}
		path := append(append([]int{}, index...), field.Index...)
		if _, isLeaf := field.Tag.Lookup("kind"); !isLeaf {
			found = append(found, leavesOf(field.Type, prefix+name+".", path)...)
			continue
		}
		found = append(found, leaf{key: prefix + name, index: path, tag: field.Tag, typ: field.Type})
	}
	return found
}

// env is the environment variable of a key.
func (l leaf) env() string { return envName(l.key) }

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// laterKeys belong to versions of mlgate that are not built yet. They are
// refused like any unknown key, with a better explanation.
func laterKeys() []string {
	return []string{
		"naming", "governance",
	}
}

// isLater reports whether key is one of [laterKeys] or below one.
func isLater(key string) bool {
	for _, later := range laterKeys() {
		if key == later || strings.HasPrefix(key, later+".") {
			return true
		}
	}
	return false
}

// isSection reports whether key has keys below it.
func isSection(key string) bool {
	for _, l := range leaves() {
		if strings.HasPrefix(l.key, key+".") {
			return true
		}
	}
	return false
}

// isLeaf reports whether key takes a value.
func isLeaf(key string) bool {
	for _, l := range leaves() {
		if l.key == key {
			return true
		}
	}
	return false
}
