package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

// tokenRow is a token as mlgate lists it.
type tokenRow struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	User     string   `json:"user"`
	Actions  []string `json:"actions"`
	Prefixes []string `json:"prefixes"`
	Created  string   `json:"created_at"`
	Expires  string   `json:"expires_at"`
	LastUsed string   `json:"last_used_at,omitzero"`
}

// madeToken is the answer that shows a new token.
type madeToken struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Token   string `json:"token"`
	Expires string `json:"expires_at"`
}

func newTokenCreate() *cobra.Command {
	var at target
	var body struct {
		Name     string   `json:"name"`
		TTL      string   `json:"ttl,omitzero"`
		ReadOnly bool     `json:"read_only,omitzero"`
		Actions  []string `json:"actions,omitempty"`
		Prefixes []string `json:"prefixes,omitempty"`
	}
	cmd := &cobra.Command{
		Use: "create --url URL --name NAME", Short: "make an API token and print it, once",
		Long: `Makes an API token and prints it on standard output. It is shown this once and kept
nowhere: put it where your script reads it, as MLFLOW_TRACKING_TOKEN.

A token never allows more than its owner may; --read-only, --action and --prefix narrow it.
` + tokenHelp,
		Example: "  mlgate token create --url https://ml.example.org --name nightly --ttl 90d --prefix 'cv/*'",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "name"); err != nil {
				return err
			}
			client, err := at.open(cmd)
			if err != nil {
				return err
			}
			var made madeToken
			if err := client.call(cmd.Context(), http.MethodPost, "", at.user, body, &made); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), made.Token)
			note(cmd.ErrOrStderr(), "token %s (%s) ends %s; it is not shown again", made.ID, made.Name, made.Expires)
			return nil
		},
	}
	at.flags(cmd)
	cmd.Flags().StringVar(&body.Name, "name", "", "what you will know it by, like `nightly`")
	cmd.Flags().StringVar(&body.TTL, "ttl", "", "how long it lives, like `90d` or 12h (default the longest that mlgate allows)")
	cmd.Flags().BoolVar(&body.ReadOnly, "read-only", false, "let it read only")
	cmd.Flags().StringArrayVar(&body.Actions, "action", nil, "let it do only what an `action` of the policy includes, like edit; may be repeated")
	cmd.Flags().StringArrayVar(&body.Prefixes, "prefix", nil, "let it see only what lies under a `pattern` like cv/*; may be repeated")
	return cmd
}

func newTokenList() *cobra.Command {
	var at target
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list --url URL", Short: "list your API tokens",
		Long: "Lists your API tokens, oldest first, without what is secret of them.\n" + tokenHelp,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := at.open(cmd)
			if err != nil {
				return err
			}
			var answer struct {
				Tokens []tokenRow `json:"tokens"`
			}
			if err := client.call(cmd.Context(), http.MethodGet, "", at.user, nil, &answer); err != nil {
				return err
			}
			if asJSON {
				return json.MarshalWrite(cmd.OutOrStdout(), answer.Tokens, jsontext.Multiline(true))
			}
			return writeTokens(cmd.OutOrStdout(), answer.Tokens)
		},
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return cmd
}

func writeTokens(w io.Writer, tokens []tokenRow) error {
	if len(tokens) == 0 {
		_, err := fmt.Fprintln(w, "no tokens")
		return err
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "ID\tNAME\tUSER\tLIMITS\tENDS\tLAST USED")
	for _, t := range tokens {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.User, t.limits(), t.Expires, or(t.LastUsed, "never"))
	}
	return out.Flush()
}

func (t tokenRow) limits() string {
	return or(strings.Join(slices.Concat(t.Actions, t.Prefixes), " "), "none")
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func newTokenRotate() *cobra.Command {
	var at target
	var body struct {
		TTL     string `json:"ttl,omitzero"`
		Overlap string `json:"overlap,omitzero"`
	}
	cmd := &cobra.Command{
		Use: "rotate --url URL ID", Short: "replace an API token by a new one, and print it, once",
		Long: `Makes a new API token with the name, the owner and the limits of the one with this id,
and prints it on standard output. The old one goes on for a while, so that whoever uses
it can change over, and then ends.
` + tokenHelp,
		Example: "  mlgate token rotate --url https://ml.example.org --overlap 1h ecq8mzx5asq5r96c",
		Args:    takes("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := at.open(cmd)
			if err != nil {
				return err
			}
			var made madeToken
			if err := client.call(cmd.Context(), http.MethodPost, args[0], at.user, body, &made); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), made.Token)
			note(cmd.ErrOrStderr(), "token %s (%s) ends %s and takes the place of %s; it is not shown again", made.ID, made.Name, made.Expires, args[0])
			return nil
		},
	}
	at.flags(cmd)
	cmd.Flags().StringVar(&body.TTL, "ttl", "", "how long the new one lives, like `90d` or 12h (default as long as the old one)")
	cmd.Flags().StringVar(&body.Overlap, "overlap", "", "how long the old one goes on, like `1h` (default 24h)")
	return cmd
}

func newTokenRevoke() *cobra.Command {
	var at target
	cmd := &cobra.Command{
		Use: "revoke --url URL ID", Short: "end an API token",
		Long: "Ends the API token with this id. It fails from the next request on.\n" + tokenHelp,
		Args: takes("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := at.open(cmd)
			if err != nil {
				return err
			}
			if err := client.call(cmd.Context(), http.MethodDelete, args[0], at.user, nil, nil); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "revoked %s\n", args[0])
			return nil
		},
	}
	at.flags(cmd)
	return cmd
}
