package mlflowapi

import (
	"errors"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// A document of a few hundred bytes can name millions of fields by fragments
// within fragments, so everything is counted while it is expanded. The bounds
// on roots, depth and fields are MLflow's own.
const (
	graphqlMostBytes   = 256 << 10
	graphqlMostTokens  = 4000
	graphqlMostRoots   = 10
	graphqlMostDepth   = 10
	graphqlMostFields  = 1000
	graphqlMostSpreads = 20 // fragments around a field
)

// privateKey begins the response keys that mlgate adds and takes out again.
const privateKey = "mlgate_"

// ReadGraphQL reads a GraphQL request. The client's document never goes
// upstream: the one operation that it selects is expanded, checked against
// the open part of MLflow's schema field by field, and printed anew, with
// every argument in a variables object of our own.
func ReadGraphQL(m Match, in Incoming) (*Call, error) {
	if in.Method != "POST" {
		return nil, Bad("GraphQL is answered to POST alone")
	}
	if in.Query != "" {
		return nil, Bad("GraphQL takes no query string")
	}
	if err := jsonType(in); err != nil {
		return nil, err
	}
	g, err := readGraphQLBody(in.Body)
	if err != nil {
		return nil, err
	}
	root, err := g.expand()
	if err != nil {
		return nil, err
	}
	c := &Call{Match: m, Method: in.Method, args: &object{}}
	return c, c.setGraphQL(root)
}

// setGraphQL lists the targets of a read operation and writes it anew.
func (c *Call) setGraphQL(root *selection) error {
	inputs, err := graphqlInputs()
	if err != nil {
		return err
	}
	root.addNames()
	vars := &object{}
	var head, body strings.Builder
	for i, s := range root.kids {
		if s.input == nil {
			s.print(&body, "")
			continue
		}
		if err := c.collect(s.input, inputs[s.field].fields); err != nil {
			return err
		}
		name := "v" + strconv.Itoa(i)
		head.WriteString(" $" + name + ":" + inputs[s.field].typ)
		vars.set(name, newObject(s.input))
		s.print(&body, "(input:$"+name+")")
	}
	document := "query"
	if head.Len() > 0 {
		document += "(" + head.String()[1:] + ")"
	}
	c.args.set("query", newString(document+"{"+body.String()+"}"))
	c.args.set("variables", newObject(vars))
	c.answer = root.trims()
	return nil
}

// graphqlRequest is what a client sent, while it is read.
type graphqlRequest struct {
	types     ast.DefinitionList
	inputs    map[string]graphqlInput
	op        *ast.OperationDefinition
	fragments map[string]*ast.FragmentDefinition
	variables *object // as sent
	fields    int
}

var errGraphQLSyntax = errors.New("cannot read the GraphQL document")

// readGraphQLBody reads the JSON around a document, and finds the operation.
func readGraphQLBody(body []byte) (*graphqlRequest, error) {
	if len(body) > graphqlMostBytes {
		return nil, Bad("the GraphQL request is too large")
	}
	o, err := readBody(body, []field{{name: "query"}, {name: "variables", any: true}, {name: "operationName"}, {name: "extensions", any: true}})
	if err != nil {
		return nil, err
	}
	for _, n := range [...]string{"query", "operationName"} {
		if v := o.get(n); v != nil && v.kind != '"' {
			return nil, Bad("%q must be a string", n)
		}
	}
	g := &graphqlRequest{variables: &object{}}
	if v := o.get("variables"); v != nil {
		if v.kind != '{' {
			return nil, Bad("%q must be an object", "variables")
		}
		g.variables = v.obj
	}
	if g.types, err = graphqlSchema(); err != nil {
		return nil, err
	}
	if g.inputs, err = graphqlInputs(); err != nil {
		return nil, err
	}
	return g, g.parse(o.text("query"), o.text("operationName"))
}

func (g *graphqlRequest) parse(document, operation string) error {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, graphqlMostTokens)
	if err != nil {
		return Bad("%v", errGraphQLSyntax)
	}
	g.fragments = map[string]*ast.FragmentDefinition{}
	for _, f := range doc.Fragments {
		if g.fragments[f.Name] != nil || len(f.Directives) > 0 || len(f.VariableDefinition) > 0 {
			return Bad("the fragment %q is given twice, or is more than a plain one", cut(f.Name))
		}
		g.fragments[f.Name] = f
	}
	names := map[string]bool{}
	for _, op := range doc.Operations {
		if names[op.Name] || (op.Name == "" && len(doc.Operations) > 1) {
			return Bad("every one of several operations must have a name of its own")
		}
		names[op.Name] = true
		if op.Operation != ast.Query {
			return Bad("GraphQL %ss are not open; use the REST endpoints", op.Operation)
		}
		if operation == op.Name || (operation == "" && len(doc.Operations) == 1) {
			g.op = op
		}
	}
	if g.op == nil {
		return Bad("the document holds no operation of that name, or several and no operationName")
	}
	return g.checkHead()
}

// checkHead refuses what stands at the operation and is not understood. MLflow
// knows no @skip and @include; @component is a label that its UI sets.
func (g *graphqlRequest) checkHead() error {
	for _, d := range g.op.Directives {
		if d.Name != "component" {
			return Bad("unknown directive %q", cut(d.Name))
		}
	}
	seen := map[string]bool{}
	for _, v := range g.op.VariableDefinitions {
		if seen[v.Variable] || len(v.Directives) > 0 {
			return Bad("the variable %q is given twice, or has directives", cut(v.Variable))
		}
		seen[v.Variable] = true
	}
	return nil
}
