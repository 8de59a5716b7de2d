package conformance

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"mlgate/auth/store"
)

// Once runs the contract of store.Once. open makes an empty store whose clock
// is the real one.
func Once(t *testing.T, open func(t *testing.T) Replica[store.Once]) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Replica[store.Once]){
		"AValueIsTakenOnce":              onceTaken,
		"OfManyTakersAtATimeOneGetsIt":   onceTakers,
		"OfManyPuttersAtATimeOneDoes":    oncePutters,
		"AKeptValueStaysAsItIs":          onceKept,
		"AValueGoesByItself":             onceExpires,
		"NoKeyOrNoTimeToLiveIsAnError":   onceArguments,
		"AnEmptyValueIsAValue":           onceEmpty,
		"KeysAreComparedByteForByte":     onceKeys,
		"TheCallersBytesAreNotKept":      onceBytes,
		"OneKeyMayBePutAgainAfterATaker": onceAgain,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func putOnce(t *testing.T, s store.Once, key, value string, ttl time.Duration) {
	t.Helper()
	if err := s.Put(t.Context(), key, []byte(value), ttl); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func wantTaken(t *testing.T, s store.Once, key, want string) {
	t.Helper()
	if got, err := s.Take(t.Context(), key); err != nil || string(got) != want {
		t.Errorf("take %q: got %q, %v; want %q", key, got, err, want)
	}
}

func wantNone(t *testing.T, s store.Once, key string) {
	t.Helper()
	_, err := s.Take(t.Context(), key)
	wantErr(t, err, store.ErrNotFound)
}

func onceTaken(t *testing.T, replica Replica[store.Once]) {
	putOnce(t, replica(), "k", "v", time.Minute)
	wantTaken(t, replica(), "k", "v")
	wantNone(t, replica(), "k")
	wantNone(t, replica(), "never put")
}

func onceTakers(t *testing.T, replica Replica[store.Once]) {
	putOnce(t, replica(), "k", "v", time.Minute)
	oneSucceeds(t, replica, store.ErrNotFound, func(s store.Once) error {
		_, err := s.Take(t.Context(), "k")
		return err
	})
}

func oncePutters(t *testing.T, replica Replica[store.Once]) {
	oneSucceeds(t, replica, store.ErrExists, func(s store.Once) error { return s.Put(t.Context(), "k", nil, time.Minute) })
}

func onceKept(t *testing.T, replica Replica[store.Once]) {
	putOnce(t, replica(), "k", "first", time.Minute)
	wantErr(t, replica().Put(t.Context(), "k", []byte("second"), time.Hour), store.ErrExists)
	wantTaken(t, replica(), "k", "first")
}

func onceExpires(t *testing.T, replica Replica[store.Once]) {
	putOnce(t, replica(), "taken", "v", 50*time.Millisecond)
	putOnce(t, replica(), "put", "v", 50*time.Millisecond)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := replica().Put(t.Context(), "put", []byte("again"), time.Minute)
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrExists) || time.Now().After(deadline) {
			t.Fatalf("the value did not go: %v", err)
		}
	}
	wantNone(t, replica(), "taken")
	wantTaken(t, replica(), "put", "again")
}

func onceArguments(t *testing.T, replica Replica[store.Once]) {
	s := replica()
	for what, err := range map[string]error{
		"no key":        s.Put(t.Context(), "", nil, time.Minute),
		"no time":       s.Put(t.Context(), "k", nil, 0),
		"negative time": s.Put(t.Context(), "k", nil, -time.Second),
	} {
		if err == nil {
			t.Errorf("%s: want an error", what)
		}
	}
	wantNone(t, s, "k")
}

func onceEmpty(t *testing.T, replica Replica[store.Once]) {
	putOnce(t, replica(), "k", "", time.Minute)
	wantErr(t, replica().Put(t.Context(), "k", nil, time.Minute), store.ErrExists)
	wantTaken(t, replica(), "k", "")
}

func onceKeys(t *testing.T, replica Replica[store.Once]) {
	keys := []string{"a", "A", "a ", "a/b", "a*", "{a}", "é", "e\u0301", "\x00", "a\r\n"}
	for _, key := range keys {
		putOnce(t, replica(), key, "of "+key, time.Minute)
	}
	for _, key := range keys {
		wantTaken(t, replica(), key, "of "+key)
	}
}

func onceBytes(t *testing.T, replica Replica[store.Once]) {
	value := []byte("value")
	if err := replica().Put(t.Context(), "k", value, time.Minute); err != nil {
		t.Fatal(err)
	}
	value[0] = 'X'
	if got, err := replica().Take(t.Context(), "k"); err != nil || !bytes.Equal(got, []byte("value")) {
		t.Errorf("got %q, %v; want the bytes as they were put", got, err)
	}
}

func onceAgain(t *testing.T, replica Replica[store.Once]) {
	for _, value := range []string{"first", "second"} {
		putOnce(t, replica(), "k", value, time.Minute)
		wantTaken(t, replica(), "k", value)
	}
}
