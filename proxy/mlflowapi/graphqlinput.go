package mlflowapi

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
)

// input reads the argument of a root field: an object, in the document, in a
// variable, or partly so. Whatever way it came, it ends as one object of
// known fields.
func (g *graphqlRequest) input(f *ast.Field, in graphqlInput) (*object, error) {
	if len(f.Arguments) != 1 || f.Arguments[0].Name != "input" {
		return nil, Bad("the field %q takes one argument, input", f.Name)
	}
	v, err := g.literal(f.Arguments[0].Value, 0)
	if err != nil {
		return nil, err
	}
	if v == nil || v.kind != '{' {
		return nil, Bad("the argument of %q must be an object", f.Name)
	}
	return inputShape(v.obj, in.fields)
}

// literal turns a value of the document into one of JSON; nil: null or absent.
func (g *graphqlRequest) literal(v *ast.Value, depth int) (*value, error) {
	if depth > maxDepth {
		return nil, Bad("the GraphQL query is nested too deeply")
	}
	switch v.Kind {
	case ast.Variable:
		return g.variable(v.Raw, depth)
	case ast.NullValue:
		return nil, nil
	case ast.IntValue, ast.FloatValue:
		return &value{raw: jsontext.Value(v.Raw), kind: '0'}, nil
	case ast.BooleanValue:
		return &value{raw: jsontext.Value(v.Raw), kind: jsontext.Kind(v.Raw[0])}, nil
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return newString(v.Raw), nil
	case ast.ListValue:
		list := newList(nil)
		for _, kid := range v.Children {
			item, err := g.literal(kid.Value, depth+1)
			if err != nil {
				return nil, err
			}
			list.list = append(list.list, item)
		}
		return list, nil
	default:
		return g.objectLiteral(v, depth)
	}
}

func (g *graphqlRequest) objectLiteral(v *ast.Value, depth int) (*value, error) {
	o := &object{}
	seen := map[string]bool{}
	for _, kid := range v.Children {
		if seen[kid.Name] {
			return nil, Bad("there can be only one input field named %q", cut(kid.Name))
		}
		seen[kid.Name] = true
		item, err := g.literal(kid.Value, depth+1)
		if err != nil {
			return nil, err
		}
		o.set(kid.Name, item)
	}
	return newObject(o), nil
}

// variable gives a variable's value: as sent, else its default.
func (g *graphqlRequest) variable(name string, depth int) (*value, error) {
	def := g.op.VariableDefinitions.ForName(name)
	if def == nil {
		return nil, Bad("the variable %q is not defined by the operation", cut(name))
	}
	if v, sent := g.variables.find(name); sent {
		if v == nil {
			return nil, nil
		}
		return v.clone(), nil // a variable may be used twice, and each use is narrowed alone
	}
	if def.DefaultValue == nil {
		return nil, nil
	}
	if def.DefaultValue.Kind == ast.Variable {
		return nil, Bad("the default of %q is not a constant", cut(name))
	}
	return g.literal(def.DefaultValue, depth+1)
}

// inputShape holds an input object to its fields. null reads as absent, and a
// single value where a list is expected as a list of one, as GraphQL has it.
func inputShape(o *object, fields []field) (*object, error) {
	out := &object{}
	for i, name := range o.names {
		f, _, err := fieldNamed(fields, name)
		if err != nil {
			return nil, err
		}
		if f == nil {
			return nil, Bad("unknown input field %q", cut(name))
		}
		v := o.values[i]
		if v == nil {
			continue
		}
		if f.many && v.kind != '[' {
			v = newList([]*value{v})
		}
		if !f.many && v.kind == '[' {
			return nil, Bad("Invalid value for parameter '%s': it must not be a list", f.name)
		}
		for _, item := range v.items() {
			if item == nil || item.kind == '[' || item.kind == '{' || (f.is != plain && item.kind != '"') {
				return nil, Bad("Invalid value for parameter '%s': it is not of the field's type", f.name)
			}
		}
		out.set(name, v)
	}
	return out, nil
}
