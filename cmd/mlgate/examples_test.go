package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/config"
	"mlgate/policy"
)

// Every policy among the examples loads without a warning and meets the
// expectations that lie beside it, in both directions: a policy without tests, or
// with tests that nothing refuses, shows nobody anything.
func TestExamplePoliciesHold(t *testing.T) {
	t.Parallel()
	const folder = "../../examples/policies"
	paths, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, path := range paths {
		if strings.HasSuffix(path, ".tests.csv") {
			continue
		}
		tested++
		p, warnings, err := policy.Load(path)
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: error %v, warnings %v", path, err, warnings)
			continue
		}
		name := strings.TrimSuffix(path, ".csv") + ".tests.csv"
		tests, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("%s has no tests: %v", path, err)
			continue
		}
		passed, failures, err := policy.RunTests(p, name, tests)
		if err != nil || len(failures) > 0 || passed < 10 {
			t.Errorf("%s: %d passed, failures %v, error %v", name, passed, failures, err)
		}
		if text := string(tests); !strings.Contains(text, " allow\n") || !strings.Contains(text, " deny\n") {
			t.Errorf("%s tests in one direction only", name)
		}
	}
	if tested < 4 {
		t.Errorf("got %d example policies, want at least 4", tested)
	}
}

// Every config that we show loads, with the files that it names beside it.
func TestExampleConfigsLoad(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"../../examples/*/mlgate*.yaml", "../../deploy/compose/etc/mlgate.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: found %v, error %v", pattern, paths, err)
		}
		for _, path := range paths {
			cfg, err := config.Load(path)
			if err != nil {
				t.Error(err)
				continue
			}
			if _, warnings, err := policy.Load(cfg.Policy.File); err != nil || len(warnings) > 0 {
				t.Errorf("%s: policy: error %v, warnings %v", path, err, warnings)
			}
		}
	}
}
