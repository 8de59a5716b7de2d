package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"mlgate/auth/store"
)

// kindToken names tokens in memory and in the log.
const kindToken = "token"

// tokens implements store.Tokens.
type tokens struct{ db *DB }

// Put implements store.Tokens. No memory has to learn of it: ids are used once,
// and that there is no such token is not remembered.
func (t tokens) Put(ctx context.Context, token *store.Token) error {
	if token.ID == "" || token.Owner == "" {
		return errors.New("put token: id and owner must not be empty")
	}
	data, err := store.EncodeToken(token)
	if err != nil {
		return fmt.Errorf("put token %s: %w", token.ID, err)
	}
	reply, err := t.db.run(ctx, t.db.scripts.put, t.db.keys("tokens", "marks", "owner:"+token.Owner), newMark(), token.ID, data)
	if err != nil {
		return fmt.Errorf("put token %s: %w", token.ID, err)
	}
	if reply != int64(1) {
		return fmt.Errorf("put token %s: %w", token.ID, store.ErrExists)
	}
	return nil
}

// Get implements store.Tokens.
func (t tokens) Get(ctx context.Context, id string) (*store.Token, error) {
	token, err := recall(ctx, t.db, name{kindToken, id}, func(ctx context.Context) (*store.Token, string, error) { return t.read(ctx, id) })
	if err != nil {
		return nil, fmt.Errorf("get token %s: %w", id, err)
	}
	return token, nil
}

// read asks Redis, and for the newest change at that moment.
func (t tokens) read(ctx context.Context, id string) (token *store.Token, last string, err error) {
	reply, err := t.db.run(ctx, t.db.scripts.get, t.db.keys("tokens", "used", "ends"), id)
	if err != nil {
		return nil, "", err
	}
	list, _ := reply.([]any)
	if len(list) != 4 {
		return nil, "", errors.New("unexpected answer of Redis")
	}
	last, _ = list[0].(string)
	if list[1] == nil {
		return nil, last, store.ErrNotFound
	}
	token, err = decode(id, list[1:])
	return token, last, err
}

// decode reads a record, and what is kept beside it because it changes: last use
// and an earlier end.
func decode(id string, columns []any) (*store.Token, error) {
	text, _ := columns[0].(string)
	token, err := store.DecodeToken(id, []byte(text))
	if err != nil {
		return nil, err
	}
	used, usedErr := moment(columns[1])
	end, endErr := moment(columns[2])
	if err := errors.Join(usedErr, endErr); err != nil {
		return nil, fmt.Errorf("token %s: a time is malformed: %w", id, err)
	}
	if !used.IsZero() {
		token.LastUsed = used
	}
	if !end.IsZero() && end.Before(token.Expires) {
		token.Expires = end
	}
	return token, nil
}

// moment reads microseconds; nil is the zero time.
func moment(column any) (time.Time, error) {
	text, ok := column.(string)
	if !ok {
		return time.Time{}, nil
	}
	micro, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMicro(micro).UTC(), err
}

// List implements store.Tokens.
func (t tokens) List(ctx context.Context, owner string) ([]*store.Token, error) {
	reply, err := t.db.run(ctx, t.db.scripts.list, t.db.keys("tokens", "used", "ends", "owner:"+owner))
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	rows, _ := reply.([]any)
	var list []*store.Token
	for _, row := range rows {
		columns, _ := row.([]any)
		if len(columns) != 4 {
			return nil, errors.New("list tokens: unexpected answer of Redis")
		}
		id, _ := columns[0].(string)
		token, err := decode(id, columns[1:])
		if err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		list = append(list, token)
	}
	slices.SortFunc(list, func(a, b *store.Token) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Delete implements store.Tokens. It returns when no replica answers the token
// from memory any more, which takes up to a second if one of them is not there.
// A token that is gone already is waited for in the same way.
func (t tokens) Delete(ctx context.Context, id string) error {
	owner := ""
	token, _, err := t.read(ctx, id)
	switch {
	case err == nil:
		owner = token.Owner // it never changes, so it may be read before
	case !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("delete token %s: %w", id, err)
	}
	err = found(t.db.change(ctx, t.db.scripts.del, t.db.keys("tokens", "used", "ends", "marks", "owner:"+owner), name{kindToken, id}))
	if err != nil {
		return fmt.Errorf("delete token %s: %w", id, err)
	}
	return nil
}

// Expire implements store.Tokens. It holds as a Delete does.
func (t tokens) Expire(ctx context.Context, id string, end time.Time) error {
	err := found(t.db.change(ctx, t.db.scripts.expire, t.db.keys("tokens", "ends"), name{kindToken, id}, end.UnixMicro()))
	if err != nil {
		return fmt.Errorf("expire token %s: %w", id, err)
	}
	return nil
}

// Touch implements store.Tokens. A token in memory is noted there, and Redis is
// told later, with others.
func (t tokens) Touch(ctx context.Context, id string, used time.Time) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("touch token: %w", err)
	}
	if t.db.lease.memory.touch(name{kindToken, id}, t.db.lease.grace, used) {
		return nil
	}
	there, err := t.touch(ctx, id, used)
	if err != nil {
		return fmt.Errorf("touch token %s: %w", id, err)
	}
	if !there {
		return fmt.Errorf("touch token %s: %w", id, store.ErrNotFound)
	}
	return nil
}

func (t tokens) touch(ctx context.Context, id string, used time.Time) (bool, error) {
	reply, err := t.db.run(ctx, t.db.scripts.touch, t.db.keys("tokens", "used"), id, used.UnixMicro())
	return reply == int64(1), err
}
