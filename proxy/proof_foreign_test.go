package proxy_test

import (
	"fmt"
	"net/http"
	"testing"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// stage is what a check of one row needs: a server with two teams' things, and
// a gate before it, whose table may have been tampered with.
type stage struct {
	srv          *mlflowtest.Server
	g, good      *gate // good: with the table as it is
	mine, theirs side
}

func newStage(t *testing.T, srv *mlflowtest.Server) *stage {
	t.Helper()
	_, g, mine, theirs := twoTeamsOn(t, srv)
	return &stage{srv, g, g, mine, theirs}
}

// say words what a check found.
func say(found *[]string, who string, r request, a answer, what string) {
	*found = append(*found, fmt.Sprintf("%s: %v: got %d %.300s: %s", who, r, a.Status, a.Body, what))
}

// doer is whom the policy lets do what a row does, on things of her own: a
// refusal of anybody less would prove nothing about where bob's ids stand.
func doer(e *mlflowapi.Endpoint) string {
	if e.Action == mlflowapi.Manage {
		return "lead"
	}
	return "alice"
}

// smuggle tries a row on bob's things in every position, as one of alice's team.
// Only what she is told is judged here; what moved is the caller's to compare.
func (st *stage) smuggle(t *testing.T, e *mlflowapi.Endpoint, all []reach) (found []string, calls int) {
	t.Helper()
	with, user := fill(st.mine, st.theirs), doer(e)
	for _, r := range all {
		a := r.send(t, st.g, user, with)
		if r.want != 0 && a.Status != r.want {
			say(&found, user, r.request, a, fmt.Sprintf("want %d", r.want))
		}
		list := append(smuggled(r.request, e), r.request)
		if short := r.unrepeated(e); short != r.request {
			list = append(list, short)
		}
		spent := e.Action == mlflowapi.Manage
		for _, q := range list {
			if spent { // what she may manage a call may have ended: she needs another
				with = fill(plant(t, st.srv, "cv"), st.theirs)
			}
			a := q.send(t, st.g, user, with)
			spent = e.Action == mlflowapi.Manage && a.Status/100 == 2
			for _, leak := range st.theirs.leaks(with.Replace(q.path+q.body), st.unsourced(a)) {
				say(&found, user, q, a, leak)
			}
			if a.Status >= http.StatusInternalServerError && a.Status != http.StatusNotImplemented && a.Status != r.want {
				say(&found, user, q, a, "the server broke")
			}
		}
		calls += len(list)
	}
	return found, calls
}

func TestNothingForeignMovesWhereverItsIDStands(t *testing.T) {
	t.Parallel()
	onBothStores(t, nothingForeignMoves)
}

func nothingForeignMoves(t *testing.T, srv *mlflowtest.Server, foreign []reach) {
	st := newStage(t, srv)
	before, calls := st.theirs.holds(t, st.srv), 0
	for _, e := range here.Rows() {
		found, n := st.smuggle(t, e, triesOf(foreign, here, e))
		calls += n
		for _, f := range found {
			t.Error(f)
		}
	}
	if before.Diff(st.theirs.holds(t, st.srv)) == "" {
		return
	}
	for _, e := range here.Rows() { // once more, to name the row
		all := triesOf(foreign, here, e)
		if len(all) == 0 || e.Action == mlflowapi.Read {
			continue
		}
		again := newStage(t, srv)
		before := again.theirs.holds(t, again.srv)
		again.smuggle(t, e, all)
		if d := before.Diff(again.theirs.holds(t, again.srv)); d != "" {
			t.Errorf("%v %s moved:\n%s", e.Methods, e.Name, d)
		}
	}
	t.Errorf("something foreign moved in one of %d calls", calls)
}

func TestNothingMovesForWhoMayOnlyRead(t *testing.T) {
	t.Parallel()
	onBothStores(t, readersMoveNothing)
}

func readersMoveNothing(t *testing.T, srv *mlflowtest.Server, foreign []reach) {
	st := newStage(t, srv)
	before, with := st.mine.holds(t, st.srv), fill(st.mine, st.mine)
	for _, r := range foreign {
		e := r.endpoint(here)
		if e.Action == mlflowapi.Read {
			continue
		}
		for _, q := range append(smuggled(r.request, e), r.own()) {
			a := q.send(t, st.g, "viewer", with)
			if a.Status/100 == 2 {
				t.Errorf("viewer: %v: got %d %s", q, a.Status, a.Body)
			}
		}
	}
	if d := before.Diff(st.mine.holds(t, st.srv)); d != "" {
		t.Errorf("what she may only read moved:\n%s", d)
	}
}
