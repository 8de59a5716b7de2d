package main

import (
	"context"
	"slices"
	"time"
)

// series are one contender's figures, one a round.
type series []float64

func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// over are the ratios to another contender, round by round.
func (s series) over(other series) series {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / other[i]
	}
	return ratios
}

// turns calls measure for each contender in every round. Each round begins
// with another contender and every second one goes backwards, so that none
// always follows the same one.
func turns(rounds, contenders int, measure func(contender int) (float64, error)) ([]series, error) {
	all := make([]series, contenders)
	for round := range rounds {
		for i := range contenders {
			c := (round/2 + i) % contenders
			if round%2 == 1 {
				c = (round/2 + contenders - 1 - i) % contenders
			}
			v, err := measure(c)
			if err != nil {
				return nil, err
			}
			all[c] = append(all[c], v)
		}
	}
	return all, nil
}

// rates loads all contenders in turns, after a second each to warm up.
func (b *bench) rates(ctx context.Context, loads []load) ([]series, error) {
	for _, l := range loads {
		if _, err := l.rate(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	return turns(b.rounds, len(loads), func(i int) (float64, error) { return loads[i].rate(ctx, b.slice) })
}
