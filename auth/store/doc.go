// Package store defines what must outlive a request: one small interface a
// concern, whose comments are the contract, and whose tests are the suite in
// auth/store/conformance that every backend passes.
//
// It owns: the interfaces, their records and errors. It does not own: any
// backend (auth/store/embedded), nor the rules by which tokens are made and
// checked (auth/token).
package store
