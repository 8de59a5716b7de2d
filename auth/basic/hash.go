package basic

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/tg123/go-htpasswd"
)

// system is one way to store a password: the exact form of its hashes, and the
// library's parser for it.
//
// The forms are checked here, before the library sees a hash, because it
// accepts malformed ones and then never matches them, or panics when a
// password is tried ($6$ with broken rounds).
type system struct {
	form  *regexp.Regexp
	parse htpasswd.PasswdParser
	// weight estimates the nanoseconds of one comparison. Submatch 1 of form is
	// the cost factor, if there is one.
	weight func(cost int) int
}

// systems lists what is accepted. Plaintext is not, and the library's default
// list, which ends with plaintext, is never used.
var systems = []system{
	{regexp.MustCompile(`^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$`), htpasswd.AcceptBcrypt, func(cost int) int { return 60_000 << cost }},
	{regexp.MustCompile(`^\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}$`), htpasswd.AcceptMd5, constant(200_000)},
	{regexp.MustCompile(`^\$5\$(?:rounds=([1-9]\d{3,9})\$)?[!-#%-9;<>-~]{1,16}\$[./A-Za-z0-9]{43}$`), htpasswd.AcceptCryptSha, perRound(200)},
	{regexp.MustCompile(`^\$6\$(?:rounds=([1-9]\d{3,9})\$)?[!-#%-9;<>-~]{1,16}\$[./A-Za-z0-9]{86}$`), htpasswd.AcceptCryptSha, perRound(400)},
	{regexp.MustCompile(`^\{SHA\}[+/A-Za-z0-9]{27}=$`), htpasswd.AcceptSha, constant(100)},
	{regexp.MustCompile(`^\{SSHA\}[+/A-Za-z0-9]{28,}={0,2}$`), htpasswd.AcceptSsha, constant(100)},
}

func constant(ns int) func(int) int { return func(int) int { return ns } }

func perRound(ns int) func(int) int {
	return func(rounds int) int {
		if rounds == 0 {
			rounds = 5000
		}
		return ns * rounds
	}
}

// Bounds on the cost factors: below the lower one the libraries compute
// another hash than the file means, above the upper one a single sign-in holds
// a core for more than a few seconds.
const (
	minBcrypt, maxBcrypt = 4, 17
	maxRounds            = 5_000_000
)

var (
	errUnknownHash = errors.New("unknown kind of password hash: want bcrypt ($2y$), apr1, $5$, $6$, {SHA} or {SSHA}; " +
		"plaintext is never accepted; \"mlgate user add\" or \"htpasswd -B\" make good ones")
	errHashCost = errors.New("the password hash's cost is out of bounds: bcrypt 4 to 17, SHA-crypt 1000 to 5000000 rounds")
)

// parseHash returns the matcher and the weight of one stored hash. Its errors
// do not quote the hash, which may be a password in plain text.
func parseHash(stored string) (match func(password string) bool, weight int, err error) {
	for _, s := range systems {
		parts := s.form.FindStringSubmatch(stored)
		if parts == nil {
			continue
		}
		cost, err := s.cost(parts)
		if err != nil {
			return nil, 0, err
		}
		encoded, err := s.parse(stored)
		if err != nil || encoded == nil {
			return nil, 0, errUnknownHash
		}
		return encoded.MatchesPassword, s.weight(cost), nil
	}
	return nil, 0, errUnknownHash
}

func (s system) cost(parts []string) (int, error) {
	if len(parts) < 2 || parts[1] == "" {
		return 0, nil
	}
	cost, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0, errHashCost
	}
	lowest, highest := 1000, maxRounds
	if len(parts[1]) == 2 {
		lowest, highest = minBcrypt, maxBcrypt
	}
	if cost < lowest || cost > highest {
		return 0, errHashCost
	}
	return cost, nil
}
