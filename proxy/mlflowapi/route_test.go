package mlflowapi

import "testing"

func TestFindReadsPathsAsMLflowDoes(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	const id = "m-0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		why, method, path string
		name              string // of the row; "": none
		known             bool
	}{
		{"plain", "GET", "/api/2.0/mlflow/experiments/get", "experiments/get", true},
		{"the UI's prefix", "GET", "/ajax-api/2.0/mlflow/experiments/get", "experiments/get", true},
		{"HEAD is read as GET", "HEAD", "/api/2.0/mlflow/experiments/get", "experiments/get", true},
		{"a static segment beats a parameter", "POST", "/api/2.0/mlflow/logged-models/search", "logged-models/search", true},
		{"a parameter takes the rest", "GET", "/api/2.0/mlflow/logged-models/" + id, "logged-models/{model_id}", true},
		{"a parameter that looks static, other method", "GET", "/api/2.0/mlflow/logged-models/search", "logged-models/{model_id}", true},
		{"static beats parameter in the gateway too", "POST", "/gateway/openai/v1/embeddings", "gateway/openai/v1/embeddings", true},
		{"back from a static branch to the parameter", "POST", "/gateway/openai/mlflow/invocations", "gateway/{endpoint_name}/mlflow/invocations", true},
		{"the root", "GET", "/", "/", true},
		{"jobs end in a slash", "POST", "/ajax-api/3.0/jobs/", "jobs/", true},
		{"another method", "PUT", "/api/2.0/mlflow/experiments/get", "", true},
		{"DELETE on a path of GET and POST", "DELETE", "/api/2.0/mlflow/experiments/search", "", true},
		{"OPTIONS is nobody's", "OPTIONS", "/api/2.0/mlflow/experiments/get", "", true},
		{"lower-case method", "get", "/api/2.0/mlflow/experiments/get", "", true},
		{"trailing slash", "GET", "/api/2.0/mlflow/experiments/get/", "", false},
		{"double slash in front", "GET", "//api/2.0/mlflow/experiments/get", "", false},
		{"double slash inside", "GET", "/api/2.0//mlflow/experiments/get", "", false},
		{"dots", "GET", "/api/2.0/mlflow/runs/../experiments/get", "", false},
		{"another case", "GET", "/api/2.0/mlflow/Experiments/get", "", false},
		{"path parameter of servlets", "GET", "/api/2.0/mlflow/experiments/get;x", "", false},
		{"no leading slash", "GET", "api/2.0/mlflow/experiments/get", "", false},
		{"nothing", "GET", "", "", false},
		{"another version", "GET", "/api/4.0/mlflow/experiments/get", "", false},
		{"empty parameter", "GET", "/api/2.0/mlflow/logged-models/", "", false},
		{"empty rest", "GET", "/api/2.0/mlflow-artifacts/artifacts/", "", false},
		{"unknown below a known path", "GET", "/api/2.0/mlflow/experiments/get/x", "", false},
		{"only the UI has it", "POST", "/api/2.0/mlflow/upload-artifact", "", false},
	} {
		m, known := table.Find(c.method, c.path)
		got := ""
		if m.Endpoint != nil {
			got = m.Endpoint.Name
		}
		if got != c.name || known != c.known {
			t.Errorf("%s: %s %s = %q, known %v; want %q, %v", c.why, c.method, c.path, got, known, c.name, c.known)
		}
	}
}

// The path is decoded once before it is looked up, and written anew from what
// was found: a slash, a percent sign or a question mark that a client encoded
// cannot turn into another path upstream.
func TestPathsGoUpstreamAsTheyWereRead(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, c := range []struct{ method, decoded, upstream string }{
		{"GET", "/api/2.0/mlflow/experiments/get", "/api/2.0/mlflow/experiments/get"},
		{"GET", "/api/2.0/mlflow-artifacts/artifacts/2/a b/c?d#e", "/api/2.0/mlflow-artifacts/artifacts/2/a%20b/c%3Fd%23e"},
		{"GET", "/api/2.0/mlflow-artifacts/artifacts/2/100%.txt", "/api/2.0/mlflow-artifacts/artifacts/2/100%25.txt"},
		{"GET", "/api/2.0/mlflow-artifacts/artifacts/2/%2532", "/api/2.0/mlflow-artifacts/artifacts/2/%252532"},
		{"DELETE", "/api/2.0/mlflow/logged-models/m-1/tags/ä %2f", "/api/2.0/mlflow/logged-models/m-1/tags/%C3%A4%20%252f"},
	} {
		m, _ := table.Find(c.method, c.decoded)
		if m.Endpoint == nil {
			t.Errorf("%s %s: no row", c.method, c.decoded)
			continue
		}
		if got := m.path(); got != c.upstream {
			t.Errorf("%s goes upstream as %s, want %s", c.decoded, got, c.upstream)
		}
	}
}

// A slash that came encoded is a slash once decoded, for MLflow as for us, so
// a tag's key with a slash in it has no route in either.
func TestAParameterNeverHoldsASlash(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	if m, known := table.Find("DELETE", "/api/2.0/mlflow/logged-models/m-1/tags/a/b"); m.Endpoint != nil || known {
		t.Errorf("found %s with %v", m.Template, m.Params)
	}
	m, _ := table.Find("PUT", "/api/2.0/mlflow-artifacts/artifacts/2/a//b/")
	if m.Endpoint == nil || m.Params["artifact_path"] != "2/a//b/" {
		t.Errorf("the rest of an artifact path: %v", m.Params)
	}
}

func TestFindOfAFailedBranchLeavesNoParameters(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	m, _ := table.Find("POST", "/gateway/openai/mlflow/invocations")
	if len(m.Params) != 1 || m.Params["endpoint_name"] != "openai" {
		t.Errorf("params %v", m.Params)
	}
	if m, _ = table.Find("PATCH", "/api/2.0/mlflow/experiments/get"); len(m.Params) != 0 {
		t.Errorf("params %v of nothing", m.Params)
	}
}
