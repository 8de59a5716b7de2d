package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretNeverPrintsItself(t *testing.T) {
	t.Parallel()
	type holder struct {
		Public Secret
		hidden Secret
	}
	const text = "hunter2hunter2"
	h := holder{NewSecret(text), NewSecret(text)}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", h.Public, "h", h, "p", &h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", h.Public, "h", h, "p", &h)
	asJSON, err := json.Marshal(map[string]any{"s": h.Public, "h": h})
	if err != nil {
		t.Fatal(err)
	}
	outputs := []string{log.String(), string(asJSON), fmt.Errorf("x: %w", fmt.Errorf("%v", h.hidden)).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
		outputs = append(outputs, fmt.Sprintf(verb, h.Public), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, []Secret{h.hidden}))
	}
	for _, out := range outputs {
		if strings.Contains(out, text) || strings.Contains(strings.ToLower(out), fmt.Sprintf("%x", text)) {
			t.Errorf("secret printed: %s", out)
		}
	}
	if got := h.hidden.Reveal(); got != text {
		t.Errorf("Reveal: got %q, want %q", got, text)
	}
	if got := (Secret{}).Reveal(); got != "" {
		t.Errorf("zero Secret: got %q, want empty", got)
	}
}
