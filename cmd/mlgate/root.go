package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newRoot builds the tree of commands.
func newRoot() *cobra.Command {
	root := group("mlgate", "share one MLflow server between teams",
		newServe(),
		group("config", "look at a config file", newConfigCheck()),
		group("policy", "look at policies and write them",
			newPolicyCheck(), newPolicyExplain(), newPolicyTest(), newPolicyDraft()),
		group("token", "manage API tokens through a running mlgate",
			newTokenCreate(), newTokenList(), newTokenRotate(), newTokenRevoke()),
		newLogin(), newLogout(),
		group("user", "manage the password file", newUserAdd()),
		group("state", "move what the state store keeps", newStateExport(), newStateImport()),
		newRoutes(),
		newVersion(),
	)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SilenceErrors, root.SilenceUsage = true, true // report prints
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%w", err) })
	return root
}

// group is a command that does nothing but hold others.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short,
		Args: cobra.ArbitraryArgs, // or cobra would word the error itself
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, "no command given: want one of %s", strings.Join(names(cmd), ", "))
			}
			return usage(cmd, "unknown command %q: want one of %s", args[0], strings.Join(names(cmd), ", "))
		},
	}
	cmd.AddCommand(commands...)
	return cmd
}

func names(cmd *cobra.Command) []string {
	var list []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			list = append(list, c.Name())
		}
	}
	return list
}

// takes checks the number of arguments and names those that are missing.
func takes(arguments ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(arguments):
			return usage(cmd, "missing argument %s", arguments[len(args)])
		case len(args) > len(arguments):
			return usage(cmd, "unexpected argument %q", args[len(arguments)])
		}
		return nil
	}
}

// needs refuses a command line without one of these flags, or with an empty one.
func needs(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		flag := cmd.Flags().Lookup(name)
		if !flag.Changed {
			return usage(cmd, "missing flag --%s", name)
		}
		if flag.Value.String() == "" {
			return usage(cmd, "flag --%s is empty", name)
		}
	}
	return nil
}

// usage is a fault of the command line.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return &failure{
		err:  fmt.Errorf(format, args...),
		hint: fmt.Sprintf("run `%s --help`", cmd.CommandPath()),
		code: codeUsage,
	}
}
