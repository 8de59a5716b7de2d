// Package policy answers one question: may they? It reads the policy file,
// decides on one thing, gives the patterns that a list is narrowed by, explains,
// tests policies and drafts a first one.
//
// It owns the meaning of subjects, actions, kinds and patterns. It does not own
// who somebody is (package auth says), which action and which names a call
// touches (proxy/mlflowapi says), when a file is read again (cmd says), nor the
// wording of a refusal to a client. It imports nothing else of mlgate, and
// Casbin is imported nowhere else.
//
// # The file
//
// A policy is CSV in UTF-8: one line a rule, '#' at the start of a line for a
// comment. A field in double quotes may hold a comma; blanks around a field do
// not count.
//
//	# p, subject, resource, action [, allow|deny]
//	p, role:vision,   cv/*,        edit
//	p, role:lead,     model:cv/*,  approve
//	p, role:intern,   cv/secret/*, read, deny
//	# g, who, role
//	g, user:alice,    role:vision
//	g, group:cv-team, role:vision
//	g, role:lead,     role:vision
//
// What no line allows is denied. A line that denies wins over every line that
// allows, whoever it names.
//
// # Subjects
//
// user:NAME is one user, group:NAME a group as the identity provider says,
// role:NAME whoever a g line gives the role, and any is whoever is signed in.
// The type is part of the subject: a user named "role:admin" or like a group
// has nothing of it. Roles may hold roles, but not in a circle.
//
// # Resources
//
// A resource is [kind:]pattern. The kinds are experiment, model, dataset and
// gateway; without one it means experiment, model and dataset. A pattern is a
// whole name, a prefix ending in /*, or *. Names are compared byte for byte;
// cv/* covers cv/a and cv/a/b, but not cv. Quotes (', ", `), % and backslashes
// cannot be written, nor '.' and '..' segments, nor characters that an editor
// does not show.
//
// Names may hold colons, so only a known kind is split off at the first one:
// the experiment "model:x" is written experiment:model:x. A word before the
// first colon that was plainly meant as a kind (models:, modle:, Model:, run:,
// prompt:) is refused, since a line that denies would otherwise match nothing;
// any other word is part of the name, with a warning.
//
// For models every '.' reads '/', in patterns and in names, because MLflow from
// 3.17 on takes no '/' in a model's name: cv/* covers the model cv.resnet50. Two
// patterns of different subjects that overlap only because of this are refused.
//
// # Actions
//
// read is part of edit, and edit of manage. approve carries read. use is the
// right to invoke a gateway, and to be written with gateway: only; it carries
// nothing else. admin carries everything, gateways too, and is written on *
// only.
//
// Denying read denies everything; denying edit denies edit, manage and admin;
// denying manage denies manage and admin; denying approve, use or admin denies
// that alone.
//
// # Speed
//
// Decide goes through an index that is built with the policy: one look-up for
// the name and one for each '/' in it. It allocates nothing. Casbin, with a
// model that says the same, is the authority that the index is tested against
// (Policy.Enforce); it is asked by `policy test`, never by a call.
package policy
