package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// decode turns a raw value, a string where it comes from the environment, into
// the type of the key's field. The error says what was expected.
func (l leaf) decode(raw any, folder string) (any, error) {
	switch l.typ {
	case reflect.TypeFor[int]():
		return decodeInt(raw)
	case reflect.TypeFor[bool]():
		return decodeBool(raw)
	case reflect.TypeFor[time.Duration]():
		return decodeDuration(raw)
	case reflect.TypeFor[*url.URL]():
		return decodeURL(raw)
	case reflect.TypeFor[[]netip.Prefix]():
		return decodePrefixes(raw)
	case reflect.TypeFor[[]string]():
		return decodeList(raw)
	case reflect.TypeFor[Mode]():
		text, err := decodeText(raw)
		return Mode(text), err
	}
	text, err := decodeText(raw)
	if err == nil && l.tag.Get("kind") == "path" {
		text = fromFolder(folder, text)
	}
	return text, err
}

// fromFolder makes a path count from the folder of the config file, not from
// wherever the process happens to stand.
func fromFolder(folder, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

func decodeText(raw any) (string, error) {
	text, ok := raw.(string)
	if !ok {
		return "", fmt.Errorf("want text, got %s", typeName(raw))
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("want text without control characters")
	}
	return text, nil
}

func decodeInt(raw any) (int, error) {
	if number, ok := raw.(int); ok {
		return number, nil
	}
	return 0, fmt.Errorf("want a whole number, got %s", typeName(raw))
}

func decodeBool(raw any) (bool, error) {
	if yes, ok := raw.(bool); ok {
		return yes, nil
	}
	return false, fmt.Errorf("want true or false, got %s", typeName(raw))
}

func decodeDuration(raw any) (time.Duration, error) {
	text, ok := raw.(string)
	if !ok {
		return 0, fmt.Errorf("want a duration with its unit, like 8760h, got %s", typeName(raw))
	}
	duration, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("want a duration like 30m, 12h or 8760h")
	}
	return duration, nil
}

func decodeURL(raw any) (*url.URL, error) {
	text, err := decodeText(raw)
	if err != nil || text == "" {
		return nil, err
	}
	parsed, err := url.Parse(text)
	if err != nil {
		// The parser's own words would repeat the URL with any password in it.
		return nil, fmt.Errorf("want a URL like http://127.0.0.1:5000")
	}
	return parsed, nil
}

func decodeList(raw any) ([]string, error) {
	items, ok := raw.([]any)
	if !ok {
		if text, isText := raw.(string); isText && text == "" {
			return nil, nil
		}
		return nil, fmt.Errorf("want a list like [a, b], got %s", typeName(raw))
	}
	if len(items) == 0 {
		return nil, nil
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		text, err := decodeText(item)
		if err != nil {
			return nil, fmt.Errorf("item %s: %w", shown(item), err)
		}
		if strings.TrimSpace(text) == "" {
			return nil, fmt.Errorf("want a list without empty items")
		}
		list = append(list, strings.TrimSpace(text))
	}
	return list, nil
}

func decodePrefixes(raw any) ([]netip.Prefix, error) {
	list, err := decodeList(raw)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	prefixes := make([]netip.Prefix, 0, len(list))
	for _, item := range list {
		prefix, err := decodePrefix(item)
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// decodePrefix reads an address or a network. A network with host bits set, like
// 10.1.2.3/8, is refused: it covers far more than it seems to say.
func decodePrefix(item string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(item); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(item)
	if err != nil {
		return prefix, fmt.Errorf("item %q: want an address like 10.0.0.7 or a network like 10.0.0.0/8", item)
	}
	if prefix != prefix.Masked() {
		return prefix, fmt.Errorf("item %q: want a network without host bits, like %s", item, prefix.Masked())
	}
	return prefix, nil
}

func typeName(raw any) string {
	switch raw.(type) {
	case string:
		return "text"
	case int, int64, uint64:
		return "a number"
	case float64:
		return "a fraction"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any, map[any]any:
		return "a section"
	case time.Time:
		return "a date"
	}
	return fmt.Sprintf("%T", raw)
}
