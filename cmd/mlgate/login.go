package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"mlgate/auth"
)

// The keys of ~/.mlflow/credentials. MLflow reads the first two.
const (
	iniUser     = "mlflow_tracking_username"
	iniPassword = "mlflow_tracking_password"
	iniURL      = "mlgate_url"
	iniTokenID  = "mlgate_token_id"
)

func newLogin() *cobra.Command {
	var name, ttl string
	var noBrowser bool
	cmd := &cobra.Command{
		Use: "login URL", Short: "sign in through the browser, for the MLflow client",
		Long: `Signs in through your browser and writes an API token into ~/.mlflow/credentials,
where the MLflow client reads it: after this, set only MLFLOW_TRACKING_URI.

The browser may be on another machine: open the address that is printed there, and
compare the code. "mlgate logout" revokes the token and takes it out of the file.`,
		Example: "  mlgate login https://ml.example.org",
		Args:    takes("URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := anonymous(args[0])
			if err != nil {
				return usage(cmd, "%w", err)
			}
			file, err := credentialsFile()
			if err != nil {
				return err
			}
			if name == "" {
				name = hostName()
			}
			return login(cmd, client, file, url.Values{"name": {name}, "ttl": {ttl}}, noBrowser)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the `name` of the token (default: this machine's)")
	cmd.Flags().StringVar(&ttl, "ttl", "30d", "how long the token lives, like `90d`")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "open no browser here")
	return cmd
}

// hostName is this machine's, as far as it makes a good name.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "terminal"
	}
	return name
}

// anonymous is a client of a mlgate at which nobody is signed in yet.
func anonymous(address string) (*tokenClient, error) {
	base, err := serverURL(address)
	if err != nil {
		return nil, err
	}
	if base.User != nil {
		return nil, errors.New("a user or password in the URL is not needed: you sign in in the browser")
	}
	if base.Scheme == "http" && !auth.Loopback(base.Hostname()) {
		return nil, fmt.Errorf("%s is plain http: the token would pass in the clear", base)
	}
	return newTokenClient(base, nil, here())
}

// deviceAnswer is what mlgate says to a terminal that wants to sign in.
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Page       string `json:"verification_uri"`
	WithCode   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// granted is what it says in the end.
type granted struct {
	Token   string `json:"access_token"`
	ID      string `json:"id"`
	User    string `json:"user"`
	Expires string `json:"expires_at"`
	Error   string `json:"error"`
}

func login(cmd *cobra.Command, client *tokenClient, file string, about url.Values, noBrowser bool) error {
	var begun deviceAnswer
	status, err := client.form(cmd.Context(), "_gate/api/v1/device", url.Values{}, &begun)
	if err != nil {
		return err
	}
	if status != http.StatusOK || begun.DeviceCode == "" {
		return hinted(fmt.Errorf("%s does not sign in terminals: it answered %d", client.base, status),
			"name the URL of mlgate, with its path if it has one; it must be https, or on this machine")
	}
	page := begun.WithCode + "&" + about.Encode()
	out := cmd.ErrOrStderr()
	fmt.Fprintf(out, "Open %s\nand check that it shows the code %s\n", page, begun.UserCode)
	if !noBrowser {
		openBrowser(cmd.Context(), page)
	}
	grant, err := client.await(cmd.Context(), &begun)
	if err != nil {
		return err
	}
	values := map[string]string{iniUser: "token", iniPassword: grant.Token, iniURL: client.base.String(), iniTokenID: grant.ID}
	if err := setCredentials(file, values); err != nil {
		// What cannot be used must not live on.
		revoke := *client
		revoke.who = &credentials{"", auth.NewSecret(grant.Token), "this sign-in"}
		return errors.Join(err, revoke.call(context.WithoutCancel(cmd.Context()), http.MethodDelete, grant.ID, "", nil, nil))
	}
	fmt.Fprintf(out, "Signed in as %s until %s; the token is in %s\n", grant.User, grant.Expires, file)
	fmt.Fprintf(cmd.OutOrStdout(), "export MLFLOW_TRACKING_URI=%s\n", client.base)
	for _, name := range []string{"MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"} {
		if os.Getenv(name) != "" {
			fmt.Fprintf(out, "%s is set and counts over the file: unset it\n", name)
		}
	}
	return nil
}

