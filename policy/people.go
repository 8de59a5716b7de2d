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
			list = append(list, Caller{User: unnamed, Groups: []string{group}})
		}
	}
	return append(list, Caller{User: unnamed})
}
