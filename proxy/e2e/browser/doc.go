// Package browser drives MLflow's own web UI in a real Chromium through the
// real mlgate in front of a real MLflow, signed in as someone who is no admin,
// with another team's things beside hers.
//
// It owns: what a person must find on each page of the UI, that nothing of the
// other team's reaches the page or the wire, which of the UI's questions the
// gate may refuse, and that pages of other sites cannot act through the
// browser's remembered password. Screenshots of every page land in
// output/browser.
//
// It does not own: the Python client (proxy/e2e), how servers are started
// (proxy/mlflowtest), and attacks that no browser sends (the tests of proxy).
//
// Without a browser the tests are left out loudly; where CI is set in the
// environment that is a failure.
package browser
