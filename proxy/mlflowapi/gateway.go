package mlflowapi

import (
	"context"
	"net/url"
	"strings"
)

// gatewayRows invoke an endpoint of MLflow's AI gateway, which spends money
// under a key that the caller never sees. The endpoint is named in the path or
// by the body's "model"; the rest of the body is the provider's affair.
func gatewayRows() []Endpoint {
	row := func(e Endpoint) Endpoint {
		e.Paths, e.Kind, e.Action = atRoot(strings.ReplaceAll(e.Name, "{path}", "{path...}")), Gateway, Use
		if e.Methods == nil {
			e.Methods, e.Args, e.Special = post, InBody, Invocation
		}
		return e
	}
	const named, inPath = "model:gateway_endpoint! *", "*"
	return []Endpoint{
		row(Endpoint{Name: "gateway/anthropic/v1/messages", Fields: named}),
		row(Endpoint{Name: "gateway/gemini/v1beta/models/{endpoint_call}", Fields: inPath}),
		row(Endpoint{Name: "gateway/mlflow/v1/chat/completions", Fields: named}),
		row(Endpoint{Name: "gateway/mlflow/v1/models", Methods: get, Args: InQuery, Repeatable: true,
			Trims: []Trim{{At: "data[]", Shown: true, By: "id", Is: "gateway_endpoint"}}}),
		row(Endpoint{Name: "gateway/openai/v1/chat/completions", Fields: named}),
		row(Endpoint{Name: "gateway/openai/v1/embeddings", Fields: named}),
		row(Endpoint{Name: "gateway/openai/v1/responses", Fields: named}),
		row(Endpoint{Name: "gateway/openai/v1/responses/compact", Fields: named}),
		row(Endpoint{Name: "gateway/typesafe/v1/systemone", Fields: named}),
		row(Endpoint{Name: "gateway/{endpoint_name}/mlflow/invocations", Fields: inPath}),
	}
}

// cutVerb takes the endpoint's name from a path like NAME:generateContent.
func cutVerb(call string) (name string, ok bool) {
	for _, verb := range [...]string{":generateContent", ":streamGenerateContent"} {
		if name, ok = strings.CutSuffix(call, verb); ok && name != "" {
			return name, true
		}
	}
	return "", false
}

// meetName asks MLflow which endpoint answers to the name of an invocation: a
// store that compares names without case may find another one than was decided
// about. What MLflow says of an endpoint that is not there, it says to the
// invocation as well.
func (w *World) meetName(ctx context.Context, c *Call) error {
	for _, t := range c.Targets {
		if t.Kind != Gateway {
			continue
		}
		a, err := w.Upstream.Do(ctx, &Request{Method: "GET", Path: "/api/3.0/mlflow/gateway/endpoints/get", Query: url.Values{"name": {t.Name}}.Encode()})
		if err != nil {
			return err
		}
		if a.Status != 200 {
			continue
		}
		root := &trimNode{}
		root.down([]string{"endpoint"})
		doc, err := parseSpans(a.Body, root)
		if err != nil {
			return err
		}
		if doc.text(a.Body, "endpoint", "name") != t.Name {
			return NotFound("GatewayEndpoint not found (name='%s')", t.Name)
		}
	}
	return nil
}
