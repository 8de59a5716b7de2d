package redis

import (
	"context"
	"errors"

	goredis "github.com/redis/go-redis/v9"

	"mlgate/auth/store"
)

// What every kind of record that may be remembered needs: to be read through memory,
// and to be changed so that nobody remembers what was.

// key is the name of a key in Redis.
func (db *DB) key(name string) string { return db.prefix + name }

// keys are the names of several.
func (db *DB) keys(names ...string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = db.key(n)
	}
	return list
}

// recall answers a record from memory, or reads it, with the newest change at that
// moment, and remembers it. That there is none is not remembered.
func recall[R any](ctx context.Context, db *DB, n name, read func(context.Context) (R, string, error)) (R, error) {
	var none R
	if err := ctx.Err(); err != nil {
		return none, err
	}
	l := db.lease
	if record, ok := l.memory.lookup(n); ok {
		return record.(R), nil
	}
	record, last, err := read(ctx)
	if errors.Is(err, store.ErrUnavailable) && l.grace > 0 {
		if old, ok := l.memory.within(n, l.grace); ok {
			return old.(R), nil
		}
	}
	if err != nil {
		return none, err
	}
	l.memory.keep(n, record, last)
	return record, nil
}

// change runs a script that changes or removes a record, and waits until it is in
// nobody's memory any more. The script gets a mark, the channel, the record's name in
// the log and its id before args, and answers what it did, the number of the last
// change, and what is pending. done is 1 if it changed a record. Without an id all of
// the kind, and more, is dropped.
func (db *DB) change(ctx context.Context, s *goredis.Script, keys []string, n name, args ...any) (done int64, err error) {
	args = append([]any{newMark(), db.channel, n.kind + ":" + n.id, n.id}, args...)
	reply, err := db.run(ctx, s, keys, args...)
	if err != nil {
		return 0, err
	}
	list, _ := reply.([]any)
	if len(list) != 3 {
		return 0, errors.New("unexpected answer of Redis")
	}
	done, _ = list[0].(int64)
	number, _ := list[1].(int64)
	return done, db.settled(ctx, number, parsePending(list[2]))
}

// found is the error of a change to a record that has to be there.
func found(done int64, err error) error {
	if err == nil && done != 1 {
		return store.ErrNotFound
	}
	return err
}
