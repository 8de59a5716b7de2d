package console

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const tokensPath = "/_gate/api/v1/tokens"

func TestATokenIsMadeListedUsedAndRevoked(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := g.do("alice", "POST", tokensPath, `{"name":"ci","ttl":"90d","read_only":false,"prefixes":null}`, "Content-Type", "application/json; charset=utf-8")
	g.want(a, http.StatusCreated)
	if len(a.json) != 4 || a.json["name"] != "ci" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %s, want id, name, token and expires_at, not cached", a.text)
	}
	expires, err := time.Parse(time.RFC3339, a.json["expires_at"].(string))
	if left := time.Until(expires); err != nil || left < 89*24*time.Hour || left > 90*24*time.Hour {
		t.Errorf("got %v, %v; want 90 days from now", expires, err)
	}
	id, text := a.json["id"].(string), a.json["token"].(string)
	g.want(g.do(text, "GET", "/_gate/api/v1/whoami", ""), 200, `"user":"alice"`)

	list := g.do("alice", "GET", tokensPath, "")
	g.want(list, 200, `"id":"`+id+`"`, `"name":"ci"`, `"user":"alice"`, `"last_used_at":"`, `"prefixes":[]`)
	if strings.Contains(list.text, text[20:40]) {
		t.Error("the list shows the token")
	}
	if a := g.do("alice", "DELETE", tokensPath+"/"+id, ""); a.status != http.StatusNoContent || a.text != "" {
		t.Errorf("got %d %q, want 204 and no body", a.status, a.text)
	}
	g.want(g.do(text, "GET", "/_gate/api/v1/whoami", ""), 401)
	g.want(g.do("alice", "DELETE", tokensPath+"/"+id, ""), 404)
	g.want(g.do("alice", "GET", tokensPath, ""), 200, `{"tokens":[]}`)
}

func TestOnlyAdminsManageOthersTokens(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id, _ := g.make("alice", `{"name":"ci"}`)
	g.want(g.do("bob", "GET", tokensPath+"?user=alice", ""), 403, "PERMISSION_DENIED")
	g.want(g.do("bob", "POST", tokensPath+"?user=alice", `{"name":"x"}`), 403, "PERMISSION_DENIED")
	g.want(g.do("bob", "DELETE", tokensPath+"/"+id+"?user=alice", ""), 403, "PERMISSION_DENIED")
	g.want(g.do("bob", "DELETE", tokensPath+"/"+id, ""), 404, "RESOURCE_DOES_NOT_EXIST")
	g.want(g.do("alice", "GET", tokensPath+"?user=alice", ""), 200, id)

	g.want(g.do("root", "GET", tokensPath+"?user=alice", ""), 200, id)
	g.want(g.do("root", "POST", tokensPath+"?user=bob", `{"name":"by root"}`), 201)
	g.want(g.do("bob", "GET", tokensPath, ""), 200, `"created_by":"root"`)
	g.want(g.do("root", "POST", tokensPath+"?user=carol", `{"name":"x"}`), 400, "no user")
	g.want(g.do("root", "POST", tokensPath+"?user=", `{"name":"x"}`), 400, "empty")
	g.want(g.do("root", "DELETE", tokensPath+"/"+id+"?user=", ""), 400, "empty")
	g.want(g.do("root", "DELETE", tokensPath+"/"+id+"?user=alice", ""), 204)
}

func TestATokenIsLimitedToActions(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	_, text := g.make("alice", `{"name":"x","actions":["edit","approve","edit"]}`)
	g.want(g.do("alice", "GET", tokensPath, ""), 200, `"read_only":false,"actions":["approve","edit"]`)
	for action, want := range map[string]string{"read": "true", "edit": "true", "manage": "false"} {
		g.want(g.do(text, "GET", "/_gate/api/v1/explain?action="+action+"&resource=cv/a", ""), 200, `"allow":`+want)
	}
	g.make("alice", `{"name":"y","actions":["read"]}`)
	g.want(g.do("alice", "GET", tokensPath, ""), 200, `"read_only":true,"actions":["read"]`)
	for body, why := range map[string]string{
		`{"name":"x","actions":["admin"]}`:                  "leave the limit out",
		`{"name":"x","actions":["write"]}`:                  "unknown action",
		`{"name":"x","actions":[""]}`:                       "unknown action",
		`{"name":"x","actions":"edit"}`:                     "",
		`{"name":"x","read_only":true,"actions":["edit"]}`:  "give one of them",
		`{"name":"x","read_only":true,"actions":["read"]}`:  "give one of them",
		`{"name":"x","actions":["Read"]}`:                   "lower-case",
		`{"name":"x","actions":["edit"],"actions":["use"]}`: "",
	} {
		g.want(g.do("alice", "POST", tokensPath, body), 400, "INVALID_PARAMETER_VALUE", why)
	}
}

