package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mlgate/auth/store"
)

// The archive of a state store: JSON lines. The first says which form, the last how
// many lines stand between and what everything before it hashes to, so that a file
// that was cut short or changed by hand is noticed.
const archiveForm = 1

type archiveHead struct {
	Form     int       `json:"mlgate_state"`
	Exported time.Time `json:"exported_at"`
	Kind     string    `json:"from"`
}

type archiveLine struct {
	Kind string         `json:"kind"`
	ID   string         `json:"id"`
	Data jsontext.Value `json:"data"`
}

type archiveEnd struct {
	Items int    `json:"items"`
	Sum   string `json:"sha256"`
}

// writeArchive gives the content of an archive.
func writeArchive(items []store.Item, kind string, now time.Time) ([]byte, error) {
	var out bytes.Buffer
	if err := appendLine(&out, archiveHead{archiveForm, now.UTC().Truncate(time.Second), kind}); err != nil {
		return nil, err
	}
	for _, item := range items {
		line := archiveLine{item.Kind, item.ID, jsontext.Value(item.Data)}
		if item.Kind == store.KindKey {
			data, err := json.Marshal(item.Data) // base64
			if err != nil {
				return nil, err
			}
			line.Data = data
		}
		if err := appendLine(&out, line); err != nil {
			return nil, fmt.Errorf("%s %s: %w", item.Kind, item.ID, err)
		}
	}
	end := archiveEnd{len(items), hashOf(out.Bytes())}
	err := appendLine(&out, end)
	return out.Bytes(), err
}

func appendLine(out *bytes.Buffer, line any) error {
	data, err := json.Marshal(line)
	out.Write(append(data, '\n'))
	return err
}

// readArchive reads an archive whole, before anything is done with it. What this
// version does not know it refuses: an overlooked limit would widen a token.
func readArchive(content []byte) ([]store.Item, error) {
	lines := bytes.SplitAfter(content, []byte{'\n'})
	if len(lines) < 3 || len(lines[len(lines)-1]) > 0 {
		return nil, errors.New("it is no archive of mlgate, or was cut short")
	}
	lines = lines[:len(lines)-1]
	var head archiveHead
	var end archiveEnd
	if err := json.Unmarshal(lines[0], &head, json.RejectUnknownMembers(true)); err != nil || head.Form == 0 {
		return nil, errors.New("line 1: it is no archive of mlgate")
	}
	if head.Form != archiveForm {
		return nil, fmt.Errorf("line 1: its form is %d, this mlgate reads %d", head.Form, archiveForm)
	}
	last := lines[len(lines)-1]
	if err := json.Unmarshal(last, &end, json.RejectUnknownMembers(true)); err != nil {
		return nil, errors.New("its last line is missing: it was cut short")
	}
	sum := sha256.Sum256(content[:len(content)-len(last)])
	if end.Items != len(lines)-2 || end.Sum != hex.EncodeToString(sum[:]) {
		return nil, errors.New("it was changed or damaged since it was written: its checksum is wrong")
	}
	items := make([]store.Item, 0, end.Items)
	for i, line := range lines[1 : len(lines)-1] {
		item, err := readItem(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		items = append(items, item)
	}
	return items, nil
}

func readItem(line []byte) (store.Item, error) {
	var l archiveLine
	if err := json.Unmarshal(line, &l, json.RejectUnknownMembers(true)); err != nil {
		return store.Item{}, errors.New("it cannot be read") // the parser would quote it
	}
	item := store.Item{Kind: l.Kind, ID: l.ID, Data: l.Data}
	switch l.Kind {
	case store.KindToken:
		_, err := store.DecodeToken(l.ID, l.Data)
		return item, err
	case store.KindSession:
		hash, err := store.ParseSessionHash(l.ID)
		if err == nil && store.DecodeSession(hash, l.Data) == nil {
			err = errors.New("the session cannot be read")
		}
		return item, err
	case store.KindKey:
		item.Data = nil
		if err := json.Unmarshal(l.Data, &item.Data); err != nil || len(item.Data) == 0 {
			return item, errors.New("the key cannot be read")
		}
		return item, nil
	}
	return item, fmt.Errorf("unknown kind %q: it is of a later version of mlgate", l.Kind)
}
