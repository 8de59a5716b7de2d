package mlflowapi

import (
	"maps"
	"slices"
	"strings"
)

// Request is one request to MLflow, apart from HTTP's machinery.
type Request struct {
	Method string
	Path   string // percent-encoded
	Query  string
	Body   []byte            // nil: none
	Header map[string]string // beside those of every call; nil: none, and a body is JSON
}

// Answer is MLflow's answer to a [Request].
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Incoming is what a client sent.
type Incoming struct {
	Method      string
	Query       string // as it came
	ContentType string
	Header      map[string][]string // by canonical names; read where arguments lie in headers
	Body        []byte              // nil where the endpoint streams
}

// Target is one thing that a call touches.
type Target struct {
	Kind   Kind
	Action Action
	// Name decides. It is set at once for what is asked by name, and by
	// resolving for what is asked by id. What lies in several experiments bears
	// the name of the one that decided.
	Name string
	// ID is set for what is asked by id.
	ID string
	// New: the name is to come into being, so it must be a good one.
	New bool
	// Link: MLflow would take an id that does not exist, so mlgate answers 404.
	Link bool
	// RunOwner may do it too: who created the run may delete and restore it.
	RunOwner bool

	is   role
	slot *value   // where the id stands in the arguments; nil: in the path
	also []*value // the same id once more
	path string   // the path parameter that holds the id
}

// Call is one request read against its endpoint.
type Call struct {
	Match
	Method  string
	Targets []*Target
	// Refused is set where the request breaks a rule of mlgate's own: it is
	// answered, or where mlgate only watches, recorded.
	Refused *Refusal

	args    *object
	size    int               // of the body as it came, in bytes
	tags    []*object         // messages that hold a tag's key
	authors []authored        // entries that say who made a trace
	places  []authored        // entries that say where MLflow keeps it
	texts   []jsonText        // fields that hold JSON as text
	signed  []signature       // where a person's name stands, or belongs
	lists   []narrowing       // lists that shrink to what is visible
	hidden  map[string]string // ids put in place of others, see [Call.Hide]
	absent  map[string]string // the same in lists, see [World.Narrow]
	answer  *trimNode         // what to take out of a GraphQL answer
	spans   *spanBatch        // of OTLP
}

// signature is a field that says who is acting.
type signature struct {
	in   *object
	name string
}

// narrowing is a list of ids of which only the visible ones go upstream.
type narrowing struct {
	list *value
	is   role
}

// Read reads a client's request against its row. What it returns holds the
// only bytes that may go upstream.
func (m Match) Read(in Incoming) (*Call, error) {
	c := &Call{Match: m, Method: in.Method, args: &object{}, size: len(in.Body)}
	e := m.Endpoint
	var err error
	switch e.Args {
	case InQuery, Streamed:
		if len(in.Body) > 0 {
			return nil, Bad("%s takes its parameters from the query string; send no body", e.Name)
		}
		c.args, err = readQuery(in.Query, e.fields)
	case InBody:
		if err := jsonType(in); err != nil {
			return nil, err
		}
		c.args, err = readBody(in.Body, e.fields)
	case InSpans:
		err = c.readSpans(in)
	}
	if err != nil {
		return nil, err
	}
	if err := c.collect(c.args, e.fields); err != nil {
		return nil, err
	}
	if err := c.collectPath(); err != nil {
		return nil, err
	}
	if err := c.cleanPaths(); err != nil {
		return nil, err
	}
	if e.Direct {
		return c, c.boundTransfer()
	}
	return c, nil
}

// jsonType holds a POST to the one content type that MLflow takes; a page of
// another origin cannot send it without asking first.
func jsonType(in Incoming) error {
	if in.Method != "POST" && in.Method != "PUT" {
		return nil
	}
	mime, _, _ := strings.Cut(in.ContentType, ";")
	if !strings.EqualFold(strings.TrimSpace(mime), "application/json") {
		return Bad("Bad Request. Content-Type must be one of ['application/json'].")
	}
	return nil
}

