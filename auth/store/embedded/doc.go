// Package embedded is the store for one replica: a single bbolt file.
//
// It owns: the file, its lock and its layout. Tokens and sessions are held in memory
// too, so that the check on every request costs no disk access; the file is
// the truth, and memory changes only after the file has.
//
// It does not own: the contract (auth/store).
package embedded
