package mlflowapi

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// MLflow's store reads " 2", "+2", "02" and "٢" as experiment 2. mlgate knows
// one spelling of each id; every other is refused, so that what is decided
// about and what is acted on are the same.

func isDecimal(s string, most int) bool {
	if s == "" || len(s) > most || (s[0] == '0' && len(s) > 1) {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func isHex32(s string) bool {
	if len(s) != 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// ValidExperimentID reports whether s is an experiment id in its one spelling.
func ValidExperimentID(s string) bool { return isDecimal(s, 19) }

// ValidRunID reports whether s is a run id: 32 lower-case hex digits.
func ValidRunID(s string) bool { return isHex32(s) }

// ValidLoggedModelID reports whether s is a logged model id: m- and 32 hex digits.
func ValidLoggedModelID(s string) bool {
	rest, ok := strings.CutPrefix(s, "m-")
	return ok && isHex32(rest)
}

// ValidTraceID reports whether s is a trace id: 32 hex digits, behind tr- where
// MLflow 3 made it.
func ValidTraceID(s string) bool { return isHex32(strings.TrimPrefix(s, "tr-")) }

// prefixes are what MLflow writes before the 32 hex digits of an id.
var prefixes = map[role]string{
	loggedModelID: "m-", traceID: "tr-", evalDatasetID: "d-", labelSchemaID: "ls-", reviewQueueID: "rq-", issueID: "iss-",
}

// validVersion: model versions count from 1.
func validVersion(s string) bool { return isDecimal(s, 9) && s != "0" }

// canonical reports whether the value is written in the one spelling of its role.
func (r role) canonical(s string) bool {
	switch r {
	case experimentID:
		return ValidExperimentID(s)
	case runID:
		return ValidRunID(s)
	case traceID, newTraceID:
		return ValidTraceID(s)
	case loggedModelID, evalDatasetID, labelSchemaID, reviewQueueID, issueID:
		rest, ok := strings.CutPrefix(s, prefixes[r])
		return ok && isHex32(rest)
	case version:
		return validVersion(s)
	case gatewayCall:
		_, ok := cutVerb(s)
		return ok
	default:
		return true
	}
}

// Experiments are numbered in 32 bits: PostgreSQL calls a number beyond them a
// bad one, where it should say that there is no such experiment. No counter
// comes near the end of them. The lowest of these ids stand in lists.
const (
	lastExperiment = 1<<31 - 1
	firstAbsent    = lastExperiment - 400_000
	absentIDs      = 100_000
)

// nonexistent makes an id of the role that no server holds, to ask MLflow how
// it words that.
func (r role) nonexistent() string {
	b := make([]byte, 16)
	rand.Read(b)
	switch r {
	case runID, traceID, loggedModelID, evalDatasetID, labelSchemaID, reviewQueueID, issueID:
		return prefixes[r] + hex.EncodeToString(b)
	default:
		n, _ := rand.Int(rand.Reader, big.NewInt(lastExperiment-firstAbsent-absentIDs))
		return n.Sub(big.NewInt(lastExperiment), n).String()
	}
}

// absent is the id that nobody holds for the i-th place of a list. It is the
// same on every page: some of MLflow's page tokens hold the list.
func (r role) absent(i int) string {
	switch r {
	case runID, traceID, loggedModelID, evalDatasetID, labelSchemaID, reviewQueueID, issueID:
		return fmt.Sprintf("%sffffffffffffffff%016x", prefixes[r], i)
	default:
		return strconv.Itoa(firstAbsent + i)
	}
}

// kind is the kind of name that decides about a value of the role.
func (r role) kind() Kind {
	switch r {
	case experimentID, experimentName, newExperimentName, runID, loggedModelID,
		traceID, evalDatasetID, labelSchemaID, reviewQueueID, issueID:
		return Experiment
	case modelName, newModelName:
		return Model
	case gatewayEndpoint, gatewayCall:
		return Gateway
	default:
		return NoKind
	}
}
