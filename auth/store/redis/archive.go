package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"mlgate/auth/store"
)

// Export implements store.Archive.
func (db *DB) Export(ctx context.Context) ([]store.Item, error) {
	keys, tokens, err := db.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	var items []store.Item
	for name, key := range keys {
		items = append(items, store.Item{Kind: store.KindKey, ID: name, Data: []byte(key)})
	}
	for id, columns := range tokens {
		token, err := decode(id, columns)
		if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		data, err := store.EncodeToken(token)
		if err != nil {
			return nil, fmt.Errorf("export: token %s: %w", id, err)
		}
		items = append(items, store.Item{Kind: store.KindToken, ID: id, Data: data})
	}
	people, _, err := sessions{db}.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	for _, session := range people {
		data, err := store.EncodeSession(session)
		if err != nil {
			return nil, fmt.Errorf("export: a session: %w", err)
		}
		items = append(items, store.Item{Kind: store.KindSession, ID: session.Hash.String(), Data: data})
	}
	slices.SortFunc(items, func(a, b store.Item) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	return items, nil
}

// all reads keys, and tokens with their columns.
func (db *DB) all(ctx context.Context) (map[string]string, map[string][]any, error) {
	hashes := map[string]map[string]string{}
	for _, name := range []string{"keys", "tokens", "used", "ends"} {
		found, err := db.hash(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		hashes[name] = found
	}
	tokens := map[string][]any{}
	for id, record := range hashes["tokens"] {
		columns := []any{record, nil, nil}
		for i, name := range []string{"used", "ends"} {
			if text, ok := hashes[name][id]; ok {
				columns[i+1] = text
			}
		}
		tokens[id] = columns
	}
	return hashes["keys"], tokens, nil
}

// hash reads one hash, in parts: it may be large. It runs in a command and not for
// a request, so it may take as long as it takes.
func (db *DB) hash(ctx context.Context, name string) (map[string]string, error) {
	found := map[string]string{}
	for cursor := uint64(0); ; {
		pairs, next, err := db.client.HScan(ctx, db.key(name), cursor, "", 1000).Result()
		if err != nil {
			return nil, unavailable(ctx, err)
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			found[pairs[i]] = pairs[i+1]
		}
		if cursor = next; cursor == 0 {
			return found, nil
		}
	}
}

// Import implements store.Archive. Replicas that run forget what they remember.
func (db *DB) Import(ctx context.Context, items []store.Item, replace bool) error {
	keys, tokens, err := db.all(ctx)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	people, names, err := sessions{db}.all(ctx)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if len(keys)+len(tokens)+len(names) > 0 {
		if !replace {
			return fmt.Errorf("import: %w", store.ErrNotEmpty)
		}
		if err := db.clear(ctx, tokens, people, names); err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	for _, item := range items {
		if err := db.importItem(ctx, item); err != nil {
			return fmt.Errorf("import: %s %s: %w", item.Kind, item.ID, err)
		}
	}
	return nil
}

func (db *DB) importItem(ctx context.Context, item store.Item) error {
	switch item.Kind {
	case store.KindKey:
		got, err := keys{db}.keep(ctx, item.ID, item.Data)
		if err == nil && got != string(item.Data) {
			err = store.ErrExists
		}
		return err
	case store.KindToken:
		token, err := store.DecodeToken(item.ID, item.Data)
		if err != nil {
			return err
		}
		return db.Tokens().Put(ctx, token)
	case store.KindSession:
		hash, err := store.ParseSessionHash(item.ID)
		if err != nil {
			return err
		}
		session := store.DecodeSession(hash, item.Data)
		if session == nil {
			return errors.New("the session cannot be read")
		}
		if !db.now().Before(session.Expires) {
			return nil
		}
		return db.Sessions().Put(ctx, session)
	}
	return fmt.Errorf("unknown kind")
}

// clear removes all tokens, sessions and keys, and waits until nobody remembers one.
func (db *DB) clear(ctx context.Context, old map[string][]any, people []*store.Session, names []string) error {
	names = append(names, db.keys("tokens", "used", "ends", "marks", "keys")...)
	owners := map[string]bool{}
	for id, columns := range old {
		token, err := decode(id, columns)
		if err != nil {
			return err
		}
		owners[token.Owner] = true
	}
	for owner := range owners {
		names = append(names, db.key("owner:"+owner))
	}
	for _, session := range people {
		names = append(names, sessions{db}.keysOf(session)...)
	}
	return found(db.change(ctx, db.scripts.clear, names, name{kindToken, ""}))
}
