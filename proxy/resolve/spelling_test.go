package resolve

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// A store that compares by bytes is tried once, and then no call costs more.
func TestAStoreThatComparesByBytesIsTriedOnce(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	srv.CreateModel(t, "cv.spelling")
	up, c := &counting{url: srv.URL()}, newClock()
	r := New(Options{Upstream: up, Now: c.now})
	for range 3 {
		for _, name := range []string{"cv.spelling", "CV.spelling", "cv.none"} {
			if same, err := r.SameModel(t.Context(), name); !same || err != nil {
				t.Errorf("%s: got %v, %v", name, same, err)
			}
		}
	}
	if got := up.since(); len(got) != 6 || got[0] != "registered-models/search" {
		t.Errorf("asked %v, want one search and five names", got)
	}
	c.move(spellingAge)
	if _, err := r.SameModel(t.Context(), "cv.spelling"); err != nil || len(up.since()) != 6 {
		t.Errorf("a store is not tried again after %v: %v", spellingAge, err)
	}
}

// Whatever a store takes for the same name, other spellings are not it.
func TestALooseStoreIsAskedForTheNameThatItHolds(t *testing.T) {
	t.Parallel()
	for what, same := range map[string]func(a, b string) bool{
		"case":   strings.EqualFold,
		"blank":  func(a, b string) bool { return strings.TrimRight(a, " ") == strings.TrimRight(b, " ") },
		"accent": func(a, b string) bool { return strings.ReplaceAll(a, "\u0301", "") == b },
		"unseen": func(a, b string) bool { return strings.ReplaceAll(a, "\u200b", "") == b },
	} {
		held := []string{"42", "nlp.x"}
		up := scripted(func(_ context.Context, q *mlflowapi.Request) (*mlflowapi.Answer, error) {
			if strings.HasSuffix(q.Path, "/search") {
				var rows []string
				for _, h := range held {
					rows = append(rows, fmt.Sprintf(`{"name":%q}`, h))
				}
				return says(200, `{"registered_models":[`+strings.Join(rows, ",")+`]}`)
			}
			asked, _ := url.ParseQuery(q.Query)
			i := slices.IndexFunc(held, func(h string) bool { return same(asked.Get("name"), h) })
			if i < 0 {
				return says(404, `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`)
			}
			return says(200, fmt.Sprintf(`{"registered_model":{"name":%q}}`, held[i]))
		})
		r := New(Options{Upstream: up})
		for name, want := range map[string]bool{"nlp.x": true, "nlp.none": true, map[string]string{"case": "NLP.X", "blank": "nlp.x ", "accent": "n\u0301lp.x", "unseen": "nlp.x\u200b"}[what]: false} {
			if got, err := r.SameModel(t.Context(), name); got != want || err != nil {
				t.Errorf("%s: %q: got %v, %v", what, name, got, err)
			}
		}
	}
}

// Somebody who deletes the model that a store is tried with, while it is tried,
// does not make it look like one that compares by bytes.
func TestAModelThatIsDeletedWhileAStoreIsTriedProvesNothing(t *testing.T) {
	t.Parallel()
	asked := 0
	up := scripted(func(_ context.Context, q *mlflowapi.Request) (*mlflowapi.Answer, error) {
		if strings.HasSuffix(q.Path, "/search") {
			return says(200, `{"registered_models":[{"name":"gone"},{"name":"nlp.x"}]}`)
		}
		asked++
		name, _ := url.ParseQuery(q.Query)
		if strings.EqualFold(name.Get("name"), "nlp.x") {
			return says(200, `{"registered_model":{"name":"nlp.x"}}`)
		}
		return says(404, `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`)
	})
	if same, err := New(Options{Upstream: up}).SameModel(t.Context(), "NLP.X"); same || err != nil || asked < 6 {
		t.Errorf("got %v, %v after %d names", same, err, asked)
	}
}
