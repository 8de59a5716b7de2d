package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"mlgate/proxy/mlflowapi"
)

func newRoutes() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "routes", Short: "print the endpoint table: what mlgate lets through and what it needs",
		Long: `Prints every endpoint of MLflow that mlgate knows, with the kind of thing it
touches and the action that the policy must allow. Endpoints that are kept shut
say why. What is not in the table is refused.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			table, err := mlflowapi.NewTable()
			if err != nil {
				return fmt.Errorf("endpoint table: %w", err)
			}
			if asJSON {
				return writeRoutesJSON(cmd.OutOrStdout(), table.Rows())
			}
			return writeRoutes(cmd.OutOrStdout(), table.Rows())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return cmd
}

// row is an endpoint as `routes --json` prints it.
type row struct {
	Name    string   `json:"name"`
	Methods []string `json:"methods"`
	Paths   []string `json:"paths"`
	Kind    string   `json:"kind"`
	Action  string   `json:"action"`
	Open    bool     `json:"open"`
	Reason  string   `json:"reason,omitempty"`
	Since   string   `json:"since,omitempty"`
}

func rowOf(e *mlflowapi.Endpoint) row {
	return row{
		Name: e.Name, Methods: e.Methods, Paths: e.Paths, Kind: e.Kind.String(), Action: e.Action.String(),
		Open: e.Open(), Reason: e.Closed, Since: e.Since,
	}
}

func writeRoutesJSON(w io.Writer, endpoints []*mlflowapi.Endpoint) error {
	rows := make([]row, 0, len(endpoints))
	for _, e := range endpoints {
		rows = append(rows, rowOf(e))
	}
	return json.MarshalWrite(w, rows, jsontext.Multiline(true))
}

// writeRoutes prints a table, with the reasons why endpoints are shut below it:
// many share one.
func writeRoutes(w io.Writer, endpoints []*mlflowapi.Endpoint) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "ENDPOINT\tMETHODS\tNEEDS\tON\tPATHS")
	var reasons []string
	open := 0
	for _, e := range endpoints {
		r := rowOf(e)
		needs := r.Action
		if r.Open {
			open++
		} else {
			needs, reasons = noted(reasons, r.Reason)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", r.Name, strings.Join(r.Methods, ","), needs, r.Kind, strings.Join(r.Paths, " "))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for i, reason := range reasons {
		fmt.Fprintf(w, "shut [%d]: %s\n", i+1, reason)
	}
	_, err := fmt.Fprintf(w, "\n%d endpoints: %d open, %d shut\n", len(endpoints), open, len(endpoints)-open)
	return err
}

// noted gives the number of a reason, adding it to the list if it is new.
func noted(reasons []string, reason string) (string, []string) {
	at := slices.Index(reasons, reason)
	if at < 0 {
		at, reasons = len(reasons), append(reasons, reason)
	}
	return fmt.Sprintf("shut [%d]", at+1), reasons
}
