package mlflowapi

import (
	"context"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// transferRows are the endpoints by which a client moves files straight to and
// from the store: they hand out addresses that lead past mlgate for as long as
// they are good. What hands one out needs what the file itself would need.
func transferRows() []Endpoint {
	row := func(e Endpoint) Endpoint {
		e.Kind, e.Direct = Experiment, true
		return e
	}
	upload := func(step string, special Special, repeatable bool, fields string) Endpoint {
		return row(Endpoint{Name: "mlflow-artifacts/mpu/" + step + "/{artifact_path}", Methods: post, Paths: artifactPaths("mpu/" + step + "/{artifact_path...}"),
			Action: Edit, Args: InBody, Special: special, Repeatable: repeatable, Fields: fields})
	}
	return []Endpoint{
		row(Endpoint{Name: "artifacts/presigned-download-url", Methods: post, Paths: v2("artifacts/presigned-download-url"), Action: Read, Args: InBody, Repeatable: true,
			Fields: "run_id:run! path! expiration"}),
		row(Endpoint{Name: "artifacts/presigned-upload-url", Methods: post, Paths: v2("artifacts/presigned-upload-url"), Action: Edit, Args: InBody, Repeatable: true,
			Fields: "run_id:run model_id:logged_model path! expiration"}),
		upload("abort", EndUpload, true, "path! upload_id!"),
		upload("complete", EndUpload, false, "path! upload_id! parts![]{part_number etag url}"),
		upload("create", StartUpload, true, "path! num_parts"), // an upload that nobody completes is nothing
		row(Endpoint{Name: "mlflow-artifacts/presigned/{artifact_path}", Methods: get, Paths: artifactPaths("presigned/{artifact_path...}"), Action: Read, Args: InQuery, Special: ArtifactPath, Repeatable: true}),
	}
}

// TransfersOff words the refusal of a direct transfer as MLflow does for a store
// that has none: its clients then send the file through the server.
func TransfersOff(e *Endpoint) *Error {
	what := "Presigned transfer"
	if e.Special == StartUpload || e.Special == EndUpload {
		what = "Multipart upload"
	}
	return &Error{501, "NOT_IMPLEMENTED", what + " is not supported for the current artifact repository: whoever runs mlgate has switched direct transfers off; send files through mlgate instead"}
}

// mostOf bounds what a caller may ask for. MLflow makes an address for each
// part, as many as it is told. An address outlives the right that it was given
// by, so its seconds are those that stores give to an address of a part.
var mostOf = map[string]int{"num_parts": 10_000, "expiration": 3600}

func (c *Call) boundTransfer() error {
	if c.Endpoint.Special == Plain && len(c.Targets) != 1 {
		return Bad("Exactly one of run_id and model_id must be provided.")
	}
	for name, most := range mostOf {
		text, ok := c.args.spelling(name)
		if !ok {
			continue
		}
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > most {
			return Bad("Invalid value for parameter '%s': it must be a whole number between 1 and %d", name, most)
		}
	}
	return nil
}

// cleanUpload reduces the file that a multipart upload is about to its name:
// clients send its place on their own disk, and MLflow puts what stands behind
// the last slash below the path.
func (c *Call) cleanUpload() error {
	dir, err := CleanArtifactPath(c.Params["artifact_path"])
	if err != nil {
		return err
	}
	v := c.args.get("path")
	if v.kind != '"' {
		return Bad("Invalid value for parameter 'path': it must be a string")
	}
	v.str = v.str[strings.LastIndexByte(v.str, '/')+1:]
	_, err = CleanArtifactPath(dir + "/" + v.str)
	return err
}

// artifactPath is the path in the store that a call is about.
func (c *Call) artifactPath() string {
	p := c.Params["artifact_path"]
	if c.Endpoint.Special == StartUpload || c.Endpoint.Special == EndUpload {
		p += "/" + c.args.text("path")
	}
	return p
}

// upload is what stands for a multipart upload towards clients, under the seal.
// Stores know an upload by its id, and some end it wherever its id is named: by
// a path of her own, alice could else end what bob began in his.
type upload struct {
	Path string `json:"upload_path"`
	User string `json:"upload_user"`
	ID   string `json:"upload_id"` // the store's; "" where it has none
}

// SealUpload puts the seal around the id in the answer to the start of an upload.
func (w *World) SealUpload(c *Call, body []byte) ([]byte, error) {
	var made map[string]jsontext.Value
	if err := json.Unmarshal(body, &made); err != nil {
		return nil, err
	}
	u := upload{Path: c.artifactPath(), User: w.User}
	if id, ok := made["upload_id"]; ok {
		if err := json.Unmarshal(id, &u.ID); err != nil {
			return nil, err
		}
	}
	made["upload_id"], _ = jsontext.AppendQuote(nil, w.Seal.write(u))
	return json.Marshal(made, json.Deterministic(true))
}

// openUpload puts the store's own id in the place of the sealed one.
func (w *World) openUpload(_ context.Context, c *Call) error {
	var u upload
	if p := c.artifactPath(); !w.Seal.read(c.args.text("upload_id"), &u) || u.Path != p || u.User != w.User {
		return Bad("Invalid upload_id: it is not what mpu/create answered you for %q; whoever began an upload ends it, at the same path", cut(p))
	}
	if u.ID == "" {
		c.args.drop("upload_id")
	} else {
		c.args.set("upload_id", newString(u.ID))
	}
	return nil
}
