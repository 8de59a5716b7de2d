package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mlgate/policy"
)

func newPolicyTest() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "test --policy FILE TESTS", Short: "hold a policy against a file of expectations",
		Long: `TESTS is CSV: user, groups (separated by ;), action, resource, allow|deny. Each
line that the policy answers otherwise is shown with the line that decided. Exits
non-zero if there is one.`,
		Example: `  mlgate policy test --policy policy.csv tests.csv`,
		Args:    takes("TESTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needs(cmd, "policy"); err != nil {
				return err
			}
			p, err := openPolicy(cmd, file)
			if err != nil {
				return err
			}
			tests, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read tests: %w", err)
			}
			return runPolicyTests(cmd, p, args[0], tests)
		},
	}
	cmd.Flags().StringVar(&file, "policy", "", "the policy `file`")
	return cmd
}

func runPolicyTests(cmd *cobra.Command, p *policy.Policy, name string, tests []byte) error {
	passed, failures, err := policy.RunTests(p, name, tests)
	if err != nil {
		return err
	}
	for _, f := range failures {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n", f)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d passed, %d failed\n", passed, len(failures))
	if len(failures) > 0 {
		return hinted(fmt.Errorf("the policy does not meet %d of %d expectations", len(failures), passed+len(failures)),
			"correct the policy, or the expectation if the policy is right")
	}
	return nil
}
