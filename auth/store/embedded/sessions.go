package embedded

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"mlgate/auth/store"
)

// sweepEvery is how often, at most, expired sessions leave the file.
const sweepEvery = time.Minute

func sessionsBucket() []byte { return []byte("sessions") }

// sessions implements store.Sessions over the file and a copy in memory. The
// file is the truth; memory changes only after it has.
type sessions struct {
	bolt *bolt.DB
	now  func() time.Time

	writing sync.Mutex // orders changes; also guards swept
	swept   time.Time

	mu     sync.RWMutex // never held during disk access
	byHash map[store.SessionHash]*store.Session
}

// loadSessions reads what has not expired. A record that this version cannot
// read is passed over: its owner signs in again.
func loadSessions(b *bolt.DB, now func() time.Time) (*sessions, error) {
	s := &sessions{bolt: b, now: now, byHash: map[store.SessionHash]*store.Session{}}
	err := b.View(func(tx *bolt.Tx) error {
		return tx.Bucket(sessionsBucket()).ForEach(func(hash, data []byte) error {
			if s.lives(hash, data) {
				s.byHash[store.SessionHash(hash)] = store.DecodeSession(store.SessionHash(hash), data)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return s, nil
}

// lives reports whether a record is one of a session that has not expired.
func (s *sessions) lives(hash, data []byte) bool {
	if len(hash) != len(store.SessionHash{}) {
		return false
	}
	session := store.DecodeSession(store.SessionHash(hash), data)
	return session != nil && s.now().Before(session.Expires)
}

// reload reads the sessions of the file into memory. It runs under writing.
func (s *sessions) reload() error {
	fresh, err := loadSessions(s.bolt, s.now)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byHash = fresh.byHash
	return nil
}

// Put implements store.Sessions.
func (s *sessions) Put(ctx context.Context, session *store.Session) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("put session: %w", err)
	}
	if session.User == "" || session.Hash == (store.SessionHash{}) {
		return errors.New("put session: hash and user must not be empty")
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.sweep()
	if s.find(session.Hash) != nil {
		return fmt.Errorf("put session: %w", store.ErrExists)
	}
	return s.write(session)
}

// Get implements store.Sessions.
func (s *sessions) Get(ctx context.Context, hash store.SessionHash) (*store.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get session: %w", err)
	}
	if found := s.find(hash); found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("get session: %w", store.ErrNotFound)
}

// find returns the session of a hash unless it has expired.
func (s *sessions) find(hash store.SessionHash) *store.Session {
	s.mu.RLock()
	found := s.byHash[hash]
	s.mu.RUnlock()
	if found == nil || !s.now().Before(found.Expires) {
		return nil
	}
	return found
}

// Replace implements store.Sessions.
func (s *sessions) Replace(ctx context.Context, next *store.Session) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("replace session: %w", err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	old := s.find(next.Hash)
	switch {
	case old == nil:
		return fmt.Errorf("replace session: %w", store.ErrNotFound)
	case old.Version+1 != next.Version:
		return fmt.Errorf("replace session: %w", store.ErrChanged)
	case old.User != next.User || old.Provider != next.Provider || old.Subject != next.Subject || old.SID != next.SID:
		return errors.New("replace session: it must stay the same person's and login's")
	}
	return s.write(next)
}

// write runs under writing.
func (s *sessions) write(session *store.Session) error {
	data, err := store.EncodeSession(session)
	if err == nil {
		err = s.bolt.Update(func(tx *bolt.Tx) error { return tx.Bucket(sessionsBucket()).Put(session.Hash[:], data) })
	}
	if err != nil {
		return fmt.Errorf("write session: %w", err)
	}
	own := *session
	own.Groups, own.Sealed = slices.Clone(session.Groups), bytes.Clone(session.Sealed)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byHash[own.Hash] = &own
	return nil
}

// Delete implements store.Sessions.
func (s *sessions) Delete(ctx context.Context, hash store.SessionHash) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.find(hash) == nil {
		return fmt.Errorf("delete session: %w", store.ErrNotFound)
	}
	return s.remove([]store.SessionHash{hash})
}

// DeleteOf implements store.Sessions.
func (s *sessions) DeleteOf(ctx context.Context, login store.Login) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("delete sessions: %w", err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	hashes := s.those(login.Covers)
	return len(hashes), s.remove(hashes)
}

// remove runs under writing: file first, then memory.
func (s *sessions) remove(hashes []store.SessionHash) error {
	if len(hashes) == 0 {
		return nil
	}
	err := s.bolt.Update(func(tx *bolt.Tx) error {
		for _, hash := range hashes {
			if err := tx.Bucket(sessionsBucket()).Delete(hash[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete sessions: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, hash := range hashes {
		delete(s.byHash, hash)
	}
	return nil
}

// sweep removes what has expired, once a minute at most. It runs under writing;
// what fails is tried again with the next one.
func (s *sessions) sweep() {
	now := s.now()
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	_ = s.remove(s.those(func(session *store.Session) bool { return !now.Before(session.Expires) }))
}

func (s *sessions) those(match func(*store.Session) bool) []store.SessionHash {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var hashes []store.SessionHash
	for hash, session := range s.byHash {
		if match(session) {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// ListOf implements store.Sessions.
func (s *sessions) ListOf(ctx context.Context, user string) ([]*store.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*store.Session
	for _, session := range s.byHash {
		if session.User == user && now.Before(session.Expires) {
			list = append(list, session)
		}
	}
	slices.SortFunc(list, func(a, b *store.Session) int {
		return cmp.Or(a.Created.Compare(b.Created), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	return list, nil
}
