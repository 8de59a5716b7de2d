package proxy_test

import (
	"net/url"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// BenchmarkRelay is one experiments/get through all rooms, sent by the gate's
// own relay and, as files are, by the reverse proxy. (As a file it gets two
// headers more.)
func BenchmarkRelay(b *testing.B) {
	up, err := url.Parse("http://127.0.0.1:5000")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("relay", func(b *testing.B) { serveGet(b, benchGate(b, up)) })
	b.Run("reverse proxy", func(b *testing.B) {
		serveGet(b, benchGate(b, up, func(t *mlflowapi.Table) {
			m, ok := t.Find("GET", api+"experiments/get")
			if !ok {
				b.Fatal("no such row")
			}
			m.Endpoint.File = true
		}))
	})
}
