// Package console answers what is mlgate's own, below /_gate/: a small JSON API
// and the pages for people.
//
//	GET    /_gate/api/v1/whoami                      who am I, with which roles
//	GET    /_gate/api/v1/tokens[?user=]              my API tokens
//	POST   /_gate/api/v1/tokens[?user=]              make one; its text is shown once
//	DELETE /_gate/api/v1/tokens/{id}[?user=]         revoke one
//	POST   /_gate/api/v1/tokens/{id}[?user=]         rotate one: a new text, the old one ends soon
//	GET    /_gate/api/v1/explain?action=&resource=   may I, and which line says so
//	GET    /_gate/account                            for people: who am I, what may I see and do
//	GET    /_gate/tokens[?user=]                     my API tokens, and the form for a new one
//	POST   /_gate/tokens[?user=]                     make one
//	POST   /_gate/tokens/{id}[?user=]                rotate or revoke one
//	GET    /_gate/login[?next=]                      sign in: by password, or begin at a provider
//	POST   /_gate/login                              by password
//	GET    /_gate/login/{provider}[?next=]           begin at a provider
//	GET    /_gate/callback[/{provider}]              come back from it
//	GET    /_gate/logout                             the button, for links
//	POST   /_gate/logout                             sign out
//	POST   /_gate/backchannel/{provider}             the provider ends sessions
//	POST   /_gate/api/v1/device                      a terminal wants to sign in (RFC 8628)
//	POST   /_gate/api/v1/device/token                it asks whether it may
//	GET    /_gate/device[?user_code=&name=&ttl=]     a person grants or refuses it
//	POST   /_gate/device                             the answer
//	GET    /_gate/sessions[?user=]                   my browsers that are signed in
//	POST   /_gate/sessions/{id}[?user=]              end one
//	GET    /_gate/api/v1/sessions[?user=]            the same for scripts
//	DELETE /_gate/api/v1/sessions/{id}[?user=]       end one
//	GET    /_gate/ui.js                              what MLflow's own page gets: a link here, and the way back to sign-in
//	GET    /_gate/admin[?user=&group=]               for admins: who holds what, what is in force
//
// It owns: the reading of these requests and the form of their answers, and
// what MLflow's UI is told about the signed-in user (CurrentUser).
//
// It does not own: what proves who somebody is (auth), CSRF checks and common security headers (the
// proxy applies them outside), the rules about tokens (auth/token), decisions
// (policy). No GET changes anything.
package console
