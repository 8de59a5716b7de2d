// Package conformance is the contract of auth/store as tests: every backend
// runs it from a test of its own. Only tests import it.
package conformance
