package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// inventory reads what an MLflow server holds, straight over its REST API and
// not through mlgate. Only admins run it, from where MLflow can be reached.
type inventory struct {
	base   *url.URL
	client *http.Client
}

// upstreamWait is how long one page may take; a search over a large server does.
const upstreamWait = 2 * time.Minute

// newInventory makes an inventory of the server at base. caFile may be empty.
func newInventory(base *url.URL, caFile string) (*inventory, error) {
	roots, err := caPool(caFile)
	if err != nil {
		return nil, fmt.Errorf("certificates of the upstream: %w", err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		IdleConnTimeout: 4 * time.Second, // MLflow closes after 5 s
	}
	return &inventory{base: base, client: &http.Client{Transport: transport, Timeout: upstreamWait}}, nil
}

// caPool adds the certificates of a file to the system's; nil for no file.
func caPool(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file) // #nosec G304 -- the admin names the file
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate: it must be PEM, with BEGIN CERTIFICATE lines", file)
	}
	return pool, nil
}

// pageSize is one that every supported MLflow allows for all searches.
const pageSize = 1000

// experiment is an experiment as a search shows it.
type experiment struct {
	ID       string `json:"experiment_id"`
	Name     string `json:"name"`
	Location string `json:"artifact_location"`
	Tags     []tag  `json:"tags"`
}

// model is a registered model as a search shows it.
type model struct {
	Name   string         `json:"name"`
	Latest []modelVersion `json:"latest_versions"`
}

// modelVersion is a version of a model as a search shows it.
type modelVersion struct {
	Model  string `json:"name"`
	Number string `json:"version"`
	Source string `json:"source"`
	Run    string `json:"run_id"`
	User   string `json:"user_id"`
}

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// experiments lists all experiments, deleted ones too: their names and places
// stay taken.
func (inv *inventory) experiments(ctx context.Context) ([]experiment, error) {
	var all []experiment
	for token := ""; ; {
		var page struct {
			Experiments []experiment `json:"experiments"`
			Next        string       `json:"next_page_token"`
		}
		body := map[string]any{"max_results": pageSize, "view_type": "ALL"}
		if token != "" {
			body["page_token"] = token
		}
		if err := inv.post(ctx, "experiments/search", body, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Experiments...)
		if page.Next == "" || page.Next == token {
			return all, nil
		}
		token = page.Next
	}
}

// models lists all registered models and prompts.
func (inv *inventory) models(ctx context.Context) ([]model, error) {
	var all []model
	for token := ""; ; {
		var page struct {
			Models []model `json:"registered_models"`
			Next   string  `json:"next_page_token"`
		}
		query := url.Values{"max_results": {strconv.Itoa(pageSize)}}
		if token != "" {
			query.Set("page_token", token)
		}
		if err := inv.get(ctx, "registered-models/search", query, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Models...)
		if page.Next == "" || page.Next == token {
			return all, nil
		}
		token = page.Next
	}
}

// versions lists all versions of all registered models.
func (inv *inventory) versions(ctx context.Context) ([]modelVersion, error) {
	var all []modelVersion
	for token := ""; ; {
		var page struct {
			Versions []modelVersion `json:"model_versions"`
			Next     string         `json:"next_page_token"`
		}
		query := url.Values{"max_results": {strconv.Itoa(pageSize)}}
		if token != "" {
			query.Set("page_token", token)
		}
		if err := inv.get(ctx, "model-versions/search", query, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Versions...)
		if page.Next == "" || page.Next == token {
			return all, nil
		}
		token = page.Next
	}
}

func (inv *inventory) get(ctx context.Context, path string, query url.Values, into any) error {
	return inv.call(ctx, http.MethodGet, path, query, nil, into)
}

func (inv *inventory) post(ctx context.Context, path string, body, into any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	return inv.call(ctx, http.MethodPost, path, nil, content, into)
}

// readTries is how often a page is asked for before a fault of the server counts.
// All that is asked here are reads, so asking again does no harm; a MLflow 3.17.2
// that was just started answers 500 to some of its first searches when they come
// at once (one of its modules is half imported then).
const readTries = 4

// call asks for one page, again after a fault of the server.
func (inv *inventory) call(ctx context.Context, method, path string, query url.Values, body []byte, into any) error {
	target := inv.base.JoinPath("api/2.0/mlflow", path)
	target.RawQuery = query.Encode()
	for try := 1; ; try++ {
		status, content, err := inv.send(ctx, method, target, body)
		switch {
		case err != nil:
			return err
		case status == http.StatusOK:
			if err := json.Unmarshal(content, into); err != nil {
				return hinted(fmt.Errorf("the answer of %s is not the JSON of MLflow: %w", target.Redacted(), err), "name the address of the MLflow server")
			}
			return nil
		case status < 500:
			return hinted(answered(target, status, content), "name the address of MLflow itself, not of something in front that asks for a password")
		case try == readTries:
			return hinted(answered(target, status, content), "the log of the MLflow server says why")
		}
		if err := pause(ctx, time.Duration(try)*200*time.Millisecond); err != nil {
			return err
		}
	}
}

// badAnswer is an answer other than 200.
type badAnswer struct {
	status int
	text   string
}

func (a *badAnswer) Error() string { return a.text }

func answered(target *url.URL, status int, content []byte) error {
	return &badAnswer{status, fmt.Sprintf("%s answered %d %s: %s", target.Redacted(), status, http.StatusText(status), firstLine(content))}
}

// isMissing reports whether MLflow said that there is no such thing.
func isMissing(err error) bool {
	a, ok := errors.AsType[*badAnswer](err)
	return ok && a.status == http.StatusNotFound
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// send sends one request and reads the answer.
func (inv *inventory) send(ctx context.Context, method string, target *url.URL, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("ask %s: %w", target.Redacted(), err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := inv.client.Do(req)
	if err != nil {
		return 0, nil, hinted(fmt.Errorf("ask MLflow: %w", err), "is %s the MLflow server, and may this host reach it?", inv.base.Redacted())
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("read answer of %s: %w", target.Redacted(), err)
	}
	return resp.StatusCode, content, nil
}

// firstLine shortens a foreign server's answer for a message.
func firstLine(content []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(content), []byte("\n"))
	const most = 200
	if len(line) > most {
		return string(bytes.ToValidUTF8(line[:most], nil)) + "…"
	}
	return string(line)
}
