package session

import (
	"context"

	"mlgate/auth/store"
)

// broken is a store that does not answer.
type broken struct{ store.Sessions }

func (broken) Get(context.Context, store.SessionHash) (*store.Session, error) { return nil, errDown }
