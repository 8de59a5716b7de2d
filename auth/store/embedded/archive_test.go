package embedded

import (
	"testing"

	"mlgate/auth/store/conformance"
)

func TestTheArchiveKeepsTheContract(t *testing.T) {
	t.Parallel()
	conformance.Archive(t, func(t *testing.T) conformance.Store {
		db, _ := openTemp(t, Options{})
		return db
	})
}
