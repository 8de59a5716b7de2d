// Package oidctest is an OpenID provider for tests and demonstrations: real
// HTTP on loopback, real signatures, and a switch for each way in which a
// provider, or somebody between it and us, may misbehave.
//
// It owns: users and their claims, the endpoints of the code flow with PKCE,
// userinfo, renewal, logout, and the misbehaviours.
//
// It does not own: passwords. Whoever reaches it is whoever they say. Never
// serve it to others.
package oidctest
