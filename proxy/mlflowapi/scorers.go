package mlflowapi

import (
	"bytes"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// scorerRows are scorers, each known by its experiment and its name. Without
// ids MLflow lists those of the whole server, on one page, and what the caller
// cannot see is taken out. Code in a scorer is MLflow's to refuse, as it does
// unless its operator says otherwise.
//
// online-config makes the server run a scorer over traces as they come; MLflow
// takes it only for scorers that call the AI gateway.
func scorerRows() []Endpoint {
	return []Endpoint{
		{Name: "scorers/delete", Methods: del, Paths: v3("scorers/delete"), Kind: Experiment, Action: Manage, Args: InBody,
			Fields: "experiment_id:experiment! name! version"},
		{Name: "scorers/get", Methods: get, Paths: v3("scorers/get"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment! name! version"},
		{Name: "scorers/list", Methods: get, Paths: v3("scorers/list"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment experiment_ids:experiment~[]", Trims: []Trim{{At: "scorers[]", By: "experiment_id", Is: "experiment"}}},
		{Name: "scorers/online-config", Methods: put, Paths: v3("scorers/online-config"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "experiment_id:experiment! name! sample_rate filter_string"},
		{Name: "scorers/online-configs", Methods: get, Paths: v3("scorers/online-configs"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "scorer_ids[]", Trims: []Trim{{At: "configs[]", Shown: true, By: "experiment_id", Is: "experiment"}}},
		{Name: "scorers/register", Methods: post, Paths: v3("scorers/register"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "experiment_id:experiment! name! serialized_scorer:scorer_text!"},
		{Name: "scorers/versions", Methods: get, Paths: v3("scorers/versions"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment! name!"},
	}
}

// admitScorer refuses a scorer whose model is an endpoint of the AI gateway to
// all but admins: MLflow would say whether the endpoint is there, and online
// scoring would spend what it costs. A model's scheme is read as Python's
// urlparse does, and looked for in every text, wherever MLflow may look.
func (w *World) admitScorer(text string) error {
	dec := jsontext.NewDecoder(bytes.NewBufferString(text), jsontext.AllowDuplicateNames(true))
	for {
		tok, err := dec.ReadToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return Bad("serialized_scorer must be valid JSON")
		}
		if tok.Kind() == '"' && namesGateway(tok.String()) && !w.admin() {
			return &Refusal{Answer: Forbidden("a scorer may not name an endpoint of the AI gateway (gateway:/…): the gateway belongs to no team; ask an admin to register it"), Rule: "rule: gateway scorer"}
		}
	}
}

func namesGateway(model string) bool {
	s := strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(model)
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r <= ' ' })
	return len(s) >= 8 && strings.EqualFold(s[:8], "gateway:")
}