// form posts a form without credentials. A status below 500 is an answer.
func (c *tokenClient) form(ctx context.Context, path string, values url.Values, into any) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path).String(), strings.NewReader(values.Encode()))
	if err != nil {
		return 0, fmt.Errorf("ask mlgate: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, answer, err := c.do(req)
	if err != nil {
		return 0, err
	}
	if status >= 500 {
		return 0, c.refused(status, answer)
	}
	_ = json.Unmarshal(answer, into) // what is no answer of mlgate's shows by its status
	return status, nil
}

// await asks until the person has answered. A mlgate that does not answer for a
// moment is asked again.
func (c *tokenClient) await(ctx context.Context, begun *deviceAnswer) (*granted, error) {
	wait := time.Duration(max(begun.Interval, 1)) * time.Second
	deadline := time.Now().Add(time.Duration(begun.ExpiresIn) * time.Second)
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		var answer granted
		status, err := c.form(ctx, "_gate/api/v1/device/token", url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {begun.DeviceCode},
		}, &answer)
		late := time.Now().After(deadline)
		switch {
		case err != nil && late:
			return nil, err
		case err != nil, answer.Error == "authorization_pending" && !late:
			continue
		case status == http.StatusOK && answer.Token != "":
			return &answer, nil
		case answer.Error == "slow_down":
			wait += 5 * time.Second
			continue
		case answer.Error == "access_denied":
			return nil, errors.New("refused in the browser")
		case answer.Error == "expired_token", late:
			return nil, hinted(errors.New("nobody confirmed the code in time"), "run it again")
		}
		return nil, fmt.Errorf("ask mlgate: it answered %d %s", status, answer.Error)
	}
}

// openBrowser does what it can: the address is printed as well.
func openBrowser(ctx context.Context, page string) {
	var cmd *exec.Cmd
	switch {
	case runtime.GOOS == "darwin":
		cmd = exec.CommandContext(ctx, "open", page) // #nosec G204 -- no shell, and an address of the server that the user named
	case runtime.GOOS == "windows":
		cmd = exec.CommandContext(ctx, "rundll32", "url.dll,FileProtocolHandler", page) // #nosec G204
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		cmd = exec.CommandContext(ctx, "xdg-open", page) // #nosec G204
	default:
		return
	}
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}

// credentialsFile is where MLflow's client looks.
func credentialsFile() (string, error) {
	home := here().home
	if home == "" {
		return "", errors.New("no home folder: set HOME")
	}
	return filepath.Join(home, ".mlflow", "credentials"), nil
}

func newLogout() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "revoke the token of mlgate login and forget it",
		Long: `Revokes the token that "mlgate login" wrote into ~/.mlflow/credentials, and takes it
out of the file, also when mlgate does not answer.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := credentialsFile()
			if err != nil {
				return err
			}
			content, err := here().read(file)
			if err != nil {
				return err
			}
			held := iniSection(content, "mlflow")
			if held[iniTokenID] == "" {
				return hinted(fmt.Errorf("no token of `mlgate login` in %s", file), "`mlgate token revoke` revokes others")
			}
			base, err := serverURL(held[iniURL])
			if err == nil {
				err = revokeOwn(cmd.Context(), base, held)
			}
			if err := setCredentials(file, map[string]string{iniUser: "", iniPassword: "", iniURL: "", iniTokenID: ""}); err != nil {
				return err
			}
			if err != nil {
				return hinted(fmt.Errorf("the token is out of %s, but it was not revoked: %w", file, err),
					"revoke %s on the page %s/_gate/tokens", held[iniTokenID], held[iniURL])
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Signed out of %s\n", base)
			return nil
		},
	}
}

// revokeOwn revokes a token by itself. One that is refused is gone already.
func revokeOwn(ctx context.Context, base *url.URL, held map[string]string) error {
	client, err := newTokenClient(base, &credentials{held[iniUser], auth.NewSecret(held[iniPassword]), "the file"}, here())
	if err != nil {
		return err
	}
	return client.call(ctx, http.MethodDelete, held[iniTokenID], "", nil, nil)
}
