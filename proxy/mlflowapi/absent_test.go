package mlflowapi

import (
	"math"
	"strconv"
	"testing"
)

// PostgreSQL keeps experiments' ids in 32 bits, and answers for a number beyond
// them that it is no number: who is told so learns that the id was replaced.
func TestAnExperimentThatNobodyHoldsHasANumberThatEveryStoreReads(t *testing.T) {
	for i := range mostExperiments {
		one, err := strconv.Atoi(experimentID.nonexistent())
		if err != nil || one > math.MaxInt32 {
			t.Fatalf("got %d, %v", one, err)
		}
		listed, err := strconv.Atoi(experimentID.absent(i))
		if err != nil || listed > math.MaxInt32 || listed >= firstAbsent+absentIDs || one < firstAbsent+absentIDs {
			t.Fatalf("got %d in the place %d of a list, and %d: %v", listed, i, one, err)
		}
	}
}

func TestDigitsOfATimeAreNotTakenForAnID(t *testing.T) {
	c := &Call{}
	fake := experimentID.absent(3)
	c.standFor(fake, "7")
	body := `{"experiment_id":"` + fake + `","at":176` + fake + `,"to":` + fake + `0,"message":"of\n` + fake + `"}`
	want := `{"experiment_id":"7","at":176` + fake + `,"to":` + fake + `0,"message":"of\n7"}`
	if got := string(c.Reveal([]byte(body))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
