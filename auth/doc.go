// Package auth says who is calling: it defines Identity, the Authenticator
// interface, the Chain that asks several authenticators in turn, and the
// Throttle that slows down whoever keeps failing.
//
// It owns: the reading of the Authorization header, the words for the ways of
// signing in, the Secret type that never prints itself, the counting of
// failures.
//
// It does not own: any one way of signing in (auth/basic, auth/token, …), what
// an identity may do (policy), or how a refusal looks on the wire (proxy). It
// imports nothing else of this module.
package auth
