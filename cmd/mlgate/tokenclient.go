package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
)

// tokenClient speaks to the token API of a running mlgate, as its user.
type tokenClient struct {
	base   *url.URL // without credentials
	who    *credentials
	client *http.Client
}

// target holds the flags that say which mlgate, and for whom.
type target struct {
	url, user string
}

func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.url, "url", "", "the `URL` of mlgate (default $MLFLOW_TRACKING_URI)")
	cmd.Flags().StringVar(&t.user, "user", "", "act for another `user`; for admins")
}

const tokenHelp = `
You are signed in as your MLflow client would be: by user and password in the URL,
~/.netrc, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, the file
~/.mlflow/credentials, or MLFLOW_TRACKING_TOKEN, in this order.`

// open finds mlgate and the user's credentials.
func (t *target) open(cmd *cobra.Command) (*tokenClient, error) {
	in := here()
	address := t.url
	if address == "" {
		address = in.env("MLFLOW_TRACKING_URI")
	}
	if address == "" {
		return nil, usage(cmd, "missing flag --url")
	}
	base, err := serverURL(address)
	if err != nil {
		return nil, usage(cmd, "flag --url: %w", err)
	}
	who, err := findCredentials(base, in)
	if err != nil {
		return nil, err
	}
	base.User = nil
	return newTokenClient(base, who, in)
}

// newTokenClient is a client of the mlgate at base; who may be nil.
func newTokenClient(base *url.URL, who *credentials, in surroundings) (*tokenClient, error) {
	roots, err := caPool(in.env("MLFLOW_TRACKING_SERVER_CERT_PATH"))
	if err != nil {
		return nil, fmt.Errorf("MLFLOW_TRACKING_SERVER_CERT_PATH: %w", err)
	}
	return &tokenClient{base: base, who: who, client: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		// Credentials go where the user said, and nowhere else.
		CheckRedirect: func(req *http.Request, _ []*http.Request) error {
			return fmt.Errorf("it redirects to %s", req.URL.Redacted())
		},
	}}, nil
}

// call asks the token API. body and into may be nil.
func (c *tokenClient) call(ctx context.Context, method, id, user string, body, into any) error {
	at := c.base.JoinPath("_gate/api/v1/tokens", id)
	if user != "" {
		at.RawQuery = url.Values{"user": {user}}.Encode()
	}
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return fmt.Errorf("write request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("ask mlgate: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	status, answer, err := c.do(req)
	if err != nil {
		return err
	}
	return c.read(status, answer, into)
}

// do sends a request as the user, and reads its answer whole.
func (c *tokenClient) do(req *http.Request) (status int, answer []byte, err error) {
	c.who.sign(req)
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, hinted(fmt.Errorf("ask mlgate: %w", err), "is mlgate reachable at %s?", c.base)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return 0, nil, fmt.Errorf("read answer: %w", err)
	}
	return resp.StatusCode, answer, nil
}

// read turns an answer into a result or an error.
func (c *tokenClient) read(status int, answer []byte, into any) error {
	if status >= 300 {
		return c.refused(status, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return hinted(fmt.Errorf("the answer of %s is not that of mlgate", c.base), "name the URL of mlgate, with its path if it has one")
	}
	return nil
}

// refused words a refusal, with what mlgate says about it.
func (c *tokenClient) refused(status int, answer []byte) error {
	var said struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Message == "" {
		said.Message = fmt.Sprintf("%d %s", status, http.StatusText(status))
	}
	text := errors.New(strings.TrimSuffix(said.Message, "."))
	switch {
	case status == http.StatusUnauthorized && c.who == nil:
		return hinted(errors.New("not signed in"), "put user and password into the URL, ~/.netrc, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
	case status == http.StatusUnauthorized:
		return hinted(text, "the credentials came from %s", c.who.from)
	case status == http.StatusNotFound:
		return hinted(text, "name the URL of mlgate, with its path if it has one, and an id that `mlgate token list` shows")
	}
	return text
}
