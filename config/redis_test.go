package config

import (
	"strings"
	"testing"
	"time"
)

func TestRedisNeedsItsAddressesAndNothingElse(t *testing.T) {
	t.Parallel()
	r := load(t, minimal+"state: {kind: redis, redis: {addrs: ['127.0.0.1:6379', '[::1]:6379']}}").State.Redis
	if r.KeyPrefix != "mlgate:" || r.OnOutage != Refuse || r.Grace != 30*time.Second || r.TLS.On() || !r.Cluster() {
		t.Errorf("got %+v", r)
	}
}

func TestWhatIsLooseAboutRedisIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ content, want string }{
		{"state: {kind: redis, redis: {addrs: ['127.0.0.1:1'], password_file: p}}", ""},
		{"state: {kind: redis, redis: {addrs: ['10.0.0.1:1'], password_file: p, tls: {ca_file: c}}}", ""},
		{"state: {kind: redis, redis: {addrs: ['127.0.0.1:1', 'b:1'], password_file: p}}", "in the clear"},
		{"state: {kind: redis, redis: {addrs: ['127.0.0.1:1']}}", "without a password"},
		{"state: {kind: redis, redis: {addrs: ['127.0.0.1:1'], password_file: p, on_outage: grace}}", "goes on there for up to 30s"},
		{"state: {redis: {addrs: ['127.0.0.1:1']}}", "it does nothing"},
	} {
		warnings := load(t, minimal+c.content).Warnings()
		got := strings.Join(warnings, "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.content, got, c.want)
		}
	}
}
