// Package token makes and checks API tokens: mlg_ + id + secret + checksum.
//
// It owns: the tokens' form, the rules by which they are made, listed and
// revoked (Service), and signing in with one (Authenticator).
//
// It does not own: where they are kept (auth/store), who may act for others
// (its callers say so), the pages and API that show them (proxy/console).
package token
