// Package e2e drives the stock MLflow Python client against the real mlgate in
// front of a real MLflow, as a researcher, a lead, another team, a reader, a
// nobody and an admin would, and checks what each of them got and moved.
//
// It owns: the scripts in testdata, who runs them with which settings of the
// client, and what must not have changed on the server afterwards. The scripts
// of daily work pass against MLflow alone too, which a test holds: they ask
// nothing of mlgate that MLflow would not do.
//
// It does not own: how servers are started (proxy/mlflowtest), attacks that no
// stock client sends (the tests of proxy), and the web UI (proxy/e2e/browser).
package e2e
