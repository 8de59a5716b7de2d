//go:build race

package mlflowtest

// withRace: a test binary with the race detector starts an mlgate with it.
const withRace = true
