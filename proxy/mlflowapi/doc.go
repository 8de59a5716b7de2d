// Package mlflowapi knows MLflow's HTTP interface and nothing of who calls.
//
// It owns the endpoint table (data: one row an endpoint, in the file of its
// resource), the strict reading of a request into a [Call] (targets and the
// canonical request that goes upstream), the narrowing of searches to what
// the caller may see, and the trimming of answers.
//
// It does not own the decision (it asks [Rights]), the names behind ids (it
// asks [Names]), nor the connection to MLflow (it asks [Upstream]). It knows
// neither Casbin nor the HTTP server.
//
// The rule behind every function here: nothing of the client's bytes that
// MLflow could read as an id goes upstream as it came. What goes upstream is
// written anew from what was read, and what cannot be read in exactly one way
// is refused.
package mlflowapi
