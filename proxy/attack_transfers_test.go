package proxy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mlgate/auth"
	"mlgate/proxy"
	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

const (
	mpu       = "/api/2.0/mlflow-artifacts/mpu/"
	presigned = "/ajax-api/2.0/mlflow-artifacts/presigned/"
)

// foreignDirect are the tries of direct transfers. On a disk MLflow answers them
// to nobody, so they have a store of their own: see onBothStores.
var foreignDirect = onlyHere([]reach{
	{request{"POST", "artifacts/presigned-download-url", `{"run_id":"<BARERUN>","path":"secret.txt"}`}, 404},
	{request{"POST", "artifacts/presigned-upload-url", `{"run_id":"<BARERUN>","path":"up.txt","expiration":60}`}, 404},
	{request{"POST", "artifacts/presigned-upload-url", `{"model_id":"<BARELM>","path":"up.txt"}`}, 404},
	{request{"GET", presigned + "<EXP>/<RUN>/artifacts/secret.txt", ""}, 404},
	{request{"POST", mpu + "create/<EXP>/<RUN>/artifacts", `{"path":"/home/somebody/new.bin","num_parts":2}`}, 404},
	{request{"POST", mpu + "complete/<EXP>/<RUN>/artifacts", `{"path":"big.bin","upload_id":"<UPLOAD>","parts":[{"part_number":1,"etag":"<ETAG>"}]}`}, 404},
	{request{"POST", mpu + "abort/<EXP>/models/<LM>/artifacts", `{"path":"spare.bin","upload_id":"<SPARE>"}`}, 404},
})

// storeFor is the server on which a row's tries can succeed.
func storeFor(t *testing.T, e *mlflowapi.Endpoint) *mlflowtest.Server {
	t.Helper()
	if e.Direct {
		return onS3.Server(t)
	}
	return live.Server(t)
}

// onBothStores proves a property on a disk, of all endpoints but direct
// transfers, and of these on an object store.
func onBothStores(t *testing.T, prove func(t *testing.T, srv *mlflowtest.Server, tries []reach)) {
	t.Helper()
	t.Run("on a disk", func(t *testing.T) {
		t.Parallel()
		prove(t, live.Server(t), foreign)
	})
	t.Run("on an object store", func(t *testing.T) {
		t.Parallel()
		prove(t, objectStore(t), foreignDirect)
	})
}

func objectStore(t *testing.T) *mlflowtest.Server {
	t.Helper()
	if len(foreignDirect) < 7 {
		t.Skipf("MLflow %s hands out no address of a file; see its %d direct transfers", mlflowtest.Version(), len(foreignDirect))
	}
	return onS3.Server(t)
}

// plantTransfers adds a run and a logged model whose files lie in the store
// itself, and two uploads that a user has begun, the first with all its parts.
func (s *side) plantTransfers(t *testing.T, g *gate, srv *mlflowtest.Server, user string) {
	t.Helper()
	name := s.name + "-bare"
	exp, _ := srv.Call(t, "POST", "experiments/create", m{"name": name, "artifact_location": "s3://" + mlflowtest.Bare + "/" + name})["experiment_id"].(string)
	s.bareRun = srv.CreateRun(t, exp)
	s.bareLM = srv.LogModel(t, exp, s.bareRun, "bare")
	to, _ := srv.Call(t, "POST", "artifacts/presigned-upload-url", m{"run_id": s.bareRun, "path": "secret.txt"})["presigned_url"].(string)
	transfer(t, "PUT", to, s.secret, "Content-Type", "text/plain")
	s.upload, s.etag = begin(t, g, user, s.exp+"/"+s.run+"/artifacts", "big.bin", s.secret)
	s.spare, _ = begin(t, g, user, s.exp+"/models/"+s.lm+"/artifacts", "spare.bin", s.secret)
}

