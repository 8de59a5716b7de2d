// Package redis is the store that many replicas share: a single Redis, one
// behind Sentinel, or a Cluster.
//
// It owns: the keys and scripts in Redis, the connection to it, the memory of
// verified records in front of it, and the word for "Redis did not answer"
// (store.ErrUnavailable). It does not own: the contract (auth/store), nor what
// is answered to callers meanwhile.
//
// # Layout
//
// All keys begin with a prefix and the hash tag {1}, the number of the layout, so
// that they lie in one slot of a Cluster and a script may touch any of them. A
// change and its entry in the log of changes are one script. Scripts that change
// something carry a random mark, by which one that runs twice, because its first
// answer was lost, answers the second time as it did the first.
//
// # Memory without stale rights
//
// A replica answers from memory while it holds a lease, and without asking Redis.
// Yet a Delete that returned holds on every replica. It works like this:
//
//   - Redis keeps a log of the last changes. A replica renews its lease four times
//     a second, by a script that also hands it all changes since the last one that
//     it knows, and to which it says what it has dropped already. If that one is
//     not in the log any more (a long pause, a failover that lost writes, a Redis
//     that came back empty), it drops all of its memory.
//   - A lease lasts one second. The replica counts from before it asked, and stops
//     a tenth early; so it is over on the replica before it is over for others.
//   - Delete changes Redis, then waits until each replica that has a lease there
//     has said that it dropped the record. A message by pub/sub makes replicas
//     renew at once, so this takes milliseconds. A replica that does not answer,
//     because it is dead, stopped or cut off, is waited for until a lease given
//     before the change is over for sure: one second. Then Delete forgets it.
//   - Redis may have lost leases when it was started again or another server took
//     over, which shows by its run id. The first Delete after that waits the whole
//     second.
//
// A lost message costs time, never truth: nothing is read from messages. No clock
// is compared with another one: each side measures the second by its own
// monotonic clock, and the tenth is the margin for their rates. An answer from
// Redis gets into memory only if nothing was changed since the replica's last
// renewal, so a slow answer does not bring back what was dropped.
//
// With a grace configured, memory is used past the lease while Redis does not
// answer. Then a Delete elsewhere holds here late, by up to the grace; without one
// (the default) store.ErrUnavailable is the answer.
package redis
