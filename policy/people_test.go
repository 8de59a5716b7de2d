package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPeopleAreWhomTheFileNames(t *testing.T) {
	t.Parallel()
	p, _, err := Parse("p", []byte(`p, user:alice, cv/*, read
p, role:vision, cv/*, edit
p, any, shared/*, read
p, user:ivan, cv/secret/*, read, deny
g, user:bob, role:vision
g, group:team, role:vision
g, role:lead, role:vision
g, user:alice, role:lead
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Caller{{User: "alice"}, {User: "ivan"}, {User: "bob"}, {User: unnamed, Groups: []string{"team"}}, {User: unnamed}}
	if diff := cmp.Diff(want, p.People()); diff != "" {
		t.Error(diff)
	}
	if _, _, err := Parse("p", []byte("p, user:"+unnamed+", *, read")); err == nil {
		t.Error("a file may name the one whom no line names")
	}
	for i, c := range p.People() {
		if got := p.Rights(c).Decide(Read, Experiment, "shared/x").Allow; !got {
			t.Errorf("%d: any is not given to %+v", i, c)
		}
		if got, want := p.Rights(c).Decide(Edit, Experiment, "cv/x").Allow, i != 1 && i != 4; got != want {
			t.Errorf("%+v may edit cv/x: got %v, want %v", c, got, want)
		}
	}
}
