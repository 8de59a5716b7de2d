package policy

import (
	"fmt"
	"strings"
)

// An Action is what a caller wants to do to one thing. The zero value is no
// action and is never permitted, so that a forgotten field denies.
type Action uint8

// The actions. Read is part of Edit, Edit of Manage; Approve carries Read;
// Admin carries everything.
const (
	_       Action = iota
	Read           // see it
	Edit           // create and write it, set and remove tags and aliases
	Manage         // delete, restore and rename it
	Approve        // promote it where governance asks for an approval
	Use            // invoke a gateway endpoint
	Admin          // everything, and the server-wide things
	actionEnd
)

const actionWords = "read, edit, manage, approve, use or admin"

// actions lists every action once, for loops.
func actions() [6]Action { return [6]Action{Read, Edit, Manage, Approve, Use, Admin} }

// String returns the word that stands for a in a policy file.
func (a Action) String() string {
	switch a {
	case Read:
		return "read"
	case Edit:
		return "edit"
	case Manage:
		return "manage"
	case Approve:
		return "approve"
	case Use:
		return "use"
	case Admin:
		return "admin"
	}
	return fmt.Sprintf("action(%d)", uint8(a))
}

// ParseAction reads the word of an action, in lower case as a policy file
// writes it.
func ParseAction(s string) (Action, error) {
	for _, a := range actions() {
		if a.String() == s {
			return a, nil
		}
		if strings.EqualFold(a.String(), s) {
			return 0, fmt.Errorf("unknown action %q: actions are lower-case, write %s", s, a)
		}
	}
	return 0, fmt.Errorf("unknown action %q: use %s", s, actionWords)
}

// actionSet is a set of actions, one bit each.
type actionSet uint8

func setOf(list ...Action) actionSet {
	var s actionSet
	for _, a := range list {
		s |= 1 << a
	}
	return s
}

func (s actionSet) has(a Action) bool { return a < actionEnd && s&(1<<a) != 0 }

// granted returns what a line that allows a permits.
func granted(a Action) actionSet {
	switch a {
	case Read:
		return setOf(Read)
	case Edit:
		return setOf(Read, Edit)
	case Manage:
		return setOf(Read, Edit, Manage)
	case Approve:
		return setOf(Read, Approve)
	case Use:
		return setOf(Use)
	case Admin:
		return setOf(Read, Edit, Manage, Approve, Use, Admin)
	}
	return 0
}

// denied returns what a line that denies a forbids: every action that builds
// on a. Nothing can be done to what may not be seen, so read takes all, use of
// a gateway included. Approve and use stand aside from the ladder and take only
// themselves: an admin who may not approve is still an admin.
func denied(a Action) actionSet {
	switch a {
	case Read:
		return setOf(Read, Edit, Manage, Approve, Use, Admin)
	case Edit:
		return setOf(Edit, Manage, Admin)
	case Manage:
		return setOf(Manage, Admin)
	case Approve, Use, Admin:
		return setOf(a)
	}
	return 0
}
