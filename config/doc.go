// Package config says what can be configured: the structs with their reference
// comments, [Load], which reads one YAML file and the MLGATE_… environment, and
// [Config.Validate].
//
// It owns the names, types, defaults and meaning of all keys, and the sentences
// that tell an admin what is wrong with a value. docs/config.md is generated
// from the comments here and a test compares the two.
//
// It does not own what the values lead to: it opens no file but the config file
// itself, touches no network, and imports no other package of mlgate. A config
// is immutable once loaded; to reload means to load another one.
package config

//go:generate go test -run ^TestReferenceCoversEveryKey$ -update
