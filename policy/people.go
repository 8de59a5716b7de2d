package policy

import "strings"

// unnamed is a user whom no file can name.
const unnamed = "\x00"

// People returns a caller for every user and every group that the file names,
// each with no more than its own lines and roles, and last one whom no line
// names, who has what is given to any.
func (p *Policy) People() []Caller {
	var list []Caller
	for _, name := range p.roles.names {
		if user, ok := strings.CutPrefix(name, userType); ok {
			list = append(list, Caller{User: user})
		} else if group, ok := strings.CutPrefix(name, groupType); ok {
			list = append(list, Member([]string{group}))
		}
	}
	return append(list, Member(nil))
}

// Member is a caller of whom nothing is known but the groups.
func Member(groups []string) Caller { return Caller{User: unnamed, Groups: groups} }

// Names reports whether a line of the file speaks of this user by name.
func (p *Policy) Names(user string) bool {
	_, ok := p.roles.ids[userType+user]
	return ok
}
