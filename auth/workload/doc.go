// Package workload signs machines in by the JWTs that their own platforms give
// them: CI jobs, Kubernetes service accounts. Nobody has to keep a secret for
// them.
//
// It owns: the rules that make users of subjects (Rule, with their patterns),
// the strict reading and the check of a token (Authenticator), the keys of each
// issuer and how they are kept fresh (Issuers).
//
// It does not own: sign-in of people (auth/oidc), what a machine may do
// (policy), which files keys and certificates come from and when they are read
// again (its callers bring their content), or what a user may be called.
//
// # What an attacker controls
//
// The whole token. So nothing in it chooses how it is checked, but for the
// issuer, which must be a configured one, and the key id, which can only choose
// among that issuer's keys. Keys or addresses of keys in a token's header are
// never looked at. A token has one reading only: a member that is given twice,
// another spelling of base64, or text behind the JSON refuses it.
package workload
