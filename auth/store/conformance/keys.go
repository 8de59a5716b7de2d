package conformance

import (
	"bytes"
	"sync"
	"testing"

	"mlgate/auth/store"
)

// Keys runs the contract of store.Keys. open makes an empty store.
func Keys(t *testing.T, open func(t *testing.T) Replica[store.Keys]) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Replica[store.Keys]){
		"AKeyIsMadeOnceAndKept":       keyKept,
		"NamesHaveKeysOfTheirOwn":     keyNames,
		"FirstCallsAtOnceGetTheSame":  keyAtOnce,
		"AnotherSizeIsAnError":        keySize,
		"CallersCannotChangeTheKey":   keyCopy,
		"NoNameOrNoSizeIsAnError":     keyArguments,
		"KeysAreNotPredictableZeroes": keyRandom,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func key(t *testing.T, s store.Keys, name string, size int) []byte {
	t.Helper()
	k, err := s.Key(t.Context(), name, size)
	if err != nil {
		t.Fatalf("key %s: %v", name, err)
	}
	if len(k) != size {
		t.Fatalf("got %d bytes, want %d", len(k), size)
	}
	return k
}

func keyKept(t *testing.T, replica Replica[store.Keys]) {
	first := key(t, replica(), "pages", 32)
	if again := key(t, replica(), "pages", 32); !bytes.Equal(first, again) {
		t.Error("the second call got another key")
	}
}

func keyNames(t *testing.T, replica Replica[store.Keys]) {
	if bytes.Equal(key(t, replica(), "a", 32), key(t, replica(), "b", 32)) {
		t.Error("two names share a key")
	}
}

func keyAtOnce(t *testing.T, replica Replica[store.Keys]) {
	var wg sync.WaitGroup
	got := make([][]byte, 8)
	for i := range got {
		s := replica()
		wg.Go(func() {
			k, err := s.Key(t.Context(), "pages", 32)
			if err != nil {
				t.Error(err)
			}
			got[i] = k
		})
	}
	wg.Wait()
	for _, k := range got {
		if !bytes.Equal(k, got[0]) {
			t.Fatal("two first calls got different keys")
		}
	}
}

func keySize(t *testing.T, replica Replica[store.Keys]) {
	kept := key(t, replica(), "pages", 32)
	if k, err := replica().Key(t.Context(), "pages", 64); err == nil {
		t.Errorf("got %d bytes, want an error", len(k))
	}
	if !bytes.Equal(key(t, replica(), "pages", 32), kept) {
		t.Error("asking for another size changed the key")
	}
}

func keyCopy(t *testing.T, replica Replica[store.Keys]) {
	k := key(t, replica(), "pages", 32)
	kept := bytes.Clone(k)
	clear(k)
	if !bytes.Equal(key(t, replica(), "pages", 32), kept) {
		t.Error("a caller changed the kept key")
	}
}

func keyArguments(t *testing.T, replica Replica[store.Keys]) {
	if _, err := replica().Key(t.Context(), "", 32); err == nil {
		t.Error("no name: want an error")
	}
	if _, err := replica().Key(t.Context(), "pages", 0); err == nil {
		t.Error("no size: want an error")
	}
}

func keyRandom(t *testing.T, replica Replica[store.Keys]) {
	if bytes.Equal(key(t, replica(), "pages", 32), make([]byte, 32)) {
		t.Error("the key is all zeroes")
	}
}
