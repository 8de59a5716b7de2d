package mlflowapi

import (
	"context"
	"regexp"
	"strings"
)

// MLflow also finds traces by links that no answer shows: to a run, to a version
// of a prompt. Who asks by one that she cannot see asks about one that is not
// there; what is compared is always a whole id or name/version (3.17.2).

var literal = regexp.MustCompile("'[^']*'|\"[^\"]*\"")

// blind puts what nobody holds in the place of what a trace filter names and the
// caller cannot see.
func (w *World) blind(ctx context.Context, c *Call) error {
	for _, name := range []string{"filter", "filter_string1", "filter_string2", "base_filter"} {
		if v := c.args.get(name); v != nil && v.kind == '"' {
			if err := w.blindText(ctx, c, v); err != nil {
				return err
			}
		}
	}
	if list := c.args.get("filters"); list != nil {
		for _, v := range list.list {
			if err := w.blindText(ctx, c, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *World) blindText(ctx context.Context, c *Call, v *value) (err error) {
	asks := strings.ToLower(v.str)
	v.str = literal.ReplaceAllStringFunc(v.str, func(q string) string {
		text := q[1 : len(q)-1]
		var visible bool
		var fake string
		name, number, pair := cutLast(text, "/")
		switch {
		case isHex32(text):
			fake = runID.nonexistent()
			visible, err = w.seen(ctx, runID, text, err)
		case pair && validVersion(number) && strings.Contains(asks, "prompt"):
			fake = "none-" + runID.nonexistent() + "/" + number
			visible, err = w.seen(ctx, modelName, name, err)
			if visible && err == nil { // the store may compare names without case
				visible, err = w.Names.SameModel(ctx, name)
			}
		default:
			return q
		}
		if visible {
			return q
		}
		c.standFor(fake, text)
		return q[:1] + fake + q[:1]
	})
	return err
}

// seen is [World.visible] after an error that may have come before.
func (w *World) seen(ctx context.Context, is role, val string, before error) (bool, error) {
	if before != nil {
		return false, before
	}
	return w.visible(ctx, is, val)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