// collect walks a message, checks the spelling of every id, and lists the targets.
func (c *Call) collect(o *object, fields []field) error {
	for i := range fields {
		f := &fields[i]
		if f.is == author {
			c.signed = append(c.signed, signature{o, f.name})
			continue
		}
		v, err := c.pick(o, f)
		if err != nil {
			return err
		}
		if v == nil && f.is == tagsText && c.Endpoint.Creates {
			v = newString("{}") // to be signed
			o.set(f.name, v)
		}
		if v == nil {
			continue
		}
		switch f.is {
		case tagsText, recordsText, scorerText:
			c.texts = append(c.texts, jsonText{o, f.name, f.is})
			continue
		case tagKey:
			c.tags = append(c.tags, o)
		case traceEntry:
			if err := c.traceEntries(o, f, v); err != nil {
				return err
			}
			continue
		case issueName:
			// MLflow counts the trace among the issue's. What is assessed already may
			// be a reference to one without saying so.
			if o.get("issue") != nil || issueID.canonical(v.str) {
				if err := c.target(&field{name: f.name, is: issueID, action: Edit, link: true}, v); err != nil {
					return err
				}
			}
			continue
		case assessor:
			c.assessor(o, f.name)
			continue
		}
		if f.narrow {
			c.lists = append(c.lists, narrowing{v, f.is})
		}
		for _, item := range v.items() {
			if f.of != nil {
				err = c.collect(item.obj, f.of)
			} else if f.is != plain {
				err = c.target(f, item)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// items are a list's values, or the value itself.
func (v *value) items() []*value {
	if v.kind == '[' {
		return v.list
	}
	return []*value{v}
}

// pick gives a field's value under whichever of its two names it came. MLflow
// prefers one and falls back on the other where it is empty, so both must agree.
func (c *Call) pick(o *object, f *field) (*value, error) {
	v := o.get(f.name)
	if f.is != plain && v != nil && v.kind == '"' && v.str == "" && f.is != tagKey {
		o.drop(f.name)
		v = nil
	}
	if f.alias != "" {
		if a := o.get(f.alias); a != nil {
			if v != nil && v.str != a.str {
				return nil, Bad("%q and %q name different things", f.name, f.alias)
			}
			o.drop(f.alias)
			if v == nil && a.str != "" {
				v = a
				o.set(f.name, v)
			}
		}
	}
	if f.must && (v == nil || f.many && len(v.list) == 0) {
		return nil, Bad("Missing value for required parameter '%s'. See the API docs for more information about request parameters.", f.name)
	}
	return v, nil
}

// whyRefused says why clients may not send a field.
var whyRefused = map[string]string{
	"artifact_location": "the server would read and write wherever it points to, with the server's own rights",
	"new_owner":         "it would say of somebody that they made something, and mlgate writes who did",
}

func (c *Call) target(f *field, v *value) error {
	if f.is == refused {
		c.Refused = &Refusal{Answer: Forbidden("the field %q may not be set through mlgate: %s", f.name, whyRefused[f.name]), Rule: "rule: " + f.name}
		return nil
	}
	if v.str == "" && f.is != tagKey {
		return Bad("Invalid value for parameter '%s': it is empty", f.name)
	}
	if !f.is.canonical(v.str) {
		return Bad("Invalid value %q for parameter '%s': it is not an id in its canonical spelling", cut(v.str), f.name)
	}
	if f.is.kind() == NoKind || f.narrow {
		return nil
	}
	c.add(f, v.str, v, "")
	return nil
}

func (c *Call) add(f *field, val string, slot *value, param string) {
	t := &Target{Kind: f.is.kind(), Action: f.action, Link: f.link, is: f.is, slot: slot, path: param}
	if t.Action == 0 {
		t.Action = c.Endpoint.Action
	}
	switch f.is {
	case gatewayCall:
		t.Name, _ = cutVerb(val)
	case experimentName, newExperimentName, modelName, newModelName, gatewayEndpoint:
		t.Name = val
		t.New = f.is == newExperimentName || f.is == newModelName
	default:
		t.ID = val
	}
	t.RunOwner = f.is == runID && t.Action == Manage
	for _, have := range c.Targets {
		if have.is == t.is && have.ID == t.ID && have.Name == t.Name && have.Action == t.Action && have.Link == t.Link && have.slot != nil && slot != nil {
			have.also = append(have.also, slot)
			return
		}
	}
	c.Targets = append(c.Targets, t)
}

// pathRoles says what a path's parameters name.
var pathRoles = map[string]role{
	"model_id": loggedModelID, "trace_id": traceID, "request_id": traceID,
	"dataset_id": evalDatasetID, "issue_id": issueID,
	"endpoint_name": gatewayEndpoint, "endpoint_call": gatewayCall,
}

// collectPath lists the targets in the path, and holds a body that names the
// same thing to it: of the two, MLflow uses now the one, now the other.
func (c *Call) collectPath() error {
	if len(c.Params) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		is, val := pathRoles[name], c.Params[name]
		if is == plain {
			continue
		}
		if !is.canonical(val) {
			return Bad("Invalid value %q for parameter '%s': it is not an id in its canonical spelling", cut(val), name)
		}
		if v := c.args.get(name); v != nil && v.str != val {
			return Bad("%q in the body and in the path name different things", name)
		}
		f := field{name: name, is: is}
		c.add(&f, val, nil, name)
	}
	return nil
}

// idsFirst puts what names something before what does not: MLflow stops reading
// a body at the first value of a wrong form, and some endpoints then go on with
// what was read so far, without the experiments that behind it stood.
func (o *object) idsFirst(fields []field) *object {
	sorted := &object{}
	for _, named := range [...]bool{true, false} {
		for i, n := range o.names {
			if named == slices.ContainsFunc(fields, func(f field) bool { return f.name == n && f.naming() }) {
				sorted.names, sorted.values = append(sorted.names, n), append(sorted.values, o.values[i])
			}
		}
	}
	for _, f := range fields {
		v := sorted.get(f.name)
		if v == nil || !f.narrows {
			continue
		}
		for _, item := range v.items() { // a search without its list is one of everything
			if item.obj != nil {
				item.obj = item.obj.idsFirst(f.of)
			}
		}
	}
	return sorted
}

// naming reports whether a field, or one in it, names something.
func (f field) naming() bool { return f.is.kind() != NoKind || slices.ContainsFunc(f.of, field.naming) }

// Request writes the canonical request.
func (c *Call) Request() *Request { return c.request(c.args, c.Params) }

func (c *Call) request(args *object, params Params) *Request {
	m := Match{c.Endpoint, c.Template, params}
	r := &Request{Method: c.Method, Path: m.path()}
	switch c.Endpoint.Args {
	case InQuery, Streamed:
		r.Query = args.query()
	case InBody:
		r.Body = args.idsFirst(c.Endpoint.fields).appendJSON(make([]byte, 0, c.size+64)) // about as long as it came
	case InSpans:
		r.Body, r.Header = c.spans.body, spanHeaders(args)
	}
	return r
}
