package workload

import (
	"log/slog"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

// IssuersOptions are what Issuers need.
type IssuersOptions struct {
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Logger hears when keys change or cannot be fetched; nil: nobody does.
	Logger *slog.Logger
}

// Issuers keep the keys of issuers while the settings are replaced on reload: a
// reload while an issuer is down must not forget its keys.
type Issuers struct {
	opts IssuersOptions
	mu   sync.Mutex
	by   map[string]*issuer // by the print of their source
}

// NewIssuers returns Issuers that know none yet.
func NewIssuers(opts IssuersOptions) *Issuers {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Issuers{opts: opts}
}

// Authenticator returns one for a snapshot of settings. It touches no network:
// an issuer is asked when the first of its tokens comes. Issuers that the
// settings no longer name are forgotten.
func (i *Issuers) Authenticator(s *Settings) *Authenticator {
	i.mu.Lock()
	defer i.mu.Unlock()
	a := &Authenticator{
		rules: s.rules, issuers: map[string]*issuer{}, now: i.opts.Now,
		verified: otter.Must(&otter.Options[proof, *verified]{MaximumSize: verifiedSize}),
	}
	kept := map[string]*issuer{}
	for _, source := range s.sources {
		is := i.by[source.print()]
		if is == nil {
			is = newIssuer(source, i.opts.Now, i.opts.Logger)
		}
		kept[source.print()] = is
		a.issuers[source.Issuer] = is
	}
	i.by = kept
	return a
}
