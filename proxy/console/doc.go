// Package console answers what is mlgate's own, below /_gate/: a small JSON API
// and the account page.
//
//	GET    /_gate/api/v1/whoami                      who am I, with which roles
//	GET    /_gate/api/v1/tokens[?user=]              my API tokens
//	POST   /_gate/api/v1/tokens[?user=]              make one; its text is shown once
//	DELETE /_gate/api/v1/tokens/{id}[?user=]         revoke one
//	GET    /_gate/api/v1/explain?action=&resource=   may I, and which line says so
//	GET    /_gate/account                            the same for people
//
// It owns: the reading of these requests and the form of their answers, and
// what MLflow's UI is told about the signed-in user (CurrentUser).
//
// It does not own: signing in, CSRF checks and common security headers (the
// proxy applies them outside), the rules about tokens (auth/token), decisions
// (policy). No GET changes anything.
package console
