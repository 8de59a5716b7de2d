package mlflowapi

import (
	"errors"
	"fmt"
)

// Error is an answer of mlgate's own in MLflow's form.
type Error struct {
	Status  int
	Code    string // MLflow's error_code
	Message string // safe to show to the caller
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// Bad is the answer to what cannot be read in exactly one way.
func Bad(format string, args ...any) *Error {
	return &Error{400, "INVALID_PARAMETER_VALUE", fmt.Sprintf(format, args...)}
}

// Forbidden is the answer to what is known and refused.
func Forbidden(format string, args ...any) *Error {
	return &Error{403, "PERMISSION_DENIED", fmt.Sprintf(format, args...)}
}

// NotFound is the answer, in MLflow's words, to an id that is not visible.
func NotFound(format string, args ...any) *Error {
	return &Error{404, "RESOURCE_DOES_NOT_EXIST", fmt.Sprintf(format, args...)}
}

// ErrNotFound is what [Names] answers for an id that MLflow does not hold.
var ErrNotFound = errors.New("not found")

// Refusal is an answer that the policy or a rule of mlgate gave, not a fault
// of the request: where mlgate only watches, it is recorded and not given.
type Refusal struct {
	Answer *Error
	Rule   string // the deciding line or rule, for the audit log
	Line   int    // its number in the policy; 0: no line spoke

	// hide, where it is set, is done in place of giving the answer: MLflow then
	// says in its own words that there is nothing.
	hide func()
}

func (r *Refusal) Error() string { return r.Answer.Error() }

func (r *Refusal) Unwrap() error { return r.Answer }

// unseen answers for what does not exist to this caller. because is the
// policy's refusal; nil: nobody holds the thing.
func unseen(because *Refusal, answer *Error) *Refusal {
	if because == nil {
		return &Refusal{Answer: answer, Rule: "not visible"}
	}
	return &Refusal{Answer: answer, Rule: because.Rule, Line: because.Line}
}
