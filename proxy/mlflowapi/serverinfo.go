package mlflowapi

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// TrimServerInfo says that multipart and presigned transfers are off. Clients
// that read this send files through the gate instead.
func TrimServerInfo(body []byte) ([]byte, error) {
	var info map[string]jsontext.Value
	if err := json.Unmarshal(body, &info); err != nil {
		return nil, err
	}
	for k, v := range info {
		if v.Kind() == 't' && (strings.HasPrefix(k, "multipart_") || strings.HasPrefix(k, "presigned_")) {
			info[k] = jsontext.Value("false")
		}
	}
	return json.Marshal(info, json.Deterministic(true))
}
