package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"mlgate/policy"
)

func newPolicyDraft() *cobra.Command {
	var upstream, caFile string
	var withAuthors bool
	cmd := &cobra.Command{
		Use: "draft --upstream URL", Short: "write a policy to start from, from what a server holds",
		Long: `Reads the names on an MLflow server that people work on already, and who seems to
have made them, and prints a policy: a role for each prefix, with its authors;
what fits nowhere stands in exact lines. Read it before you use it: authors are
what MLflow's clients said of themselves. Nothing on the server is changed.`,
		Example: "  mlgate policy draft --upstream http://127.0.0.1:5000 > policy.csv",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "upstream"); err != nil {
				return err
			}
			base, err := serverURL(upstream)
			if err != nil {
				return usage(cmd, "flag --upstream: %w", err)
			}
			inv, err := newInventory(base, caFile)
			if err != nil {
				return err
			}
			held, err := inv.held(cmd.Context(), withAuthors)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(policy.Draft(held))
			note(cmd.ErrOrStderr(), "drafted from %d experiments and %d models of %s", len(held.Experiments), len(held.Models), base.Redacted())
			return err
		},
	}
	cmd.Flags().StringVar(&upstream, "upstream", "", "the `URL` of the MLflow server")
	cmd.Flags().StringVar(&caFile, "ca-file", "", "PEM `file` of certificates that may sign the server's")
	cmd.Flags().BoolVar(&withAuthors, "authors", true, "ask for the latest runs of each experiment, to see who works there")
	return cmd
}

// held reads all names of the server, with their authors if wanted.
func (inv *inventory) held(ctx context.Context, withAuthors bool) (policy.Inventory, error) {
	experiments, err := inv.experiments(ctx)
	if err != nil {
		return policy.Inventory{}, fmt.Errorf("read experiments: %w", err)
	}
	models, err := inv.models(ctx)
	if err != nil {
		return policy.Inventory{}, fmt.Errorf("read registered models: %w", err)
	}
	who := &authors{}
	if withAuthors {
		if who, err = inv.authorsOf(ctx, experiments); err != nil {
			return policy.Inventory{}, err
		}
	}
	var held policy.Inventory
	for _, e := range experiments {
		held.Experiments = append(held.Experiments, policy.Named{Name: e.Name, Authors: sorted(who.experiments[e.ID])})
	}
	for _, m := range models {
		held.Models = append(held.Models, policy.Named{Name: m.Name, Authors: sorted(who.ofModel(m))})
	}
	return held, nil
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// serverURL reads the address of a server from the command line.
func serverURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("want a URL like http://127.0.0.1:5000") // the parser would repeat a password
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("want a URL like http://127.0.0.1:5000, got %q", u.Redacted())
	}
	u.RawQuery, u.Fragment = "", ""
	return u, nil
}
