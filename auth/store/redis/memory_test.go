package redis

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mlgate/auth/store"
)

func sample(id string) *store.Token {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &store.Token{ID: id, Owner: "alice", Name: "n", Hash: store.TokenHash{7}, Created: now, Expires: now.Add(time.Hour)}
}

// readers have a token in memory and ask for it again and again. What they see
// after deleted is set is stale.
func readers(t *testing.T, id string, dbs []*DB) (stop func(), deleted *atomic.Bool) {
	t.Helper()
	var wg sync.WaitGroup
	var end atomic.Bool
	deleted = &atomic.Bool{}
	for i, db := range dbs {
		ready := make(chan struct{})
		wg.Go(func() {
			close(ready)
			for !end.Load() {
				before := deleted.Load()
				if _, err := db.Tokens().Get(t.Context(), id); before && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("replica %d: a Get that began after Delete returned got %v", i, err)
					return
				}
			}
		})
		<-ready
	}
	return func() { end.Store(true); wg.Wait() }, deleted
}

// deletions has replicas that answer from memory, and deletes through one.
func deletions(t *testing.T, rounds int, dbs ...*DB) {
	t.Helper()
	for i := range rounds {
		id := fmt.Sprint("t", i)
		if err := dbs[0].Tokens().Put(t.Context(), sample(id)); err != nil {
			t.Fatal(err)
		}
		for _, db := range dbs {
			leased(t, db)
			if _, err := db.Tokens().Get(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		stop, deleted := readers(t, id, dbs)
		if err := dbs[i%len(dbs)].Tokens().Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
		deleted.Store(true)
		time.Sleep(time.Duration(i%4) * time.Millisecond)
		stop()
	}
}

func TestADeletedTokenIsGoneFromEveryMemory(t *testing.T) {
	t.Parallel()
	o := realServer(t)
	deletions(t, 30, openDB(t, o, true), openDB(t, o, true), openDB(t, o, true))
}

func TestADeletedTokenIsGoneFromEveryMemoryAlthoughNoMessageArrives(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	direct := goredis.NewClient(&goredis.Options{Addr: s.addr})
	defer direct.Close()
	if err := direct.Do(t.Context(), "acl", "setuser", "deaf", "on", ">pw", "~*", "&*", "+@all", "-subscribe").Err(); err != nil {
		t.Fatal(err)
	}
	o := Options{Addrs: []string{s.addr}, Credentials: func() (string, string, error) { return "deaf", "pw", nil }}
	deletions(t, 6, openDB(t, o, true), openDB(t, o, true))
}

// A clock that is an hour off, or runs 4% fast or slow, is no way to a stale right.
func TestADeletedTokenIsGoneFromEveryMemoryWhateverTheClocksSay(t *testing.T) {
	t.Parallel()
	o := realServer(t)
	began := time.Now()
	clock := func(off time.Duration, percent int) func() time.Time {
		return func() time.Time {
			passed := time.Since(began)
			return began.Add(off + passed*time.Duration(100+percent)/100)
		}
	}
	var dbs []*DB
	for _, now := range []func() time.Time{clock(time.Hour, 4), clock(-time.Hour, -4), clock(0, 0)} {
		o.Now = now
		dbs = append(dbs, openDB(t, o, true))
	}
	deletions(t, 6, dbs...)
	deaf := dbs[1] // the slow one does not answer: the others wait
	put(t, dbs[0], "last")
	get(t, deaf, "last")
	deaf.lease.renewing.Lock()
	defer deaf.lease.renewing.Unlock()
	if err := dbs[0].Tokens().Delete(t.Context(), "last"); err != nil {
		t.Fatal(err)
	}
	gone(t, deaf, "last")
}

func put(t testing.TB, db *DB, id string) {
	t.Helper()
	if err := db.Tokens().Put(t.Context(), sample(id)); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, db *DB, id string) {
	t.Helper()
	leased(t, db)
	if _, err := db.Tokens().Get(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func gone(t testing.TB, db *DB, id string) {
	t.Helper()
	if _, err := db.Tokens().Get(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

// After a failover that lost them, Redis does not know who holds leases.
func TestADeleteWaitsForLeasesThatRedisLost(t *testing.T) {
	t.Parallel()
	o := realServer(t)
	one, other := openDB(t, o, true), openDB(t, o, true)
	for i, lost := range [][]string{{"leases", "tenure"}, {"log", "leases", "tenure"}} {
		id := fmt.Sprint("t", i)
		put(t, one, id)
		get(t, other, id)
		func() {
			other.lease.renewing.Lock() // cut off
			defer other.lease.renewing.Unlock()
			get := other.lease.memory.known()
			for _, key := range lost {
				if err := one.client.Del(t.Context(), one.key(key)).Err(); err != nil {
					t.Fatal(err)
				}
			}
			if err := one.Tokens().Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if other.lease.memory.known() != get {
				t.Fatal("the other one was not cut off")
			}
			gone(t, other, id)
		}()
	}
}

func TestAnEmptiedRedisEmptiesMemory(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	db := openDB(t, Options{Addrs: []string{s.addr}}, true)
	put(t, db, "a")
	get(t, db, "a")
	if err := db.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "empty memory", func() bool {
		_, err := db.Tokens().Get(t.Context(), "a")
		return errors.Is(err, store.ErrNotFound)
	})
}

func TestAReplicaThatLosesItsPlaceInTheLogForgetsAll(t *testing.T) {
	t.Parallel()
	o := realServer(t)
	one, other := openDB(t, o, true), openDB(t, o, true)
	put(t, one, "a")
	get(t, other, "a")
	other.lease.renewing.Lock()
	ids := []any{}
	for i := range 1100 {
		ids = append(ids, fmt.Sprintf("%d:abc:token:x%d", i+10, i))
	}
	ok := one.client.RPush(t.Context(), one.key("log"), ids...).Err() == nil &&
		one.client.LTrim(t.Context(), one.key("log"), -1000, -1).Err() == nil
	other.lease.renewing.Unlock()
	if !ok {
		t.Fatal("log not written")
	}
	waitFor(t, "empty memory", func() bool {
		_, in := other.lease.memory.lookup(name{kindToken, "a"})
		return !in
	})
}

func TestASlowAnswerDoesNotBringBackWhatWasDropped(t *testing.T) {
	t.Parallel()
	m := memory{records: map[name]remembered{}, now: time.Now}
	n := name{kindToken, "a"}
	until := time.Now().Add(time.Hour)
	m.renewed(until, "1:ab:token:x", true, nil)
	m.keep(n, sample("a"), "1:ab:token:x")
	if _, ok := m.lookup(n); !ok {
		t.Fatal("not kept")
	}
	m.renewed(until, "2:cd:token:a", false, []string{"2:cd:token:a"})
	m.keep(n, sample("a"), "1:ab:token:x")
	if _, ok := m.lookup(n); ok {
		t.Error("an answer from before the change was kept")
	}
	m.keep(n, sample("a"), "2:cd:token:a")
	m.renewed(until, "3:ef:later", false, []string{"3:ef:later"})
	if _, ok := m.lookup(n); ok {
		t.Error("a word that this version does not know dropped nothing")
	}
}

func TestMemoryEndsByWhicheverClockIsAhead(t *testing.T) {
	t.Parallel()
	now := time.Now()
	until := now.Add(time.Second)
	if !before(now, until) {
		t.Error("just begun: got an end")
	}
	if before(now.Add(time.Second), until) {
		t.Error("a second later: got no end")
	}
	// A machine that was suspended: its monotonic clock stood still.
	if before(now.Round(0).Add(time.Minute), until) {
		t.Error("woken after a minute: got no end")
	}
}

func TestNoRedisIsAskedForWhatIsInMemory(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	db := openDB(t, Options{Addrs: []string{s.addr}}, true)
	put(t, db, "a")
	get(t, db, "a")
	began, asked := time.Now(), commands(t, db)
	const calls = 20_000
	for range calls {
		if _, err := db.Tokens().Get(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if err := db.Tokens().Touch(t.Context(), "a", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	most := 40 + 20*int(time.Since(began)/leaseRenew)
	if got := commands(t, db) - asked; got > most {
		t.Errorf("got %d commands in %d calls, want those of the lease alone", got, calls)
	}
}

func BenchmarkGetFromMemory(b *testing.B) {
	db := openDB(b, realServer(b), true)
	put(b, db, "a")
	get(b, db, "a")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := db.Tokens().Get(b.Context(), "a"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetFromRedis(b *testing.B) {
	db := openDB(b, realServer(b), false)
	put(b, db, "a")
	for b.Loop() {
		if _, err := db.Tokens().Get(b.Context(), "a"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeleteWithThreeReplicas(b *testing.B) {
	o := realServer(b)
	dbs := []*DB{openDB(b, o, true), openDB(b, o, true), openDB(b, o, true)}
	put(b, dbs[0], "first")
	_ = dbs[0].Tokens().Delete(b.Context(), "first") // the one that waits because Redis is new
	i := 0
	for b.Loop() {
		id := fmt.Sprint("t", i)
		i++
		put(b, dbs[0], id)
		if err := dbs[0].Tokens().Delete(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

// commands is how many commands the server has carried out.
func commands(t testing.TB, db *DB) (n int) {
	t.Helper()
	info := db.client.Info(t.Context(), "stats").Val()
	_, rest, _ := strings.Cut(info, "total_commands_processed:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A process that was stopped takes itself to hold a lease when it goes on.
func TestADeleteWaitsForAProcessThatIsStopped(t *testing.T) {
	t.Parallel()
	o := realServer(t)
	db := openDB(t, o, true)
	put(t, db, "a")
	get(t, db, "a")
	other := startOther(t, o, "a")
	if got := other.ask(t); got != "found" {
		t.Fatalf("before: got %q", got)
	}
	for range 3 { // the first one may be the one that waits because Redis is new
		id := fmt.Sprint("b", time.Now().UnixNano())
		put(t, db, id)
		if err := db.Tokens().Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	other.ask(t)
	if err := other.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := db.Tokens().Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := other.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if got := other.ask(t); got != "not found" {
		t.Errorf("after: got %q", got)
	}
}

// other is a replica in another process.
type other struct {
	cmd *exec.Cmd
	in  *os.File
	out *os.File
}

func startOther(t *testing.T, o Options, id string) *other {
	t.Helper()
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOtherReplica$")
	cmd.Env = append(os.Environ(), "TEST_OTHER_REPLICA="+strings.Join([]string{o.Addrs[0], o.Prefix, id}, " "))
	cmd.ExtraFiles = []*os.File{inRead, outWrite}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &other{cmd, inWrite, outRead}
}

func (o *other) ask(t *testing.T) string {
	t.Helper()
	if _, err := o.in.Write([]byte{'?'}); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	n, err := o.out.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer[:n])
}

// TestOtherReplica is the other process: it answers each byte that it is sent.
func TestOtherReplica(t *testing.T) {
	args := strings.Fields(os.Getenv("TEST_OTHER_REPLICA"))
	if len(args) != 3 {
		return
	}
	db := leased(t, openDB(t, Options{Addrs: args[:1], Prefix: args[1]}, true))
	in, out := os.NewFile(3, "in"), os.NewFile(4, "out")
	for b := make([]byte, 1); ; {
		if _, err := in.Read(b); err != nil {
			return
		}
		answer := "found"
		if _, err := db.Tokens().Get(t.Context(), args[2]); errors.Is(err, store.ErrNotFound) {
			answer = "not found"
		} else if err != nil {
			answer = err.Error()
		}
		if _, err := out.WriteString(answer); err != nil {
			return
		}
	}
}
