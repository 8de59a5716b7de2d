// Package proxy is the handler that stands in front of MLflow: it takes a call
// through its rooms, once, from left to right.
//
//	who?   what?   on what?   called?   may they?   narrow   forward   trim   record
//
// It owns the chain, the connection to MLflow, error answers in MLflow's form,
// the checks that browsers need, and the audit line. It does not own who is
// who (auth), what is allowed (policy), MLflow's interface (proxy/mlflowapi),
// names behind ids (proxy/resolve), or mlgate's own pages (proxy/console).
package proxy
