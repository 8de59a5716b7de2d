package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"mlgate/config"
)

func newConfigCheck() *cobra.Command {
	var path string
	var live bool
	cmd := &cobra.Command{
		Use: "check --config FILE [--live]", Short: "say everything that is wrong with a config and the files it names",
		Long: `Reads the config and the files named in it as serve does, without opening ports or
the state.

With --live it asks the Redis of state.kind redis to answer. It also asks the MLflow server where experiments keep their artifacts,
and lists those whose place lies outside the store that MLflow serves (mlgate
cannot guard it) and those whose places overlap (whoever may change the outer one
changes the inner one; both must permit every call). Exits non-zero if places
overlap. It also lists versions of models that are made from what nobody who may
edit the model may read: whoever reads the model reads those files. Nothing on
the server is changed. And it asks each provider of auth.oidc who it is, and each
issuer of auth.workload for its keys, as serve will at the first sign-in.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && path == "" {
				path = args[0]
			}
			if path == "" {
				return usage(cmd, "missing flag --config")
			}
			f, err := checkConfig(cmd, path)
			if err != nil || !live {
				return err
			}
			return errors.Join(checkProviders(cmd.Context(), cmd.OutOrStdout(), f), checkIssuers(cmd.Context(), cmd.OutOrStdout(), f), checkLive(cmd.Context(), cmd.OutOrStdout(), f))
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the config `file`")
	cmd.Flags().BoolVar(&live, "live", false, "also look at the MLflow server, the providers of auth.oidc and the issuers of auth.workload")
	return cmd
}

// checkConfig reads everything that serve reads before it listens.
func checkConfig(cmd *cobra.Command, path string) (*files, error) {
	f, err := readFiles(path)
	if err != nil {
		return nil, err
	}
	if f.config.SealKeysFile != "" {
		if _, err := readSealKeys(f.config.SealKeysFile); err != nil {
			return nil, err
		}
	}
	if _, err := caPool(f.config.Upstream.CAFile); err != nil {
		return nil, fmt.Errorf("upstream.ca_file: %w", err)
	}
	for _, warning := range f.warnings {
		note(cmd.ErrOrStderr(), "warning: %s", warning)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", path)
	return f, nil
}

// checkLive looks where the experiments of the upstream keep their artifacts, and
// what its models are made from. What is wrong there outlives mode warn.
func checkLive(ctx context.Context, w io.Writer, f *files) error {
	if err := checkState(ctx, w, f.config.State); err != nil {
		return err
	}
	inv, err := newInventory(f.config.Upstream.URL, f.config.Upstream.CAFile)
	if err != nil {
		return err
	}
	experiments, err := inv.experiments(ctx)
	if err != nil {
		return fmt.Errorf("read experiments: %w", err)
	}
	places := make([]place, 0, len(experiments))
	for _, e := range experiments {
		places = append(places, placeOf(e))
	}
	found := tellPlaces(w, places)
	return errors.Join(inv.tellSources(ctx, w, f, places), found)
}

// checkState asks a shared store to answer. The embedded one is not opened: a
// running mlgate holds it.
func checkState(ctx context.Context, w io.Writer, c config.State) error {
	if c.Kind != "redis" {
		return nil
	}
	db, err := openRedis(c.Redis, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := errors.Join(db.Ping(ctx), db.Close()); err != nil {
		return hinted(fmt.Errorf("state.redis: %w", err), "see that it runs, that account and tls are right, and that the account may do what docs/replicas.md lists")
	}
	_, err = fmt.Fprintln(w, "state: redis answers")
	return err
}

// tellPlaces lists what is unusual about the places of experiments.
func tellPlaces(w io.Writer, places []place) error {
	outside, moved := 0, 0
	for _, p := range places {
		switch {
		case !p.served():
			outside++
			fmt.Fprintf(w, "outside the served store: %s\n", p)
		case !p.usual():
			moved++
			fmt.Fprintf(w, "not at its own id: %s\n", p)
		}
	}
	shared := overlaps(places)
	for _, o := range shared {
		fmt.Fprintf(w, "overlap: %s covers %s\n", o.outer, o.inner)
	}
	fmt.Fprintf(w, "%d experiments: %d outside the served store, %d not at their own id, %d overlaps\n",
		len(places), outside, moved, len(shared))
	if len(shared) > 0 {
		return hinted(fmt.Errorf("the artifacts of %d pairs of experiments overlap", len(shared)),
			"move one of each pair to a place of its own, or give both to the same team")
	}
	return nil
}