// begin begins an upload of one part through a gate and sends the part: the id
// as the gate gave it, and the part's tag as the store did.
func begin(t *testing.T, g *gate, user, dir, file, content string) (id, etag string) {
	t.Helper()
	a := g.do(t, user, "POST", mpu+"create/"+dir, m{"path": "/tmp/" + file, "num_parts": 1})
	if a.Status != 200 {
		t.Fatalf("begin an upload: got %d %s", a.Status, a.Body)
	}
	id, _ = a.json(t)["upload_id"].(string)
	etag = strings.Trim(transfer(t, "PUT", part(t, a), content).Get("ETag"), `"`)
	return id, etag
}

// part is the address of an upload's first part.
func part(t *testing.T, a answer) string {
	t.Helper()
	var made struct{ Credentials []struct{ URL string } }
	if err := json.Unmarshal(a.Body, &made); err != nil || len(made.Credentials) == 0 {
		t.Fatalf("no part in %s: %v", a.Body, err)
	}
	return made.Credentials[0].URL
}

// transfer speaks to the store itself, by an address that was handed out.
func transfer(t *testing.T, method, to, content string, header ...string) http.Header {
	t.Helper()
	head, _ := fetch(t, method, to, content, header...)
	return head
}

func fetch(t *testing.T, method, to, content string, header ...string) (http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, to, bytes.NewReader([]byte(content)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s %s: got %d %s, %v", method, to, resp.StatusCode, body, err)
	}
	return resp.Header, string(body)
}

// Some stores end an upload by its id alone, under whatever path it is named:
// who knows the id of bob's could move or end it from a path of her own.
func TestAnUploadIsEndedOnlyByWhoBeganItAndWhereItBegan(t *testing.T) {
	t.Parallel()
	srv := objectStore(t)
	_, g, mine, theirs := twoTeamsOn(t, srv)
	with, check, hers := fill(mine, theirs), unmoved(t, srv, theirs), unmoved(t, srv, mine)
	page := g.do(t, "alice", "POST", api+"experiments/search", m{"max_results": 1}).json(t)["next_page_token"]
	raw := func(s side, file string) string { // the store's own id
		for path := range srv.Snapshot(t).Files {
			if _, id, ok := strings.Cut(path, s.exp+"/"+file+" (upload "); ok {
				return strings.TrimSuffix(id, ")")
			}
		}
		t.Fatalf("no upload of %s", file)
		return ""
	}
	here, big := "<exp>/<run>/artifacts", `"path":"big.bin"`
	for _, c := range []struct {
		what, user, dir, args string
		want                  int
	}{
		{"bob's, under her path", "alice", here, big + `,"upload_id":"<UPLOAD>"`, 400},
		{"bob's, under his path", "alice", "<EXP>/<RUN>/artifacts", big + `,"upload_id":"<UPLOAD>"`, 404},
		{"hers, under his path", "alice", "<EXP>/<RUN>/artifacts", big + `,"upload_id":"<upload>"`, 404},
		{"his, as the store knows it", "alice", here, big + `,"upload_id":"` + raw(theirs, theirs.run+"/artifacts/big.bin") + `"`, 400},
		{"hers, as the store knows it", "alice", here, big + `,"upload_id":"` + raw(mine, mine.run+"/artifacts/big.bin") + `"`, 400},
		{"hers, of another file", "alice", here, `"path":"other.bin","upload_id":"<upload>"`, 400},
		{"hers, of another folder", "alice", here + "/deep", big + `,"upload_id":"<upload>"`, 400},
		{"hers, of another run or model", "alice", "<exp>/models/<lm>/artifacts", big + `,"upload_id":"<upload>"`, 400},
		{"hers, by one who may only read", "viewer", here, big + `,"upload_id":"<upload>"`, 403},
		{"hers, by another who may write", "lead", here, big + `,"upload_id":"<upload>"`, 400},
		{"hers, by bob", "bob", here, big + `,"upload_id":"<upload>"`, 404},
		{"none", "alice", here, big, 400},
		{"an empty one", "alice", here, big + `,"upload_id":""`, 400},
		{"null", "alice", here, big + `,"upload_id":null`, 400},
		{"a number", "alice", here, big + `,"upload_id":1`, 400},
		{"a list", "alice", here, big + `,"upload_id":["<upload>"]`, 400},
		{"a page token", "alice", here, big + `,"upload_id":` + quote(fmt.Sprint(page)), 400},
		{"a cut one", "alice", here, big + `,"upload_id":"` + mine.upload[:len(mine.upload)-4] + `"`, 400},
		{"hers and his", "alice", here, big + `,"upload_id":"<upload>","upload_id":"<UPLOAD>"`, 400},
		{"his behind another spelling", "alice", here, big + `,"upload_id":"<upload>","uploadId":"<UPLOAD>"`, 400},
		{"her path twice", "alice", here, big + `,"upload_id":"<upload>","path":"other.bin"`, 400},
		{"his in the query", "alice", here + "?upload_id=<UPLOAD>", big, 400},
	} {
		for _, end := range []string{"complete", "abort"} {
			body := "{" + c.args + "}"
			if end == "complete" {
				body = "{" + c.args + `,"parts":[{"part_number":1,"etag":"<etag>"}]}`
			}
			if a := (request{"POST", mpu + end + "/" + c.dir, body}).send(t, g, c.user, with); a.Status != c.want {
				t.Errorf("%s %s: got %d %s, want %d", end, c.what, a.Status, a.Body, c.want)
			}
		}
	}
	check()
	hers()
	done := request{"POST", mpu + "complete/" + here, `{"path":"elsewhere/big.bin","upload_id":"<upload>","parts":[{"part_number":1,"etag":"<etag>"}]}`}
	if a := done.send(t, g, "alice", with); a.Status != 200 {
		t.Errorf("her own: got %d %s", a.Status, a.Body)
	}
	if _, ok := srv.Snapshot(t).Files[mine.exp+"/"+mine.run+"/artifacts/big.bin"]; !ok {
		t.Error("her own upload is no file")
	}
	if a := (request{"POST", mpu + "abort/<exp>/models/<lm>/artifacts", `{"path":"spare.bin","upload_id":"<spare>"}`}).send(t, g, "alice", with); a.Status != 200 {
		t.Errorf("abort of her own: got %d %s", a.Status, a.Body)
	}
	check()
}

