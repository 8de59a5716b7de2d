package console

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var errTTL = errors.New(`must be a duration like "90d", "12h" or "1d12h", or a whole number of seconds`)

// ParseTTL reads a span of time as people write it: Go's durations ("12h30m"),
// with days before them ("90d", "1d12h"; a day has 24 hours).
func ParseTTL(s string) (time.Duration, error) {
	var days time.Duration
	rest := s
	if number, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil || n > math.MaxInt64/uint64(24*time.Hour) {
			return 0, errTTL
		}
		days, rest = time.Duration(n)*24*time.Hour, after
	}
	var clock time.Duration
	if rest != "" || s == "" {
		var err error
		if clock, err = time.ParseDuration(rest); err != nil || strings.HasPrefix(rest, "+") {
			return 0, errTTL
		}
	}
	if clock < 0 || clock > math.MaxInt64-days || days+clock == 0 {
		return 0, errTTL
	}
	return days + clock, nil
}

// readTTL reads a field of a body; absent and null mean the default, zero.
func readTTL(field string, v jsontext.Value) (time.Duration, error) {
	switch v.Kind() {
	case 0, 'n':
		return 0, nil
	case '"':
		var s string
		if err := json.Unmarshal(v, &s); err == nil {
			if ttl, err := ParseTTL(s); err == nil {
				return ttl, nil
			}
		}
	case '0':
		seconds, err := strconv.ParseUint(string(v), 10, 63)
		if err == nil && seconds > 0 && seconds <= math.MaxInt64/uint64(time.Second) {
			return time.Duration(seconds) * time.Second, nil
		}
	}
	return 0, invalid(field + " " + errTTL.Error())
}
