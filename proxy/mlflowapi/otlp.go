package mlflowapi

import (
	"context"
	"errors"
	"slices"
)

// otlpRows is what OpenTelemetry's exporters and MLflow's own client send spans
// to. The Fields are headers, see [spanHeaders]; MLflow looks at neither where
// it can do without, so what is not there to the caller is answered here.
//
// It may be sent twice: spans are kept by their ids, what is summed up over them
// is summed up anew, and a trace is linked to a run once.
func otlpRows() []Endpoint {
	return []Endpoint{
		{Name: "v1/traces", Methods: post, Paths: atRoot("v1/traces"), Kind: Experiment, Action: Edit, Args: InSpans, Special: LogSpans, Repeatable: true,
			Fields: "experiment_id:experiment?! run_id:run?"},
	}
}

// The headers that name what MLflow puts the spans into.
const (
	experimentHeader = "X-Mlflow-Experiment-Id"
	runHeader        = "X-Mlflow-Run-Id"
)

// mostSpanTraces is how many traces one batch may be about. OpenTelemetry's
// SDKs send 512 spans at a time, its collector 8192.
const mostSpanTraces = 10_000

// spanBatch is an OTLP request: what goes upstream, and what it touches.
type spanBatch struct {
	body   []byte   // protobuf, written anew
	traces []string // MLflow's ids of all traces in it
}

// readSpans reads the headers and the batch. MLflow would take a header in any
// spelling of an id, and of two the last.
func (c *Call) readSpans(in Incoming) error {
	exp, run := in.Header[experimentHeader], in.Header[runHeader]
	switch {
	case len(exp) != 1 || exp[0] == "":
		return Bad("send the header %s once", experimentHeader)
	case len(run) > 1:
		return Bad("send the header %s once", runHeader)
	case len(run) == 1 && run[0] != "":
		c.args.set("run_id", newString(run[0]))
	}
	c.args.set("experiment_id", newString(exp[0]))
	body, err := decompress(in)
	if err != nil {
		return err
	}
	c.spans, err = c.readBatch(in.ContentType, body)
	return err
}

// spanHeaders writes the headers of the canonical request.
func spanHeaders(args *object) map[string]string {
	h := map[string]string{"Content-Type": protobufType, experimentHeader: args.text("experiment_id")}
	if run := args.text("run_id"); run != "" {
		h[runHeader] = run
	}
	return h
}

// AdmitSpans decides about the traces of a batch that exist already. MLflow adds
// spans to such a trace wherever it lies, whatever experiment the header names,
// and writes over those whose ids it holds: the trace's own experiment decides.
// A trace that does not exist is made in the header's experiment, and until this
// call has ended nobody else's comes in between.
func (w *World) AdmitSpans(ctx context.Context, c *Call) error {
	if len(c.spans.traces) == 0 {
		return nil
	}
	w.Hold(c.spans.traces)
	at, err := w.tracesAt(ctx, c.spans.traces)
	if err != nil {
		return err
	}
	admitted := map[string]bool{}
	for _, id := range c.spans.traces {
		exp, exists := at[id]
		if !exists || admitted[exp] {
			continue
		}
		if err := w.admitTrace(ctx, id, exp); err != nil {
			return err
		}
		admitted[exp] = true
	}
	return nil
}

// admitTrace decides about adding to a trace that lies in an experiment. To make
// a trace of an id that another team's bears is not possible, so that it is
// taken cannot be kept secret from who guesses its 128 bits.
func (w *World) admitTrace(ctx context.Context, id, exp string) error {
	missing := NotFound("Trace with ID '%s' not found.", id)
	info, err := w.Names.Experiment(ctx, exp)
	if errors.Is(err, ErrNotFound) {
		return unseen(nil, missing)
	}
	if err != nil {
		return err
	}
	if r := w.Judge.Judge(Read, Experiment, info.Name); r != nil {
		return unseen(r, missing)
	}
	if r := w.Judge.Judge(Edit, Experiment, info.Name); r != nil {
		return r
	}
	return nil
}

// traceTagPrefix begins attributes of a root span that MLflow makes tags of its
// trace. Attributes of a resource become tags as they are, but for those that
// begin with mlflow.
const traceTagPrefix = "mlflow.traceTag."

// placeTags say where MLflow reads a trace's spans and attachments; whoever sets
// them reads what another team wrote there. MLflow lets no client set the last
// three, except this way.
var placeTags = []string{"mlflow.artifactlocation", "mlflow.trace.archivelocation", "mlflow.trace.spanslocation", "mlflow.trace.archivalfailure"}

func isPlaceTag(key string) bool {
	return slices.ContainsFunc(placeTags, func(name string) bool { return standsFor(key, name, false) })
}

// spanTag refuses a tag that is not the client's to set.
func (c *Call) spanTag(key string) error {
	err := reservedTag(key, false)
	if isPlaceTag(key) {
		err = &Refusal{Answer: Forbidden("the tag %q says where MLflow reads a trace from, and may not be set through mlgate", cut(key)), Rule: "rule: trace location"}
	}
	var r *Refusal
	if errors.As(err, &r) { // where mlgate only watches, it is recorded
		c.Refused, err = r, nil
	}
	return err
}
