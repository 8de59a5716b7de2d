package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mlgate/auth/store"
	"mlgate/config"
)

func newStateExport() *cobra.Command {
	var path, out string
	cmd := &cobra.Command{
		Use: "export --config FILE --out ARCHIVE", Short: "write all that the state store keeps into a file",
		Long: `Writes the API tokens and the sessions of browsers, as hashes, and the keys that seal
page tokens and what sessions keep into a new file that only its owner can read: for
a backup, or to move to another store. Who has the file can forge page tokens, learns
who is there, and can read the refresh tokens that a company login gave; they cannot
use API tokens and sessions. Keep it as you keep passwords.

Stop mlgate before you export an embedded store. A Redis may be in use.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "config", "out"); err != nil {
				return err
			}
			return withState(path, func(db state, c config.State) error {
				items, err := db.Export(cmd.Context())
				if err != nil {
					return err
				}
				content, err := writeArchive(items, c.Kind, time.Now())
				if err != nil {
					return err
				}
				if err := writeNew(out, content); err != nil {
					return err
				}
				note(cmd.ErrOrStderr(), "%s holds keys, hashes of tokens and what company logins gave: keep it as you keep passwords", out)
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "exported %s to %s\n", counted(items), out)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the config `file` of the store to read")
	cmd.Flags().StringVar(&out, "out", "", "the `file` to write; it must not be there")
	return cmd
}

func newStateImport() *cobra.Command {
	var path, in string
	var replace bool
	cmd := &cobra.Command{
		Use: "import --config FILE --in ARCHIVE [--replace]", Short: "fill the state store from a file that export wrote",
		Long: `Fills the state store of the config from a file that export wrote, whatever kind of
store it came from. The file is checked whole before anything is written. A store
that holds something is refused, unless --replace says to remove that first.

Stop mlgate before you import into an embedded store. Replicas on a Redis forget
what they remember of it; restart them, for they keep the old key until then.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "config", "in"); err != nil {
				return err
			}
			content, err := os.ReadFile(in) // #nosec G304 -- the admin names the file
			if err != nil {
				return err
			}
			items, err := readArchive(content)
			if err != nil {
				return fmt.Errorf("%s: %w", in, err)
			}
			return withState(path, func(db state, _ config.State) error {
				err := db.Import(cmd.Context(), items, replace)
				if errors.Is(err, store.ErrNotEmpty) {
					return hinted(errors.New("the state store holds something already"), "add --replace to remove that first, or name another store")
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "imported %s\n", counted(items))
				return err
			})
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the config `file` of the store to fill")
	cmd.Flags().StringVar(&in, "in", "", "the `file` to read")
	cmd.Flags().BoolVar(&replace, "replace", false, "remove what the store holds first")
	return cmd
}

// withState opens the store of a config for one command.
func withState(path string, use func(state, config.State) error) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	db, err := openState(cfg.State, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return errors.Join(use(db, cfg.State), db.Close())
}

// writeNew writes a file that was not there, whole or not at all.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the admin names the file
	if errors.Is(err, fs.ErrExist) {
		return hinted(fmt.Errorf("%s is there already", path), "name a new file")
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// counted says how much there is.
func counted(items []store.Item) string {
	n := map[string]int{}
	for _, item := range items {
		n[item.Kind]++
	}
	return fmt.Sprintf("%d tokens, %d sessions and %d keys", n[store.KindToken], n[store.KindSession], n[store.KindKey])
}
