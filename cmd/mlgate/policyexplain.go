package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mlgate/policy"
)

func newPolicyExplain() *cobra.Command {
	var file, action string
	var caller policy.Caller
	cmd := &cobra.Command{
		Use: "explain --policy FILE --user U [--group G]… --action A RESOURCE", Short: "say whether somebody may do something, and which line decides",
		Long: `Prints the verdict, the deciding line with its number, and the chain of roles that
leads to it. RESOURCE is a name like cv/resnet, or with its kind, like
experiment:cv/resnet or model:cv.resnet; without one, the kinds are asked in turn.`,
		Example: "  mlgate policy explain --policy policy.csv --user alice --group cv-team --action edit cv/resnet",
		Args:    takes("RESOURCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needs(cmd, "policy", "user", "action"); err != nil {
				return err
			}
			asked, err := policy.ParseAction(action)
			if err != nil {
				return usage(cmd, "flag --action: %w", err)
			}
			p, err := openPolicy(cmd, file)
			if err != nil {
				return err
			}
			found, err := p.ExplainResource(caller, asked, args[0])
			if err != nil {
				return usage(cmd, "argument RESOURCE: %w", err)
			}
			for _, e := range found {
				fmt.Fprintln(cmd.OutOrStdout(), strings.TrimRight(e.String(), "\n"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "policy", "", "the policy `file`")
	cmd.Flags().StringVar(&caller.User, "user", "", "the user's `name`, without user:")
	cmd.Flags().StringArrayVar(&caller.Groups, "group", nil, "a `group` that the user is in; may be repeated")
	cmd.Flags().StringVar(&action, "action", "", "read, edit, manage, approve, use or admin")
	return cmd
}
