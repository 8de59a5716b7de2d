// Package issuertest is an issuer of JWTs in the process of a test, over real
// HTTP, that also does what no issuer should.
//
// It owns: its keys and their rotation, the answers to discovery and to the
// question for keys, whole, slow, false or none, and tokens of every kind, among
// them forged ones.
//
// It does not own: what must become of them. It is for tests only; no program
// imports it.
package issuertest
