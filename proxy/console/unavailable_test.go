package console

import (
	"context"
	"fmt"
	"testing"

	"mlgate/auth"
	"mlgate/auth/store"
	"mlgate/auth/token"
)

// storeGone is a token service whose store does not answer.
type storeGone struct{ Tokens }

func (storeGone) Create(context.Context, token.Caller, token.Request) (*store.Token, auth.Secret, error) {
	return nil, auth.Secret{}, fmt.Errorf("keep token: dial 10.0.0.7: %w", store.ErrUnavailable)
}

func TestAStoreThatDoesNotAnswerIs503(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.tokens = storeGone{g.tokens}
	a := g.do("alice", "POST", "/_gate/api/v1/tokens", `{"name":"n"}`, "Content-Type", "application/json")
	g.want(a, 503, "TEMPORARILY_UNAVAILABLE")
}
