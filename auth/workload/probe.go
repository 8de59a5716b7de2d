package workload

import (
	"context"
	"time"
)

// Probe is what one issuer says of itself at the moment.
type Probe struct {
	// Issuer that was asked.
	Issuer string
	// Keys are the ids and kinds of the keys that count, as a person reads them.
	Keys []string
	// Err is why there are none.
	Err error
}

// Ask asks every issuer for its keys, one after the other, for an admin who wants
// to know before a job does. Nothing of it is kept.
func (s *Settings) Ask(ctx context.Context) []Probe {
	var list []Probe
	for _, source := range s.sources {
		p := Probe{Issuer: source.Issuer}
		set := source.keys
		if set == nil {
			set, p.Err = fetchKeys(ctx, newClient(source), source, time.Now)
		}
		if set != nil {
			for _, key := range set.keys {
				p.Keys = append(p.Keys, told(key))
			}
		}
		list = append(list, p)
	}
	return list
}
