package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"mlgate/auth/workload"
	"mlgate/config"
)

// readMachines reads the rules by which machines sign in, and the files that
// these name. It comes after the password file.
func (f *files) readMachines() error {
	rules := f.config.Auth.Workload
	if len(rules) == 0 {
		return nil
	}
	sources, content, err := readSources(rules)
	if err != nil {
		return err
	}
	var asked []workload.Rule
	for _, r := range rules {
		one := workload.Rule{Issuer: r.Issuer, Audience: r.Audience, Subject: r.Subject, User: r.User, Groups: r.Groups}
		for _, c := range r.Claims {
			one.Claims = append(one.Claims, workload.Claim(c))
		}
		asked = append(asked, one)
	}
	settings, err := workload.NewSettings(asked, sources)
	if err = errors.Join(machineFaults(err), f.twoOfOneName(rules)); err != nil {
		return err
	}
	f.machines = settings
	if len(content) > 0 {
		f.hashes["workload"] = hashOf(content)
	}
	return nil
}

// readSources gathers, issuer by issuer, what its rules say of its keys. The
// content of all files comes back to be told apart from that of the next reading.
func readSources(rules []config.Workload) (list []workload.Source, content []byte, err error) {
	at := map[string]int{}
	var errs []error
	for i, r := range rules {
		n, known := at[r.Issuer]
		if !known {
			n = len(list)
			at[r.Issuer] = n
			list = append(list, workload.Source{Issuer: r.Issuer})
		}
		s := &list[n]
		if r.JWKSURL != "" {
			s.JWKSURL = r.JWKSURL
		}
		if r.MaxKeyAge != 0 {
			s.MaxKeyAge = r.MaxKeyAge
		}
		for key, file := range map[string]struct {
			path string
			into *[]byte
		}{"jwks_file": {r.JWKSFile, &s.JWKS}, "ca_file": {r.CAFile, &s.CA}} {
			if file.path == "" {
				continue
			}
			raw, err := os.ReadFile(file.path) // #nosec G304 -- the admin names the file
			if err != nil {
				errs = append(errs, fmt.Errorf("auth.workload[%d].%s: %w", i, key, err))
				continue
			}
			*file.into = raw
		}
	}
	for _, s := range list {
		content = slices.Concat(content, []byte(s.Issuer), s.JWKS, s.CA)
	}
	return list, content, errors.Join(errs...)
}

// machineFaults words the faults of rules as those of all keys.
func machineFaults(err error) error {
	var list []error
	for _, fault := range flatten(err) {
		if r, ok := errors.AsType[*workload.RuleError](fault); ok {
			fault = hinted(fmt.Errorf("auth.workload[%d].%s: %q: %s", r.Index, r.Key, r.Value, r.Fault), "%s", r.Remedy)
		} else if fault != nil {
			fault = fmt.Errorf("auth.workload: %w", fault)
		}
		list = append(list, fault)
	}
	return errors.Join(list...)
}

// twoOfOneName refuses a machine that is called like somebody of the password
// file: one name, one person. Else whoever may choose a password would have the
// machine's rights, and the log could not tell them apart.
func (f *files) twoOfOneName(rules []config.Workload) error {
	if f.users == nil {
		return nil
	}
	var errs []error
	for i, r := range rules {
		if f.users.Has(r.User) {
			errs = append(errs, hinted(fmt.Errorf("auth.workload[%d].user: %q is in the password file too", i, r.User),
				"call the machine otherwise, like ci-%s, or take the name out of the password file", r.User))
		}
	}
	return errors.Join(errs...)
}

// machineFiles are the files that rules name.
func machineFiles(rules []config.Workload) []string {
	var list []string
	for _, r := range rules {
		for _, path := range []string{r.JWKSFile, r.CAFile} {
			if path != "" && !slices.Contains(list, path) {
				list = append(list, path)
			}
		}
	}
	return list
}

// checkIssuers asks each issuer for its keys.
func checkIssuers(ctx context.Context, w io.Writer, f *files) error {
	if f.machines == nil {
		return nil
	}
	var errs []error
	for _, p := range f.machines.Ask(ctx) {
		if p.Err != nil {
			errs = append(errs, hinted(fmt.Errorf("auth.workload: issuer %s: %w", p.Issuer, p.Err),
				"its tokens are answered 503 until this works; where discovery cannot, set jwks_url or jwks_file, and ca_file for a certificate of your own"))
			continue
		}
		fmt.Fprintf(w, "issuer %s: %d keys: %s\n", p.Issuer, len(p.Keys), strings.Join(p.Keys, ", "))
	}
	return errors.Join(errs...)
}
