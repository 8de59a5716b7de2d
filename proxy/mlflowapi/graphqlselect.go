package mlflowapi

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// selection is one field of an answer, fragments expanded and fields of one
// response key merged: the shape of the answer as MLflow will give it.
type selection struct {
	key   string // in the answer: the alias, else the field
	field string
	typ   string  // of the field, lists taken off
	list  bool    // the field is a list
	input *object // a root field's argument
	kids  []*selection
	ours  bool // added by mlgate, and taken out of the answer again
}

const typename = "__typename"

// expand gives the operation as one tree, checked against the schema.
func (g *graphqlRequest) expand() (*selection, error) {
	root := &selection{typ: "Query"}
	if err := g.into(root, g.op.SelectionSet, 1, 0); err != nil {
		return nil, err
	}
	if len(root.kids) > graphqlMostRoots {
		return nil, Bad("GraphQL queries should have at most %d root fields", graphqlMostRoots)
	}
	return root, nil
}

// into adds a selection set to an object. spreads counts the fragments that
// lie around it, so that fragments which name each other come to an end.
func (g *graphqlRequest) into(to *selection, set ast.SelectionSet, depth, spreads int) error {
	if depth > graphqlMostDepth || spreads > graphqlMostSpreads {
		return Bad("the GraphQL query is nested too deeply")
	}
	for _, s := range set {
		if g.fields++; g.fields > graphqlMostFields {
			return Bad("the GraphQL query names too many fields")
		}
		var err error
		switch s := s.(type) {
		case *ast.Field:
			err = g.field(to, s, depth, spreads)
		case *ast.InlineFragment:
			err = g.spread(to, s.TypeCondition, s.Directives, s.SelectionSet, depth, spreads)
		case *ast.FragmentSpread:
			f := g.fragments[s.Name]
			if f == nil {
				return Bad("unknown fragment %q", cut(s.Name))
			}
			err = g.spread(to, f.TypeCondition, s.Directives, f.SelectionSet, depth, spreads)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *graphqlRequest) spread(to *selection, on string, ds ast.DirectiveList, set ast.SelectionSet, depth, spreads int) error {
	if len(ds) > 0 {
		return Bad("unknown directive %q", cut(ds[0].Name))
	}
	if on != "" && on != to.typ {
		return Bad("a fragment on %q cannot stand in %q", cut(on), to.typ)
	}
	return g.into(to, set, depth, spreads+1)
}

func (g *graphqlRequest) field(to *selection, f *ast.Field, depth, spreads int) error {
	s, err := g.open(to, f)
	if err != nil {
		return err
	}
	if s, err = to.merge(s); err != nil {
		return err
	}
	if isLeaf := g.types.ForName(s.typ) == nil; isLeaf != (len(f.SelectionSet) == 0) {
		return Bad("the field %q must have a selection of subfields just where it is an object", cut(f.Name))
	}
	if len(f.SelectionSet) == 0 {
		return nil
	}
	return g.into(s, f.SelectionSet, depth+1, spreads)
}

// open reads one field by itself.
func (g *graphqlRequest) open(to *selection, f *ast.Field) (*selection, error) {
	if len(f.Directives) > 0 {
		return nil, Bad("unknown directive %q", cut(f.Directives[0].Name))
	}
	key := f.Alias
	if key == "" {
		key = f.Name
	}
	if strings.HasPrefix(key, privateKey) || (strings.HasPrefix(key, "__") && (key != typename || f.Name != typename)) {
		return nil, Bad("the alias %q is not for clients", cut(key))
	}
	s := &selection{key: key, field: f.Name, typ: "String"}
	if f.Name != typename {
		def := g.types.ForName(to.typ).Fields.ForName(f.Name)
		if def == nil {
			return nil, Bad("the field %q of %q is unknown or not open", cut(f.Name), to.typ)
		}
		s.typ, s.list = def.Type.Name(), def.Type.Elem != nil
	}
	in, takes := g.inputs[f.Name]
	if takes = takes && to.typ == "Query"; !takes {
		if len(f.Arguments) > 0 {
			return nil, Bad("the field %q takes no arguments", cut(f.Name))
		}
		return s, nil
	}
	var err error
	s.input, err = g.input(f, in)
	return s, err
}

// merge puts a field beside the others of its object. Two fields with one
// response key must ask for one thing.
func (s *selection) merge(kid *selection) (*selection, error) {
	for _, have := range s.kids {
		if have.key != kid.key {
			continue
		}
		same := have.field == kid.field && (have.input == nil) == (kid.input == nil)
		if same && have.input != nil {
			same = string(have.input.appendJSON(nil)) == string(kid.input.appendJSON(nil))
		}
		if !same {
			return nil, Bad("%q is asked for twice, and not the same; use different aliases", cut(kid.key))
		}
		return have, nil
	}
	s.kids = append(s.kids, kid)
	return kid, nil
}

// print writes a field as GraphQL.
func (s *selection) print(b *strings.Builder, args string) {
	if s.key != s.field {
		b.WriteString(s.key + ":")
	}
	b.WriteString(s.field + args)
	if len(s.kids) > 0 {
		b.WriteByte('{')
		for i, k := range s.kids {
			if i > 0 {
				b.WriteByte(' ')
			}
			k.print(b, "")
		}
		b.WriteByte('}')
	}
}