func TestATokenIsRotated(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id, text := g.make("alice", `{"name":"ci","ttl":"90d","prefixes":["cv/*"]}`)
	a := g.do("alice", "POST", tokensPath+"/"+id, `{"ttl":"30d","overlap":3600}`)
	g.want(a, 201, `"name":"ci"`, `"token":"mlg_`)
	g.want(g.do(text, "GET", "/_gate/api/v1/whoami", ""), 200)
	g.want(g.do(a.json["token"].(string), "GET", "/_gate/api/v1/whoami", ""), 200)
	list := g.do("alice", "GET", tokensPath, "")
	tokens := list.json["tokens"].([]any)
	if len(tokens) != 2 {
		t.Fatalf("got %s, want two", list.text)
	}
	first, second := tokens[0].(map[string]any), tokens[1].(map[string]any)
	if second["id"] == id { // made in the same millisecond
		first, second = second, first
	}
	for _, want := range []struct {
		token map[string]any
		end   time.Duration
	}{{first, time.Hour}, {second, 30 * 24 * time.Hour}} {
		end, err := time.Parse(time.RFC3339, want.token["expires_at"].(string))
		if left := time.Until(end); err != nil || left > want.end || left < want.end-time.Minute {
			t.Errorf("got %v, %v; want an end in %v", want.token, err, want.end)
		}
	}
	if second["prefixes"].([]any)[0] != "cv/*" {
		t.Errorf("got %s, want the new one with the limits of the old", list.text)
	}
	next := a.json["id"].(string)
	g.want(g.do("alice", "POST", tokensPath+"/"+next, `{"overlap":0}`), 201)
	g.want(g.do(a.json["token"].(string), "GET", "/_gate/api/v1/whoami", ""), 401)

	g.want(g.do("bob", "POST", tokensPath+"/"+id, `{}`), 404, "RESOURCE_DOES_NOT_EXIST")
	g.want(g.do("bob", "POST", tokensPath+"/"+id+"?user=alice", `{}`), 403)
	g.want(g.do("alice", "POST", tokensPath+"/"+id, `{"overlap":"never"}`), 400, "overlap must be a duration")
	g.want(g.do("alice", "POST", tokensPath+"/"+id, `{"ttl":"-1h"}`), 400, "ttl must be a duration")
	g.want(g.do("alice", "POST", tokensPath+"/"+id, `{"name":"x"}`), 400)
	g.want(g.do("alice", "POST", tokensPath+"/"+id, ``), 400)
}

func TestATokenDoesNotBegetWiderOnes(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id, _ := g.make("root", `{"name":"full"}`)
	for _, limits := range []string{`"read_only":true`, `"actions":["manage"]`, `"prefixes":["cv/*"]`, `"prefixes":["*"]`} {
		own, text := g.make("root", `{"name":"limited",`+limits+`}`)
		g.want(g.do(text, "POST", tokensPath, `{"name":"x"}`), 403, "limited to actions or prefixes")
		g.want(g.do(text, "POST", tokensPath, `{"name":"x",`+limits+`}`), 403)
		g.want(g.do(text, "POST", tokensPath+"?user=alice", `{"name":"x"}`), 403)
		g.want(g.do(text, "GET", tokensPath+"?user=alice", ""), 403, "only an admin")
		g.want(g.do(text, "DELETE", tokensPath+"/"+id, ""), 403)
		g.want(g.do(text, "DELETE", tokensPath+"/"+own, ""), 204)
	}
	_, full := g.make("root", `{"name":"full too"}`)
	g.want(g.do(full, "POST", tokensPath+"?user=alice", `{"name":"x"}`), 201)
}

func TestAnonymousCallersGetNoTokens(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.want(g.do("anonymous", "POST", tokensPath, `{"name":"x"}`), 403, "sign in first")
	g.want(g.do("anonymous", "GET", tokensPath, ""), 403)
}

func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for name, body := range map[string]string{
		"empty":            ``,
		"no object":        `[{"name":"x"}]`,
		"null":             `null`,
		"no JSON":          `name=x`,
		"unknown field":    `{"name":"x","admin":true}`,
		"duplicate key":    `{"name":"x","read_only":true,"read_only":false}`,
		"another case":     `{"name":"x","READ_ONLY":true}`,
		"camel case":       `{"name":"x","readOnly":true}`,
		"two objects":      `{"name":"x"}{"name":"y"}`,
		"wrong type":       `{"name":1}`,
		"prefixes no list": `{"name":"x","prefixes":"cv/*"}`,
		"bad UTF-8":        "{\"name\":\"\xff\"}",
		"byte order mark":  "\ufeff{\"name\":\"x\"}",
		"no name":          `{}`,
		"bad prefix":       `{"name":"x","prefixes":["cv*"]}`,
		"too long a life":  `{"name":"x","ttl":"366d"}`,
		"huge":             `{"name":"` + strings.Repeat("x", maxBody) + `"}`,
	} {
		a := g.do("alice", "POST", tokensPath, body)
		if a.status != 400 || a.json["error_code"] != "INVALID_PARAMETER_VALUE" {
			t.Errorf("%s: got %d %s, want 400", name, a.status, a.text)
		}
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ";"} {
		g.want(g.do("alice", "POST", tokensPath, `{"name":"x"}`, "Content-Type", kind), 400, "application/json")
	}
	g.want(g.do("alice", "GET", tokensPath, ""), 200, `{"tokens":[]}`)
	g.want(g.do("alice", "POST", tokensPath, " {\"name\":\"x\"}\n"), 201)
}

func TestTTLIsReadOneWay(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for text, want := range map[string]time.Duration{
		`"90d"`: 90 * day, `"1d12h"`: 36 * time.Hour, `"12h"`: 12 * time.Hour, `"1h30m"`: 90 * time.Minute, `"45s"`: 45 * time.Second,
		`3600`: time.Hour, `null`: 0, ``: 0, `"0d1h"`: time.Hour,
	} {
		if got, err := readTTL("ttl", []byte(text)); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		`""`, `"0"`, `0`, `"0d"`, `-1`, `"-1h"`, `"-1d"`, `"1d-1h"`, `1.5`, `1e9`, `9223372036854775807`, `"999999999d"`, `"106751d23h59m"`,
		`"1"`, `"d"`, `" 1h"`, `"+1h"`, `"1d+1h"`, `"1dd"`, `"forever"`, `true`, `{}`, `["1h"]`, `"1D"`,
	} {
		if got, err := readTTL("ttl", []byte(text)); err == nil {
			t.Errorf("%s: got %v, want an error", text, got)
		}
	}
}
