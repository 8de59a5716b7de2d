package config

import (
	"strings"
	"testing"
)

func TestFaultyCompanyLoginsAreRefused(t *testing.T) {
	t.Parallel()
	const a = `{name: a, issuer: "https://a.example.org", client_id: m`
	for _, c := range []struct{ name, content, want string }{
		{"twice", "auth: {oidc: [" + a + "}, " + a + ", user_prefix: 'b:'}]}", `auth.oidc[1].name: "a": auth.oidc[0] is called so too; give each provider a name of its own`},
		{"one name for two people", "auth: {oidc: [" + a + "}, {name: b, issuer: 'https://b.example.org', client_id: m}]}", `auth.oidc[1].user_prefix: its alice and the alice of auth.oidc[0] would have one name; give one of them a prefix`},
		{"only one of two is trusted", "auth: {oidc: [" + a + "}, {name: b, issuer: 'https://b.example.org', client_id: m, trust_names: true}]}", `auth.oidc[1].user_prefix: its alice`},
		{"nothing said", "auth: {oidc: [{}]}", `auth.oidc[0].name: missing; call it for example company`},
		{"plain issuer", "auth: {oidc: [{name: a, issuer: 'http://a.example.org', client_id: m}]}", `auth.oidc[0].issuer: "http://a.example.org": plain http`},
		{"plain cookie", "external_url: http://ml.example.org\nauth: {oidc: [" + a + "}]}", `external_url: "http://ml.example.org": plain http, and auth.oidc is set`},
		{"parameter without name", "auth: {oidc: [" + a + ", authorize_params: [{value: x}]}]}", `auth.oidc[0].authorize_params[0]: without a name`},
		{"rename to nothing", "auth: {oidc: [" + a + ", group_rename: [{from: x}]}]}", `auth.oidc[0].group_rename[0]: without from or to`},
		{"secret in the file", "auth: {oidc: [" + a + ", client_secret: hunter2}]}", `auth.oidc[0].client_secret: unknown key; the nearest known key is "client_secret_file"`},
		{"no idle time", "sessions: {idle: 0s}", `sessions.idle: "0s": shorter than 1m0s; write for example 12h`},
		{"groups too old before they are read", "sessions: {refresh: 1h, max_group_age: 1m}", `sessions.max_group_age: "1m": shorter than sessions.refresh`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(write(t, "upstream: {url: http://127.0.0.1:5000}\npolicy: {file: p}\n"+c.content))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestProvidersWhoseNamesAreApartAreTaken(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		`[{name: a, issuer: "https://a.example.org", client_id: m}]`,
		`[{name: a, issuer: "https://a.example.org", client_id: m}, {name: b, issuer: "http://127.0.0.1:1", client_id: m, user_prefix: "b:"}]`,
		`[{name: a, issuer: "https://a.example.org", client_id: m, trust_names: true}, {name: b, issuer: "https://b.example.org", client_id: m, trust_names: true}]`,
	} {
		load(t, "upstream: {url: http://127.0.0.1:5000}\npolicy: {file: p}\nauth: {oidc: "+content+"}\n")
	}
}
