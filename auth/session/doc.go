// Package session keeps people signed in in their browser: an opaque cookie, and
// a record of it at the gate.
//
// It owns: the cookie and its name, the idle and the absolute life of a session,
// a new cookie at each sign-in, the sealing of what providers gave, the moment at
// which groups are read again, the listing and ending of sessions.
//
// People who came from a provider have one more session, which no browser holds: the
// standing one, with their groups and the right to ask for them again. API tokens
// live by it.
//
// It does not own: how people prove who they are (auth/basic, auth/oidc), how a
// provider is asked (a Renewer is), where records lie (auth/store), pages.
//
// The cookie says nothing: it is 256 random bits whose SHA-256 names the record.
// Whoever steals the store can forge none. Whoever steals a cookie has the
// session until it ends, so the cookie is bound to the host (__Host-), hidden
// from scripts, and never sent upstream.
package session
