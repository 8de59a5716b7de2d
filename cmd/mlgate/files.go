package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"

	"mlgate/auth/basic"
	"mlgate/auth/workload"
	"mlgate/config"
	"mlgate/policy"
)

// files is what one reading of the config file and of the files named in it
// gave: all that may change while mlgate runs. It is immutable.
type files struct {
	config      *config.Config
	policy      *policy.Policy
	users       *basic.Users       // nil: nobody signs in by password
	providers   []provider         // company logins, in the order of the config
	machines    *workload.Settings // nil: no machine signs in by a JWT
	certificate *tls.Certificate   // nil: plain HTTP
	hashes      map[string]string
	warnings    []string
}

// readFiles reads them all, or none: the error joins what is wrong with each.
func readFiles(path string) (*files, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	f := &files{config: cfg, hashes: map[string]string{}, warnings: cfg.Warnings()}
	if err := errors.Join(f.readPolicy(), f.readUsers(), f.readCertificate(), f.readProviders(), f.readMachines()); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path) // #nosec G304 -- the admin names the file
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	f.hashes["config"] = hashOf(content)
	return f, nil
}

// readPolicy reads the policy; without one, which only mode open allows, there
// is an empty one that permits nothing.
func (f *files) readPolicy() error {
	path := f.config.Policy.File
	var warnings []policy.Warning
	var err error
	if path == "" {
		f.policy, _, err = policy.Parse("no policy", nil)
		return err
	}
	if f.policy, warnings, err = policy.Load(path); err != nil {
		return err
	}
	for _, w := range warnings {
		f.warnings = append(f.warnings, w.String())
	}
	f.hashes["policy"] = f.policy.Hash()
	return nil
}

func (f *files) readUsers() error {
	path := f.config.Auth.Basic.HtpasswdFile
	if path == "" {
		return nil
	}
	users, err := basic.Load(path)
	if errors.Is(err, os.ErrNotExist) {
		return hinted(fmt.Errorf("auth.basic.htpasswd_file: %w", err), "make it with `mlgate user add %s NAME`", path)
	}
	if err != nil {
		return fmt.Errorf("auth.basic.htpasswd_file: %w", err)
	}
	f.users = users
	f.hashes["users"] = users.Hash()
	return nil
}

func (f *files) readCertificate() error {
	t := f.config.TLS
	if t.CertFile == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return hinted(fmt.Errorf("tls: %w", err), "cert_file and key_file must be PEM and belong together")
	}
	f.certificate = &pair
	f.hashes["certificate"] = hashOf(slices.Concat(pair.Certificate...))
	return nil
}

// paths are the files to watch.
func (f *files) paths() []string {
	c := f.config
	list := append(machineFiles(c.Auth.Workload), providerFiles(c.Auth.OIDC)...)
	for _, path := range []string{c.File(), c.Policy.File, c.Auth.Basic.HtpasswdFile, c.TLS.CertFile, c.TLS.KeyFile} {
		if path != "" {
			list = append(list, path)
		}
	}
	return list
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
