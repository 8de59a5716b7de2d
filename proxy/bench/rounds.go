package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
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

// rates loads all contenders in turns, after a second each to warm up. spent
// gets the processor time a call, in microseconds, where the system tells it.
func (b *bench) rates(ctx context.Context, loads []load, spent []series) ([]series, error) {
	for _, l := range loads {
		if _, err := l.rate(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	return turns(b.rounds, len(loads), func(i int) (float64, error) {
		before, known := cpuTime(loads[i].pid)
		rate, err := loads[i].rate(ctx, b.slice)
		if after, ok := cpuTime(loads[i].pid); ok && known && err == nil {
			spent[i] = append(spent[i], float64((after-before).Microseconds())/(rate*b.slice.Seconds()))
		}
		return rate, err
	})
}

// cpuTime is what a process used so far, in user and kernel mode.
func cpuTime(pid int) (time.Duration, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The name stands in brackets and may hold blanks; utime and stime are the
	// 12th and 13th fields behind it, in hundredths of a second.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	kernel, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+kernel) * 10 * time.Millisecond, err1 == nil && err2 == nil
}
