package basic

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"net/netip"
	"runtime"
	"sync"

	"github.com/maypok86/otter/v2"
)

// proof stands for one password verified against one stored hash of one user.
type proof [sha256.Size]byte

// Verified remembers which passwords were verified, so that no slow hash runs
// twice, and bounds how many run at once.
//
// It holds no password, nor a hash that could be attacked offline: its entries
// are HMACs under a key that never leaves the process. The stored hash is part
// of what is signed, so a password that was changed in the file counts at
// once, without clearing anything. Only right passwords are remembered.
type Verified struct {
	proofs  *otter.Cache[proof, struct{}]
	signers sync.Pool
	flights
}

// signer makes proofs without allocating.
type signer struct {
	mac hash.Hash
	msg []byte
	sum proof
}

// NewVerified returns an empty memory of at most size entries. It fails only
// if the system has no randomness.
func NewVerified(size int) (*Verified, error) {
	key := make([]byte, sha256.Size)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	proofs, err := otter.New(&otter.Options[proof, struct{}]{MaximumSize: size})
	if err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	v := &Verified{proofs: proofs}
	v.signers.New = func() any { return &signer{mac: hmac.New(sha256.New, key)} }
	// Half of the cores always stay free for those who are signed in.
	v.slots = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))
	v.running = map[proof]*flight{}
	v.queued = map[netip.Addr]int{}
	return v, nil
}

// key signs the three parts, each behind its length so that no two triples
// sign the same bytes.
func (v *Verified) key(user, stored, password string) proof {
	s := v.signers.Get().(*signer)
	defer v.signers.Put(s)
	msg := s.msg[:0]
	for _, part := range [...]string{user, stored, password} {
		msg = binary.BigEndian.AppendUint64(msg, uint64(len(part)))
		msg = append(msg, part...)
	}
	s.mac.Reset()
	s.mac.Write(msg)
	clear(msg) // no password lingers in the pool
	s.msg = msg
	s.mac.Sum(s.sum[:0])
	return s.sum
}

func (v *Verified) has(p proof) bool {
	_, ok := v.proofs.GetIfPresent(p)
	return ok
}

// check runs compare at most once at a time for each proof and remembers a
// right one.
func (v *Verified) check(ctx context.Context, from netip.Addr, p proof, compare func() bool) (bool, error) {
	return v.do(ctx, from, p, func() bool {
		if v.has(p) { // landed between the caller's look and its flight
			return true
		}
		right := compare()
		if right {
			v.proofs.Set(p, struct{}{})
		}
		return right
	})
}
