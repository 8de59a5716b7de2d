package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"mlgate/auth/store"
)

// kindSession names sessions in memory and in the log.
const kindSession = "session"

// sessions implements store.Sessions. A session is a key that goes by itself; sorted
// sets list those of a user and of a login by their end. The record itself says when it ends, by the
// clock of who reads it.
type sessions struct{ db *DB }

// nameOf is the session's in memory, in the log and in the sets.
func nameOf(hash store.SessionHash) name { return name{kindSession, hash.String()} }

// keysOf are the keys that a script needs to write or remove a session.
func (s sessions) keysOf(session *store.Session) []string {
	names := []string{"session:" + nameOf(session.Hash).id, "sessions:" + session.User}
	if session.Provider != "" {
		names = append(names, subjects(session.Provider, session.Subject))
		if session.SID != "" {
			names = append(names, sids(session.Provider, session.SID))
		}
	}
	return s.db.keys(names...)
}

func subjects(provider, subject string) string { return "subject:" + provider + "\x00" + subject }
func sids(provider, sid string) string         { return "sid:" + provider + "\x00" + sid }

// live is how long Redis has to keep a session: a bit longer than it counts.
func (s sessions) live(session *store.Session) int64 {
	return max(session.Expires.Sub(s.db.now()).Milliseconds()+1, 1)
}

// Put implements store.Sessions. No memory has to learn of it: that there is no such
// session is not remembered.
func (s sessions) Put(ctx context.Context, session *store.Session) error {
	if session.User == "" || session.Hash == (store.SessionHash{}) {
		return errors.New("put session: hash and user must not be empty")
	}
	data, err := store.EncodeSession(session)
	if err != nil {
		return fmt.Errorf("put session: %w", err)
	}
	reply, err := s.db.run(ctx, s.db.scripts.sessionPut, s.keysOf(session),
		newMark(), nameOf(session.Hash).id, data, session.Version, s.live(session), s.db.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("put session: %w", err)
	}
	if reply != int64(1) {
		return fmt.Errorf("put session: %w", store.ErrExists)
	}
	return nil
}

// Get implements store.Sessions.
func (s sessions) Get(ctx context.Context, hash store.SessionHash) (*store.Session, error) {
	session, err := recall(ctx, s.db, nameOf(hash), func(ctx context.Context) (*store.Session, string, error) { return s.read(ctx, hash) })
	if err == nil && !s.db.now().Before(session.Expires) {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get session: %w", err)
	}
	return session, nil
}

// read asks Redis, and for the newest change at that moment.
func (s sessions) read(ctx context.Context, hash store.SessionHash) (session *store.Session, last string, err error) {
	reply, err := s.db.run(ctx, s.db.scripts.sessionGet, s.db.keys("session:"+nameOf(hash).id))
	if err != nil {
		return nil, "", err
	}
	list, _ := reply.([]any)
	if len(list) != 2 {
		return nil, "", errors.New("unexpected answer of Redis")
	}
	last, _ = list[0].(string)
	text, there := list[1].(string)
	if there {
		session = store.DecodeSession(hash, []byte(text))
	}
	if session == nil || !s.db.now().Before(session.Expires) {
		return nil, last, store.ErrNotFound
	}
	return session, last, nil
}

// Replace implements store.Sessions.
func (s sessions) Replace(ctx context.Context, next *store.Session) error {
	old, _, err := s.read(ctx, next.Hash)
	switch {
	case err != nil:
		return fmt.Errorf("replace session: %w", err)
	case old.User != next.User || old.Provider != next.Provider || old.Subject != next.Subject || old.SID != next.SID:
		return errors.New("replace session: it must stay the same person's and login's")
	}
	data, err := store.EncodeSession(next)
	if err != nil {
		return fmt.Errorf("replace session: %w", err)
	}
	done, err := s.db.change(ctx, s.db.scripts.sessionReplace, s.keysOf(next), nameOf(next.Hash), next.Version-1, data, next.Version, s.live(next), s.db.now().UnixMilli())
	if err == nil && done != 1 {
		err = store.ErrNotFound
		if done == 2 {
			err = store.ErrChanged
		}
	}
	if err != nil {
		return fmt.Errorf("replace session: %w", err)
	}
	return nil
}

// Delete implements store.Sessions. It returns when no replica answers the session
// from memory any more.
func (s sessions) Delete(ctx context.Context, hash store.SessionHash) error {
	session, _, err := s.read(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		session, err = &store.Session{Hash: hash}, nil // another Delete may be waiting still
	}
	var done int64
	if err == nil {
		done, err = s.db.change(ctx, s.db.scripts.sessionDelete, s.keysOf(session), nameOf(hash))
	}
	if err == nil && (done != 1 || session.User == "") {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// ListOf implements store.Sessions.
func (s sessions) ListOf(ctx context.Context, user string) ([]*store.Session, error) {
	list, err := s.members(ctx, "sessions:"+user)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	list = slices.DeleteFunc(list, func(one *store.Session) bool { return one.User != user })
	slices.SortFunc(list, func(a, b *store.Session) int {
		return cmp.Or(a.Created.Compare(b.Created), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	return list, nil
}

// members reads the sessions that a set lists and that are still there.
func (s sessions) members(ctx context.Context, set string) ([]*store.Session, error) {
	reply, err := s.db.run(ctx, s.db.scripts.sessionList, s.db.keys(set))
	if err != nil {
		return nil, err
	}
	ids, _ := reply.([]any)
	var list []*store.Session
	for _, id := range ids {
		text, _ := id.(string)
		hash, err := store.ParseSessionHash(text)
		if err != nil {
			continue
		}
		one, _, err := s.read(ctx, hash)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// DeleteOf implements store.Sessions.
func (s sessions) DeleteOf(ctx context.Context, login store.Login) (int, error) {
	set := subjects(login.Provider, login.Subject)
	if login.SID != "" {
		set = sids(login.Provider, login.SID)
	}
	list, err := s.members(ctx, set)
	if err != nil {
		return 0, fmt.Errorf("delete sessions: %w", err)
	}
	n := 0
	for _, one := range list {
		if !login.Covers(one) {
			continue
		}
		err := s.Delete(ctx, one.Hash)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// all reads every session, and gives the names of all their keys: also of those that
// this version cannot read.
func (s sessions) all(ctx context.Context) (list []*store.Session, keys []string, err error) {
	prefix := s.db.key("session:") // no pattern of its own: config refuses such prefixes
	found := map[string]bool{}     // a scan may tell of one twice
	scan := func(ctx context.Context, client goredis.Cmdable) error {
		for cursor := uint64(0); ; {
			names, next, err := client.Scan(ctx, cursor, prefix+"*", 1000).Result()
			if err != nil {
				return unavailable(ctx, err)
			}
			for _, name := range names {
				found[name] = true
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	}
	if cluster, ok := s.db.client.(*goredis.ClusterClient); ok {
		var mu sync.Mutex // of found
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			return scan(ctx, node)
		})
	} else {
		err = scan(ctx, s.db.client)
	}
	if err != nil {
		return nil, nil, err
	}
	for name := range found {
		keys = append(keys, name)
		hash, err := store.ParseSessionHash(strings.TrimPrefix(name, prefix))
		if err != nil {
			continue
		}
		one, _, err := s.read(ctx, hash)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return nil, nil, err
		default:
			list = append(list, one)
		}
	}
	return list, keys, nil
}
