package mlflowapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Sift makes a search safe whose rows are the caller's to see, but for parts
// of them that its Trims take out: MLflow filters and sorts by what stands in
// its store, so whoever may ask about such a part can guess it, letter by
// letter. A search that asks about a kind of part does without the rows in
// which one is hidden, whatever it says of them; and since the number of rows
// on a page and the page tokens would tell as much, pages are filled up.
type Sift struct {
	List    string // the answer's member that holds the rows
	IDs     string // the argument that lists the experiments
	Default int    // what MLflow takes when max_results is absent
	// Asks reads what a search asks about; rather too much than too little.
	Asks func(args *object) siftAsks
	// Parts lists what a row names of the kinds that are asked about.
	Parts func(raw jsontext.Value, asks siftAsks) ([]sighted, error)
}

// siftAsks is what a search asks about.
type siftAsks struct{ runs, metrics, versions, models bool }

func (a siftAsks) any() bool { return a != siftAsks{} }

// siftToken is where a search stands: at a row of one of MLflow's pages.
type siftToken struct {
	Endpoint string `json:"e"`
	Scope    string `json:"s"`
	List     []byte `json:"l"` // digest of the experiments, as sent and as narrowed
	Page     string `json:"p"` // MLflow's token of the page
	Row      int    `json:"r"`
}

// sifting is one answer while it is put together.
type sifting struct {
	w     *World
	call  *Call
	spec  *Sift
	asks  siftAsks
	want  int
	at    siftToken
	rows  []*value
	found []jsontext.Value // the page at hand
	next  string           // MLflow's token of the one behind it
}

// siftPage answers a search of logged models for a caller who may not see all.
func (w *World) siftPage(ctx context.Context, c *Call) (*Answer, error) {
	s := &sifting{w: w, call: c, spec: c.Endpoint.Sift, asks: c.Endpoint.Sift.Asks(c.args)}
	s.at = siftToken{Endpoint: c.Endpoint.Name, Scope: w.Rights.Scope(Experiment).Key + "\n\n" + w.Rights.Scope(Model).Key, List: c.listDigest(c.Endpoint.Sift.IDs)}
	if err := s.open(c.args.text("page_token")); err != nil {
		return nil, err
	}
	for range maxFetches {
		if bad, err := s.fetch(ctx); bad != nil || err != nil {
			return bad, err
		}
		if full, err := s.take(ctx); full || err != nil {
			return s.answer(true), err
		}
		if s.at.Page, s.at.Row = s.next, 0; s.next == "" || !s.asks.any() {
			break // nothing is left out where nothing is asked: MLflow's page is the page
		}
	}
	return s.answer(s.next != ""), nil
}

// open reads the request's page token and page size.
func (s *sifting) open(token string) error {
	if token != "" {
		var t siftToken
		if !s.w.Seal.read(token, &t) || t.Endpoint != s.at.Endpoint {
			return Bad("Invalid page token: it was not made by this search")
		}
		if t.Scope != s.at.Scope {
			return Bad("the page token was made under other rights; start the search again")
		}
		if !bytes.Equal(t.List, s.at.List) { // MLflow would say so too, and show what it was sent
			return Bad("Experiment IDs in the page token do not match the requested experiment IDs.")
		}
		s.at = t
	}
	s.want = s.spec.Default
	if text, ok := s.call.args.spelling("max_results"); ok {
		n, ok := wholeNumber(text)
		if ok && n < 0 {
			return Bad("Invalid value for parameter 'max_results': it is negative")
		}
		if ok && n > 0 { // MLflow reads 0 as absent, and judges what is no number
			s.want = n
		}
	}
	return nil
}

// listDigest tells a list that was narrowed from every other.
func (c *Call) listDigest(name string) []byte {
	var ids []string
	if v := c.args.get(name); v != nil {
		for _, id := range v.list {
			ids = append(ids, string(id.appendJSON(nil)))
		}
	}
	sent := []byte(strings.Join(ids, ","))
	sum := sha256.Sum256(slices.Concat(sent, []byte{0}, c.Reveal(sent)))
	return sum[:16]
}

// fetch asks for the page at which the search stands.
func (s *sifting) fetch(ctx context.Context) (bad *Answer, err error) {
	args := s.call.args.clone()
	args.drop("page_token")
	if s.at.Page != "" {
		args.set("page_token", newString(s.at.Page))
	}
	a, err := s.w.Upstream.Do(ctx, s.call.request(args, s.call.Params))
	if err != nil {
		return nil, err
	}
	if a.Status != 200 {
		a.Body = s.call.Reveal(a.Body)
		return a, nil
	}
	s.found, s.next, err = readPage(a.Body, s.spec.List)
	return nil, err
}

// take takes the page's rows that tell nothing; full: another one is left.
func (s *sifting) take(ctx context.Context) (full bool, err error) {
	telling := make([]bool, len(s.found))
	if s.asks.any() {
		if telling, err = s.w.telling(ctx, s.spec, s.asks, s.found); err != nil {
			return false, err
		}
	}
	for i := s.at.Row; i < len(s.found); i++ {
		if telling[i] {
			continue
		}
		if s.at.Row = i; len(s.rows) == s.want {
			return true, nil
		}
		s.rows = append(s.rows, &value{raw: s.found[i], kind: '0'})
	}
	return false, nil
}

func (s *sifting) answer(more bool) *Answer {
	o := &object{}
	if len(s.rows) > 0 {
		o.set(s.spec.List, newList(s.rows))
	}
	if more {
		o.set("next_page_token", newString(s.w.Seal.write(s.at)))
	}
	return &Answer{200, "application/json", o.appendJSON(nil)}
}

// telling says of each row whether it holds a hidden part that is asked about.
func (w *World) telling(ctx context.Context, spec *Sift, asks siftAsks, raws []jsontext.Value) ([]bool, error) {
	parts, s := make([][]sighted, len(raws)), sight{}
	for i, raw := range raws {
		var err error
		if parts[i], err = spec.Parts(raw, asks); err != nil {
			return nil, err
		}
		for _, p := range parts[i] {
			s[p] = false
		}
	}
	if err := w.look(ctx, s); err != nil {
		return nil, err
	}
	telling := make([]bool, len(raws))
	for i := range raws {
		telling[i] = slices.ContainsFunc(parts[i], func(p sighted) bool { return !s[p] })
	}
	return telling, nil
}

// readPage takes a search's answer apart.
func readPage(body []byte, list string) (rows []jsontext.Value, next string, err error) {
	var got map[string]jsontext.Value
	if err := json.Unmarshal(body, &got); err != nil {
		return nil, "", err
	}
	if got[list] != nil {
		if err := json.Unmarshal(got[list], &rows); err != nil {
			return nil, "", err
		}
	}
	if got["next_page_token"] != nil {
		err = json.Unmarshal(got["next_page_token"], &next)
	}
	return rows, next, err
}
