package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mlgate/policy"
)

func newPolicyCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: "say everything that is wrong with a policy file",
		Long: `Reads a policy file as mlgate does at start and on reload. Exits non-zero if it
would be refused. Warnings (a role that nobody holds, say) do not refuse it.`,
		Args: takes("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := openPolicy(cmd, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", args[0])
			return nil
		},
	}
}

// openPolicy loads a policy and shows its warnings.
func openPolicy(cmd *cobra.Command, path string) (*policy.Policy, error) {
	p, warnings, err := policy.Load(path)
	for _, w := range warnings {
		note(cmd.ErrOrStderr(), "warning: %s", w)
	}
	return p, err
}
