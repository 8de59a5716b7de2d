package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"mlgate/auth"
)

// credentials are what a command sends to prove who its user is.
type credentials struct {
	user   string
	secret auth.Secret // a password, or with no user a bearer token
	from   string      // where they were found, for error messages
}

// surroundings are where credentials may lie.
type surroundings struct {
	env  func(string) string
	home string
}

func here() surroundings {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // no home: no files to look at
	}
	return surroundings{env: os.Getenv, home: home}
}

// findCredentials looks where the MLflow client looks, in its order, so that a
// user whose training scripts sign in is signed in here too: the URL, netrc, user
// and password from the environment or MLflow's file, a token from the
// environment. Returns none without an error if there is nothing.
func findCredentials(at *url.URL, in surroundings) (*credentials, error) {
	if at.User != nil {
		password, _ := at.User.Password()
		return &credentials{at.User.Username(), auth.NewSecret(password), "the URL"}, nil
	}
	for _, find := range []func() (*credentials, error){
		func() (*credentials, error) { return in.netrc(at.Hostname()) },
		in.mlflow,
	} {
		if c, err := find(); c != nil || err != nil {
			return c, err
		}
	}
	if token := in.env("MLFLOW_TRACKING_TOKEN"); token != "" {
		return &credentials{"", auth.NewSecret(token), "MLFLOW_TRACKING_TOKEN"}, nil
	}
	return nil, nil
}

// mlflow reads user and password, each from the environment or else from MLflow's
// own file. One without the other is nothing, as for the client.
func (in surroundings) mlflow() (*credentials, error) {
	path := filepath.Join(in.home, ".mlflow", "credentials")
	content, err := in.read(path)
	if err != nil {
		return nil, err
	}
	file := iniSection(content, "mlflow")
	from := "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
	pick := func(name string) string {
		if value := in.env(name); value != "" {
			return value
		}
		if value := file[strings.ToLower(name)]; value != "" {
			from = path
			return value
		}
		return ""
	}
	user, password := pick("MLFLOW_TRACKING_USERNAME"), pick("MLFLOW_TRACKING_PASSWORD")
	if user == "" || password == "" {
		return nil, nil
	}
	return &credentials{user, auth.NewSecret(password), from}, nil
}

// iniSection reads the `key = value` lines of one section.
func iniSection(content, section string) map[string]string {
	values := map[string]string{}
	inside := false
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			inside = line == "["+section+"]"
		case inside:
			if at := strings.IndexAny(line, "=:"); at >= 0 {
				values[strings.ToLower(strings.TrimSpace(line[:at]))] = strings.TrimSpace(line[at+1:])
			}
		}
	}
	return values
}

// netrc looks a host up in the file of NETRC or ~/.netrc.
func (in surroundings) netrc(host string) (*credentials, error) {
	paths := []string{filepath.Join(in.home, ".netrc"), filepath.Join(in.home, "_netrc")}
	if named := in.env("NETRC"); named != "" {
		paths = []string{named}
	}
	for _, path := range paths {
		content, err := in.read(path)
		if err != nil {
			return nil, err
		}
		if user, password, ok := netrcEntry(content, host); ok {
			return &credentials{user, auth.NewSecret(password), path}, nil
		}
	}
	return nil, nil
}

// read reads a file that need not be there.
func (in surroundings) read(path string) (string, error) {
	if in.home == "" && !filepath.IsAbs(path) {
		return "", nil
	}
	content, err := os.ReadFile(path) // #nosec G304 -- the user's own files
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read credentials: %w", err)
	}
	return string(content), nil
}

// netrcEntry finds the entry of a host, or else the default one.
func netrcEntry(content, host string) (user, password string, ok bool) {
	words := netrcWords(content)
	current, found := "", map[string][2]string{}
	for i := 0; i < len(words); i++ {
		argument := ""
		if i+1 < len(words) {
			argument = words[i+1]
		}
		switch words[i] {
		case "machine":
			current = "machine " + argument
		case "default":
			current = "default"
			continue
		case "login":
			found[current] = [2]string{argument, found[current][1]}
		case "password":
			found[current] = [2]string{found[current][0], argument}
		}
		i++
	}
	for _, key := range []string{"machine " + host, "default"} {
		if entry, there := found[key]; there {
			return entry[0], entry[1], true
		}
	}
	return "", "", false
}

// netrcWords splits a netrc file. Comments end a line; macros, which end at an
// empty line, are skipped.
func netrcWords(content string) []string {
	var words []string
	macro := false
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			macro = false
			continue
		}
		if fields[0] == "macdef" {
			macro = true
		}
		if macro || strings.HasPrefix(fields[0], "#") {
			continue
		}
		for _, field := range fields {
			words = append(words, strings.Trim(field, `"`))
		}
	}
	return words
}

// sign puts the credentials on a request.
func (c *credentials) sign(req *http.Request) {
	switch {
	case c == nil:
	case c.user == "":
		req.Header.Set("Authorization", "Bearer "+c.secret.Reveal())
	default:
		req.SetBasicAuth(c.user, c.secret.Reveal())
	}
}
