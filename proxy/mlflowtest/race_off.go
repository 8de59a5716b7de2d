//go:build !race

package mlflowtest

const withRace = false
