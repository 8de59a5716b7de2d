// Package oidc signs people in at an OpenID provider: it is the relying party
// of the authorization code flow with PKCE.
//
// It owns: finding out about the provider (discovery, keys and their
// rotation), the address that a sign-in begins at, everything that is checked
// when the browser comes back, the names and groups that follow from the
// provider's claims, renewal, and the reading of logout tokens.
//
// It does not own: cookies, pages and routes, the place where a Login waits
// for its browser, sessions, or the memory of logout tokens already seen. It
// imports only auth of this module.
//
// # The flow
//
//	step      who asks whom          what travels                     here
//	begin     browser → us           which provider                   Begin
//	          browser → provider     state, nonce, challenge
//	finish    browser → us           state, iss, code or error        Finish
//	          us → provider          code, verifier, client secret
//	          us → provider          access token (userinfo)
//	renew     us → provider          refresh token                    Refresh
//	log out   browser → provider     ID token as a hint, state        EndSessionURL
//	          provider → us          logout token, signed             ReadLogoutToken
//	at need   us → provider          nothing (discovery, keys)
//
// The caller keeps the Login between begin and finish where the browser
// cannot read or write it, finds it again by a cookie of that browser, and
// forgets it before it calls Finish. It refuses a logout token whose ID it has
// seen before. It sees to it that one process at a time renews a session.
//
// # What is believed
//
// Nothing in the query counts before its state is found equal to the
// browser's own, and nothing of it but the code after that. Tokens count when
// a key of the provider signed them with an asymmetric algorithm, for this
// client, at this time, and, at a sign-in, for this browser. Userinfo counts
// when it is about the same subject. An email address counts when the provider
// says that it is verified. What cannot be read refuses the sign-in: a policy
// may deny something to the very group that was left out.
//
// # What a caller does with an error
//
//	error           at a sign-in                 at a renewal
//	ErrUnavailable  show Public, offer again     keep the session, try later
//	ErrRefused      show Public, offer again     end the session
//	ErrLogin        show Public, offer again     –
//	ErrToken        show Public, log as a warning   end the session
//	ErrClaims       show Public                  end the session
//	ErrNotAllowed   show Public                  end the session
//	ErrSetup        show Public, log as an error    end the session
package oidc
