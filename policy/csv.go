package policy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxFile and maxLine bound what a reading costs. A rule is some 60 bytes, so
	// this is far above any policy that a person keeps.
	maxFile = 16 << 20
	maxLine = 8 << 10
)

// A record is one line of a CSV file that is not blank and no comment.
type record struct {
	line   int
	text   string // the line as it stands, without the blanks around it
	fields []string
}

// readRecords splits a file. Each record is one line, so that a line number says
// all; lines with faults are reported and left out.
func readRecords(data []byte, rep *report) []record {
	if err := checkEncoding(data); err != nil {
		rep.fault(0, "%v", err)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var list []record
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		text := strings.Trim(line, " \t")
		if err := checkLine(text); err != nil {
			rep.fault(n, "%v", err)
			continue
		}
		if text == "" || text[0] == '#' {
			continue
		}
		fields, err := splitFields(text)
		if err != nil {
			rep.fault(n, "%v", err)
			continue
		}
		list = append(list, record{n, text, fields})
	}
	return list
}

func checkEncoding(data []byte) error {
	switch {
	case len(data) > maxFile:
		return fmt.Errorf("the file is larger than %d MiB: give rights to prefixes and roles, not to single names", maxFile>>20)
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return errors.New("the file is UTF-16: save it as UTF-8")
	}
	return nil
}

// checkLine refuses characters that make an editor show another line than the
// one that is read, in comments too: a lone carriage return or a change of
// writing direction could hide a rule, or show one that is not there.
func checkLine(text string) error {
	if len(text) > maxLine {
		return fmt.Errorf("the line is longer than %d bytes: is this a policy?", maxLine)
	}
	if !utf8.ValidString(text) {
		return errors.New("the line is not UTF-8: save the file as UTF-8")
	}
	i := strings.IndexFunc(text, func(r rune) bool { return r != '\t' && isControl(r) })
	if i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return fmt.Errorf("the line holds the control character %U: take it away", r)
	}
	return nil
}

// splitFields reads the fields of one line. Blanks around a field do not count;
// a field in double quotes is taken as it is, "" in it standing for one quote.
func splitFields(line string) ([]string, error) {
	var fields []string
	for {
		line = strings.TrimLeft(line, " \t")
		field, rest, err := cutField(line)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
		if rest == "" {
			return fields, nil
		}
		line = rest[1:] // behind the comma
	}
}

// cutField takes one field off the line; rest is empty or begins with a comma.
func cutField(line string) (field, rest string, err error) {
	if strings.HasPrefix(line, `"`) {
		return cutQuoted(line[1:])
	}
	end := strings.IndexByte(line, ',')
	if end < 0 {
		end = len(line)
	}
	field = strings.TrimRight(line[:end], " \t")
	if strings.Contains(field, `"`) {
		return "", "", fmt.Errorf("field %q has a quote inside: quotes stand around a whole field, and patterns take none", field)
	}
	return field, line[end:], nil
}

func cutQuoted(line string) (field, rest string, err error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(line, '"')
		if i < 0 {
			return "", "", errors.New("a quoted field has no closing quote on this line: close it")
		}
		b.WriteString(line[:i])
		line = line[i+1:]
		if !strings.HasPrefix(line, `"`) {
			break
		}
		b.WriteByte('"')
		line = line[1:]
	}
	rest = strings.TrimLeft(line, " \t")
	if rest != "" && rest[0] != ',' {
		return "", "", fmt.Errorf("text %q follows a closing quote: put a comma between two fields", rest)
	}
	return b.String(), rest, nil
}

// joinFields writes one line that splitFields reads back.
func joinFields(fields ...string) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		if f == "" || strings.ContainsAny(f, "\",#") || strings.Trim(f, " \t") != f {
			f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
		}
		b.WriteString(f)
	}
	return b.String()
}
