package policy

import (
	"fmt"
)

// A Kind is the sort of thing that a name belongs to. The zero value is no
// kind, and nothing is permitted on it.
type Kind uint8

// The kinds.
const (
	_          Kind = iota
	Experiment      // with its runs, artifacts, traces, logged models, scorers
	Model           // registered models and prompts, with their versions
	Dataset         // entries of mlgate's dataset registry
	Gateway         // gateway endpoints
	kindEnd
)

const kindWords = "experiment, model, dataset or gateway"

// kinds lists every kind once, for loops.
func kinds() [4]Kind { return [4]Kind{Experiment, Model, Dataset, Gateway} }

// String returns the word that stands for k before the ':' of a resource.
func (k Kind) String() string {
	switch k {
	case Experiment:
		return "experiment"
	case Model:
		return "model"
	case Dataset:
		return "dataset"
	case Gateway:
		return "gateway"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ParseKind reads the word of a kind, in lower case as a policy file writes it.
func ParseKind(s string) (Kind, error) {
	for _, k := range kinds() {
		if k.String() == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("unknown kind %q: use %s", s, kindWords)
}

// kindSet is a set of kinds, one bit each.
type kindSet uint8

const (
	// kindless is what a pattern without a kind covers. Gateways cost money per
	// call, so they are only ever named outright.
	kindless kindSet = 1<<Experiment | 1<<Model | 1<<Dataset
	allKinds kindSet = kindless | 1<<Gateway
)

func (s kindSet) has(k Kind) bool { return k < kindEnd && s&(1<<k) != 0 }

// only returns the one kind of s, if it holds exactly one.
func (s kindSet) only() (Kind, bool) {
	for _, k := range kinds() {
		if s == 1<<k {
			return k, true
		}
	}
	return 0, false
}
