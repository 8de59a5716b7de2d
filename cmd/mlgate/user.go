package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mlgate/auth"
	"mlgate/auth/basic"
)

func newUserAdd() *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "add FILE NAME", Short: "set a user's password, adding the user if they are new",
		Long: `Sets the password of NAME in the htpasswd file FILE, which is made if it is not
there. A running mlgate takes the change up by itself.

The password is asked for twice on the terminal, without echo; with
--password-stdin it is the first line of standard input. It is never an argument,
where every user of the machine could read it.`,
		Args: takes("FILE", "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			// A name that cannot be must not cost two rounds of typing.
			if err := auth.CheckName(args[1]); err != nil {
				return fmt.Errorf("user %q: %w", args[1], err)
			}
			password, err := newPassword(cmd, fromStdin)
			if err != nil {
				return err
			}
			replaced, err := basic.AddUser(args[0], args[1], password)
			if err != nil {
				return err
			}
			did := "added"
			if replaced {
				did = "replaced the password of"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s in %s\n", did, args[1], args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

// newPassword gets a password from wherever the caller has one.
func newPassword(cmd *cobra.Command, fromStdin bool) (auth.Secret, error) {
	if fromStdin {
		return readLine(cmd.InOrStdin())
	}
	input, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(input.Fd())) {
		return auth.Secret{}, hinted(errors.New("standard input is no terminal to ask for the password on"),
			"pipe the password in and say --password-stdin")
	}
	return askTwice(func(prompt string) ([]byte, error) {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		typed, err := term.ReadPassword(int(input.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return typed, err
	})
}

// askTwice asks for a new password until typing it a second time proves it.
func askTwice(ask func(prompt string) ([]byte, error)) (auth.Secret, error) {
	first, err := ask("Password: ")
	if err != nil {
		return auth.Secret{}, fmt.Errorf("read password: %w", err)
	}
	second, err := ask("Password again: ")
	if err != nil {
		return auth.Secret{}, fmt.Errorf("read password: %w", err)
	}
	if string(first) != string(second) {
		return auth.Secret{}, hinted(errors.New("the two passwords differ"), "nothing was changed: try again")
	}
	return auth.NewSecret(string(first)), nil
}

// readLine reads the first line, without its end. More than one line is refused:
// it is a file that holds something else than a password.
func readLine(r io.Reader) (auth.Secret, error) {
	const most = 4096
	input := bufio.NewReader(io.LimitReader(r, most))
	line, err := input.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return auth.Secret{}, fmt.Errorf("read password: %w", err)
	}
	if _, err := input.ReadByte(); err == nil {
		return auth.Secret{}, hinted(errors.New("standard input holds more than one line"), "pipe in the password alone")
	}
	return auth.NewSecret(strings.TrimRight(line, "\r\n")), nil
}