func TestNoSpellingOfATransferReachesForeignFiles(t *testing.T) {
	t.Parallel()
	srv := objectStore(t)
	_, g, mine, theirs := twoTeamsOn(t, srv)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, path := range disguised {
		for _, r := range []request{
			{"GET", presigned + path, ""}, {"HEAD", presigned + path, ""},
			{"POST", mpu + "create/" + path, `{"path":"evil.bin","num_parts":1}`},
			{"POST", mpu + "complete/" + path, `{"path":"big.bin","upload_id":"<UPLOAD>","parts":[{"part_number":1,"etag":"<ETAG>"}]}`},
			{"POST", mpu + "abort/" + path, `{"path":"big.bin","upload_id":"<UPLOAD>"}`},
		} {
			a := r.send(t, g, "alice", with)
			if a.Status/100 != 4 {
				t.Errorf("%v: got %d %s", r, a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(r.path+r.body), a)
		}
	}
	// What stands before the last slash is a place on the client's disk.
	for path, want := range map[string]int{
		"../../../<EXP>/<RUN>/artifacts/evil.bin": 200, "/<EXP>/<RUN>/artifacts/evil.bin": 200, "s3://served/<EXP>/evil.bin": 200,
		"": 400, "/": 400, "..": 400, "x/..": 400, ".": 400, "a/": 400, `..\\<EXP>`: 400, "%2e%2e%2f<EXP>": 400, "x?": 400, "x#y": 400, `x\u0000`: 400, `\tx\n`: 400,
	} {
		for _, run := range []string{"<exp>/<run>/artifacts", "<exp>/models/<lm>/artifacts"} {
			a := request{"POST", mpu + "create/" + run, `{"path":"` + path + `","num_parts":1}`}.send(t, g, "alice", with)
			if a.Status != want {
				t.Errorf("create %q: got %d %s, want %d", path, a.Status, a.Body, want)
			}
			if a.Status == 200 {
				to, err := url.Parse(part(t, a))
				if err != nil || to.Path != "/"+mlflowtest.Served+"/"+with.Replace(run)+"/evil.bin" {
					t.Errorf("create %q leads to %v, %v", path, to, err)
				}
			}
		}
	}
	for _, dir := range []string{"<exp>", "<exp>/<run>", "<exp>/models/<lm>", "99999", "<exp>/" + strings.Repeat("0", 32) + "/artifacts"} {
		for _, file := range []string{"evil.bin", "artifacts"} {
			if a := (request{"POST", mpu + "create/" + dir, `{"path":"` + file + `","num_parts":1}`}).send(t, g, "lead", with); a.Status/100 != 4 {
				t.Errorf("create %s in %s: got %d %s", file, dir, a.Status, a.Body)
			}
		}
	}
	for _, path := range []string{"../../<BARERUN>/artifacts/secret.txt", "%2e%2e/x", "%252e%252e/x", "/secret.txt", "..", ".", "", "a//b", "./secret.txt", `..\\x`, "x?", "s3:/bare/x"} {
		for _, ask := range []string{`presigned-download-url {"run_id":"<barerun>"`, `presigned-upload-url {"run_id":"<barerun>"`, `presigned-upload-url {"model_id":"<barelm>"`} {
			end, args, _ := strings.Cut(ask, " ")
			if a := (request{"POST", "artifacts/" + end, args + `,"path":"` + path + `"}`}).send(t, g, "alice", with); a.Status != 400 {
				t.Errorf("%s of %q: got %d %s", end, path, a.Status, a.Body)
			}
		}
	}
	for _, args := range []string{
		`"run_id":"<BARERUN>","model_id":"<barelm>"`, `"run_id":"<barerun>","model_id":"<BARELM>"`, `"runId":"<BARERUN>"`, `"run_id":"<barerun>","run_id":"<BARERUN>"`,
		`"run_id":"<barerun>","runId":"<BARERUN>"`, `"run_id":"","model_id":"<BARELM>"`, `"run_id":["<barerun>","<BARERUN>"]`, `"run_id":"<barerun>","model_id":"<barelm>"`, `"path":"x"`,
	} {
		for _, end := range []string{"presigned-download-url", "presigned-upload-url"} {
			a := request{"POST", "artifacts/" + end, "{" + strings.TrimPrefix(args+`,"path":"x"}`, `"path":"x",`)}.send(t, g, "alice", with)
			if a.Status/100 != 4 && !strings.Contains(string(a.Body), with.Replace("<barerun>/artifacts/x")) {
				t.Errorf("%s of %s: got %d %s", end, args, a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(args), a)
		}
	}
	check()
}

// What is handed out opens the file that was asked for, for a time that mlgate
// bounds, and no other.
func TestAddressesLeadToWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	srv := objectStore(t)
	g := newGate(t, srv.URL(), rules)
	ours := plantFor(t, g, srv, "alice", "cv")
	with := fill(ours, ours)
	for _, c := range []struct {
		user string
		request
		key, at string
	}{
		{"viewer", request{"GET", presigned + "<exp>/<run>/artifacts/secret.txt", ""}, "url", "/served/<exp>/<run>/artifacts/secret.txt"},
		{"reader", request{"GET", presigned + ours.files + "/weights", ""}, "url", "/served/" + ours.files + "/weights"},
		{"viewer", request{"POST", "artifacts/presigned-download-url", `{"run_id":"<barerun>","path":"secret.txt"}`}, "presigned_url", "/bare/<name>-bare/<barerun>/artifacts/secret.txt"},
	} {
		a := c.send(t, g, c.user, with)
		if a.Status != 200 {
			t.Errorf("%s: %v: got %d %s", c.user, c.request, a.Status, a.Body)
			continue
		}
		if kept := a.Header.Get("Cache-Control"); kept != "no-store" {
			t.Errorf("%v may be kept: %q", c.request, kept)
		}
		to, _ := a.json(t)[c.key].(string)
		if at, err := url.Parse(to); err != nil || at.Path != with.Replace(c.at) || at.Query().Get("X-Amz-Expires")+at.Query().Get("Expires") == "" {
			t.Errorf("%v leads to %s, %v", c.request, to, err)
		}
		if _, got := fetch(t, "GET", to, ""); got != ours.secret {
			t.Errorf("%v leads to %q", c.request, got)
		}
	}
	for i, of := range []string{`"run_id":"<barerun>"`, `"model_id":"<barelm>"`} {
		a := request{"POST", "artifacts/presigned-upload-url", `{` + of + `,"path":"deep/up.txt"}`}.send(t, g, "alice", with)
		to, _ := a.json(t)["presigned_url"].(string)
		transfer(t, "PUT", to, fmt.Sprint("content", i), "Content-Type", "text/plain")
	}
	files := srv.Snapshot(t).Files
	for _, path := range []string{"bare/<name>-bare/<barerun>/artifacts/deep/up.txt", "bare/<name>-bare/models/<barelm>/artifacts/deep/up.txt"} {
		if _, ok := files[with.Replace(path)]; !ok {
			t.Errorf("no file %s", with.Replace(path))
		}
	}
	for seconds, want := range map[string]int{"1": 200, "3600": 200, `"60"`: 200, "3601": 400, "604800": 400, "0": 400, "-1": 400, "1e2": 400, "true": 400, `"x"`: 400, "60.5": 400} {
		for _, end := range []string{"download", "upload"} {
			if a := (request{"POST", "artifacts/presigned-" + end + "-url", `{"run_id":"<barerun>","path":"secret.txt","expiration":` + seconds + `}`}).send(t, g, "alice", with); a.Status != want {
				t.Errorf("%s for %s s: got %d %s, want %d", end, seconds, a.Status, a.Body, want)
			}
		}
	}
	for parts, want := range map[string]int{"3": 200, `"3"`: 200, "10001": 400, "1000000000": 400, "0": 400, "-1": 400, "1.5": 400} {
		if a := (request{"POST", mpu + "create/<exp>/<run>/artifacts", `{"path":"x","num_parts":` + parts + `}`}).send(t, g, "alice", with); a.Status != want {
			t.Errorf("%s parts: got %d %s, want %d", parts, a.Status, a.Body, want)
		}
	}
}

// Clients read in server-info whether to transfer files directly, and where they
// are told to try anyway, the words of the refusal.
func TestDirectTransfersCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	srv := objectStore(t)
	on := newGate(t, srv.URL(), rules)
	off := newGate(t, srv.URL(), rules, func(o *proxy.Options, _ *proxy.Snapshot) { o.DirectTransfers = false })
	const info = "/api/3.0/mlflow/server-info"
	_, direct := srv.Do(t, "GET", info, nil)
	if a := on.do(t, "alice", "GET", info, nil); string(a.Body) != string(direct) || !strings.Contains(string(direct), `"multipart_uploads_enabled":true`) {
		t.Errorf("on: got %s, want MLflow's %s", a.Body, direct)
	}
	told := 0
	for name, v := range off.do(t, "alice", "GET", info, nil).json(t) {
		if strings.HasPrefix(name, "multipart_") || strings.HasPrefix(name, "presigned_") {
			if told++; v != false {
				t.Errorf("off: %s is %v", name, v)
			}
		}
	}
	if told < 4 {
		t.Errorf("server-info tells only %d things of direct transfers", told)
	}
	ours := plantFor(t, on, srv, "alice", "cv")
	with, check := fill(ours, ours), unmoved(t, srv, ours)
	for _, r := range foreignDirect {
		words := "Presigned transfer is not supported"
		if strings.Contains(r.path, "/mpu/") {
			words = "Multipart upload is not supported for the current artifact repository" // MLflow's client knows it by these
		}
		for _, user := range []string{"alice", "root", "nobody"} {
			if a := r.send(t, off, user, with); a.Status != 501 || !strings.Contains(string(a.Body), words) || !strings.Contains(string(a.Body), "send files through mlgate") {
				t.Errorf("%s: %v: got %d %s", user, r.request, a.Status, a.Body)
			}
		}
	}
	check()
	for _, line := range off.lines(t) {
		if !slices.Contains([]any{"server-info", nil}, line["endpoint"]) && (line["decision"] != "deny" || line["upstream_status"] != nil) {
			t.Errorf("audit line %v", line)
		}
	}
}

