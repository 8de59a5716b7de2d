// Package basic signs people in by name and password against an htpasswd file.
//
// It owns: reading such a file into an immutable snapshot (Users), the check
// of a password against it (Authenticator), the memory of passwords that were
// verified before (Verified), and adding a user to a file (AddUser).
//
// It does not own: when the file is read again (the proxy's snapshot), the
// throttling of failures (auth.Throttle), or API tokens, which also travel as
// passwords (auth/token).
package basic
