package resolve

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"
)

// refreshLimit ends a reading of the index that hangs.
const refreshLimit = 2 * time.Minute

// refresh starts a reading of the index, or joins the one under way. The
// reading outlives the caller who happens to start it.
func (r *Resolver) refresh(ctx context.Context) <-chan singleflight.Result {
	return r.refreshing.DoChan("", func() (any, error) {
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshLimit)
		defer cancel()
		return nil, r.readIndex(free)
	})
}