// A store that has none of this says so, through the gate as without it.
func TestADiskHasNoDirectTransfers(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	ours := plant(t, srv, "cv")
	with := fill(ours, ours)
	for _, r := range []request{
		{"GET", presigned + "<exp>/<run>/artifacts/secret.txt", ""},
		{"POST", mpu + "create/<exp>/<run>/artifacts", `{"path":"x","num_parts":1}`},
	} {
		if a := r.send(t, g, "alice", with); a.Status != 501 || !strings.Contains(string(a.Body), "is not supported for the current artifact repository") {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
}

// What narrows a caller narrows what is handed out; where mlgate only watches,
// an upload's id is still held to the path.
func TestTokensAndModesHoldForDirectTransfers(t *testing.T) {
	t.Parallel()
	srv := objectStore(t)
	plain := newGate(t, srv.URL(), rules)
	ours, theirs := plantFor(t, plain, srv, "alice", "cv"), plantFor(t, plain, srv, "bob", "nlp")
	with := fill(ours, theirs)
	as := func(mode proxy.Mode, who auth.Authenticator) *gate {
		return newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) {
			if s.Mode = mode; who != nil {
				s.Who = who
			}
		})
	}
	token := func(limit auth.Identity) *gate {
		limit.User, limit.Method = "alice", auth.MethodToken
		return as(proxy.Enforce, tokenOf(limit))
	}
	read := request{"GET", presigned + "<exp>/<run>/artifacts/secret.txt", ""}
	write := request{"POST", mpu + "create/<exp>/<run>/artifacts", `{"path":"x","num_parts":1}`}
	end := request{"POST", mpu + "abort/<exp>/<run>/artifacts", `{"path":"big.bin","upload_id":"<upload>"}`}
	steal := request{"POST", mpu + "abort/<exp>/<run>/artifacts", `{"path":"big.bin","upload_id":"<UPLOAD>"}`}
	bare := request{"POST", "artifacts/presigned-upload-url", `{"run_id":"<barerun>","path":"up.txt"}`}
	for _, c := range []struct {
		what string
		g    *gate
		request
		want int
	}{
		{"a read-only token", token(auth.Identity{Actions: []string{"read"}}), read, 200},
		{"a read-only token", token(auth.Identity{Actions: []string{"read"}}), write, 403},
		{"a read-only token", token(auth.Identity{Actions: []string{"read"}}), end, 403},
		{"a read-only token", token(auth.Identity{Actions: []string{"read"}}), bare, 403},
		{"a token for other names", token(auth.Identity{Prefixes: []string{"cv/other/*"}}), read, 404},
		{"a token for other names", token(auth.Identity{Prefixes: []string{"cv/other/*"}}), write, 404},
		{"a token for other names", token(auth.Identity{Prefixes: []string{"cv/other/*"}}), bare, 404},
		{"mode warn", as(proxy.Warn, nil), steal, 400},
		{"mode open", as(proxy.Open, nil), steal, 400},
		{"a full token", token(auth.Identity{Prefixes: []string{"cv/*"}}), end, 200}, // what alice began by password
	} {
		if a := c.send(t, c.g, "alice", with); a.Status != c.want {
			t.Errorf("%s: %v: got %d %s, want %d", c.what, c.request, a.Status, a.Body, c.want)
		}
	}
	open := as(proxy.Open, nil) // nobody signs in, and one name stands for all
	id, etag := begin(t, open, "", ours.exp+"/"+ours.run+"/artifacts", "open.bin", "content")
	body := m{"path": "open.bin", "upload_id": id, "parts": []m{{"part_number": 1, "etag": etag}}}
	if a := open.do(t, "", "POST", mpu+"complete/"+ours.exp+"/"+ours.run+"/artifacts", body); a.Status != 200 {
		t.Errorf("mode open: got %d %s", a.Status, a.Body)
	}
}
