package mlflowapi

import "slices"

// Action is what a call does to a resource; the words are the policy file's.
type Action uint8

// Read ⊂ Edit ⊂ Manage; Admin stands for server-wide things, Use for the
// invocation of a gateway endpoint.
const (
	Read Action = iota + 1
	Edit
	Manage
	Admin
	Use
)

func (a Action) String() string {
	return [...]string{"none", "read", "edit", "manage", "admin", "use"}[a]
}

// Kind is the kind of named resource that decides about a call.
type Kind uint8

// The kinds of names that MLflow's own endpoints touch.
const (
	NoKind Kind = iota
	Experiment
	Model
	Server  // nothing that belongs to a team
	Gateway // an endpoint of MLflow's AI gateway
)

func (k Kind) String() string {
	return [...]string{"", "experiment", "model", "server", "gateway"}[k]
}

// Args says where MLflow reads the arguments of an endpoint.
type Args uint8

// Where arguments lie. The path's own parameters are read in every case.
const (
	NoArgs   Args = iota
	InQuery       // GET: the query string, and only it
	InBody        // POST, PUT, PATCH, DELETE: the JSON body, and only it
	Streamed      // ids in path and query; the body passes through unread
	InSpans       // ids in headers and in the spans of the body, see otlp.go
)

// Endpoint is one row of the table: all that mlgate knows of one thing that
// MLflow answers.
type Endpoint struct {
	// Name is MLflow's path below its version prefix: "runs/log-metric".
	Name string
	// Methods that the row covers. A row with GET answers HEAD too.
	Methods []string
	// Paths are templates; {name} is one segment, {name...} the whole rest.
	Paths []string
	// Kind of the resource that the endpoint is about.
	Kind Kind
	// Action needed on every target whose field names no other.
	Action Action
	// Args says where the arguments lie.
	Args Args
	// Fields is the schema of the arguments, in the notation of [parseFields].
	Fields string
	// Trims lists what the answer may hold of others, and what to do about it.
	Trims []Trim
	// Search is set on endpoints that list by name; see [Search].
	Search *Search
	// Scan is set on a search that MLflow may run over the whole server; see [Scan].
	Scan *Scan
	// Sift is set on a search by whose filter and order one could guess what the
	// Trims take out; see [Sift].
	Sift *Sift
	// Special names what a row needs beyond the data above.
	Special Special
	// File: the answer is a file that users wrote, or one of the UI's; HEAD asks
	// MLflow for its size.
	File bool
	// Direct: it is about an address of the store itself, which leads past mlgate;
	// whoever runs mlgate can switch such rows off.
	Direct bool
	// Creates: the call brings something into being, so that its tags may name
	// their author (who is always the caller).
	Creates bool
	// Echo is the member of the answer that must hold the name asked for: a
	// store that compares without case may answer with another one.
	Echo string
	// Forgives: MLflow answers 200 about what is not there and does nothing, so
	// that is what is said of what the caller cannot see.
	Forgives bool
	// Repeatable: sending the call twice does no more than sending it once,
	// so a lost answer may be reported as 502, which clients retry.
	Repeatable bool
	// Closed is the reason why the endpoint is refused; empty: it is open.
	Closed string
	// Since is the first of the recorded MLflow releases that has it, worked out
	// when the table is built; empty: none, mlgate answers itself.
	Since string

	fields []field
	trims  *trimNode
}

// Special marks the few endpoints whose reading or answer needs code.
type Special uint8

// The special endpoints; each is handled in the file of its resource.
const (
	Plain              Special = iota
	ArtifactPath               // the path decides: proxied artifact up- and downloads
	ArtifactListing            // the same with the path in the query
	CreateRun                  // signed with the identity
	CreateVersion              // source, run_id and model_id of a model version
	NarrowLocations            // trace locations shrink to the visible ones
	NarrowDatasets             // experiment_ids, where none means all
	GraphQL                    // read with a parser, see graphql.go
	CurrentUser                // answered here
	ServerInfo                 // answer rewritten
	Static                     // the UI's files
	Health                     // needs no identity
	SetLoggedModelTags         // keeps entries that the caller cannot see
	DownloadURI                // tells where a version's files lie, which is remembered
	RenameExperiment           // what is known of the name is forgotten
	SearchTraces               // by no link that is hidden
	StartTrace                 // a trace does not move
	EndTrace                   // who made it stays
	CountTraces                // not by what is hidden in some
	DeleteTraces               // what is known of them is forgotten
	LogSpans                   // spans join traces that exist already
	Invocation                 // the gateway endpoint is looked up by its name first
	SetItemStatus              // says who reviewed an item
	StartUpload                // a multipart upload: its id is sealed
	EndUpload                  // its id is opened again
	LogInputs                  // an older MLflow shares datasets between experiments
	SearchRuns                 // by the names that datasets were logged by
)

// Open reports whether the row lets calls through at all.
func (e *Endpoint) Open() bool { return e.Closed == "" }

// ServerWide reports whether the row is about what belongs to no team, so that
// only admins may call it, whatever the mode.
func (e *Endpoint) ServerWide() bool { return e.Kind == Server && e.Action == Admin }

// has reports whether the row covers a method.
func (e *Endpoint) has(method string) bool { return slices.Contains(e.Methods, method) }

var (
	get   = []string{"GET"}
	post  = []string{"POST"}
	put   = []string{"PUT"}
	patch = []string{"PATCH"}
	del   = []string{"DELETE"}
)

// v2 and v3 give the two addresses under which MLflow serves an API path:
// one for clients, one for its own UI.
func v2(p string) []string { return []string{"/ajax-api/2.0/mlflow/" + p, "/api/2.0/mlflow/" + p} }
func v3(p string) []string { return []string{"/ajax-api/3.0/mlflow/" + p, "/api/3.0/mlflow/" + p} }

func ajax2(p string) []string { return v2(p)[:1] }
func ajax3(p string) []string { return v3(p)[:1] }

func v2v3(p string) []string { return append(v2(p), v3(p)...) }

func artifactPaths(p string) []string {
	return []string{"/ajax-api/2.0/mlflow-artifacts/" + p, "/api/2.0/mlflow-artifacts/" + p}
}
