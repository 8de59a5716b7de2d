package mlflowapi

import (
	"strings"
	"unicode/utf8"
)

// CleanArtifactPath holds a path of the artifact store, decoded once, to the
// one spelling that every MLflow reads as the same path. MLflow decodes up to
// ten times more, and reads what comes out as a URL: it drops what stands
// behind '?', blanks and control characters in front, tabs and line ends
// anywhere. So "%32/x", " 2/x", "./2/x" and "2\t/x" would all be read as "2/x"
// after mlgate had decided about something else.
func CleanArtifactPath(decoded string) (string, error) {
	switch {
	case decoded == "":
		return "", badPath("it is empty")
	case !utf8.ValidString(decoded):
		return "", badPath("it is not UTF-8")
	case hasControl(decoded):
		return "", badPath("it holds a control character")
	case strings.ContainsAny(decoded, `#\`):
		return "", badPath("it holds # or \\")
	case losesEnd(decoded):
		return "", badPath("it ends with ? or ;, or has ;? in it")
	case hasEscape(decoded):
		return "", badPath("it holds a percent sign in front of two hex digits")
	case strings.TrimSpace(decoded) != decoded:
		return "", badPath("it begins or ends with a blank")
	case hasScheme(decoded):
		return "", badPath("it begins like a URL")
	}
	for seg := range strings.SplitSeq(decoded, "/") {
		switch seg {
		case "":
			return "", badPath("it has an empty segment")
		case ".", "..":
			return "", badPath("it has a segment " + seg)
		}
	}
	return decoded, nil
}

func badPath(why string) *Error { return Bad("Invalid path: %s", why) }

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || (r >= 0x7f && r < 0xa0) })
}

// losesEnd reports whether a URL parser would drop an empty query or an empty
// parameter. Inside a name, ? and ; survive.
func losesEnd(s string) bool {
	return strings.HasSuffix(s, "?") || strings.HasSuffix(s, ";") || strings.Contains(s, ";?")
}

// hasEscape reports whether another decoding would change the path.
func hasEscape(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && isHexDigit(s[i+1]) && isHexDigit(s[i+2]) {
			return true
		}
	}
	return false
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// hasScheme reports whether a path begins with a URL's scheme, or a drive.
func hasScheme(s string) bool {
	first, _, _ := strings.Cut(s, "/")
	scheme, _, found := strings.Cut(first, ":")
	if !found {
		return false
	}
	for i := range len(scheme) {
		c := scheme[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(scheme[i]))) {
			return false
		}
	}
	return true
}

// ServedPath reads a URI of the served artifact store: its host, where it
// names one, and the path. Only what every MLflow reads in one way is ok.
func ServedPath(uri string) (host, path string, ok bool) {
	rest, ok := strings.CutPrefix(uri, "mlflow-artifacts:/")
	if !ok {
		return "", "", false
	}
	if at, isHost := strings.CutPrefix(rest, "/"); isHost {
		if host, rest, _ = strings.Cut(at, "/"); !plainHost(host) {
			return "", "", false
		}
	}
	if strings.Contains(rest, "?") { // a file's name may hold it, a URI's end begins there
		return "", "", false
	}
	path, err := CleanArtifactPath(strings.TrimSuffix(rest, "/"))
	return host, path, err == nil
}

func plainHost(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && !strings.ContainsRune("0123456789.-:[]", rune(s[i])) {
			return false
		}
	}
	return s != ""
}

// Holder is the run or the logged model whose artifacts hold a path.
type Holder struct {
	ID            string
	IsLoggedModel bool
	Root          string // the artifacts' own folder
}

// ArtifactHolder finds, by its shape alone, whose artifacts a path lies in:
// …/<run>/artifacts[/…] or …/models/<model>/artifacts[/…].
func ArtifactHolder(path string) (h Holder, ok bool) {
	segs := strings.Split(path, "/")
	for i := 1; i+1 < len(segs); i++ {
		if segs[i+1] != "artifacts" {
			continue
		}
		isModel := segs[i-1] == "models" && ValidLoggedModelID(segs[i])
		if isModel || ValidRunID(segs[i]) {
			return Holder{segs[i], isModel, strings.Join(segs[:i+2], "/")}, true
		}
	}
	return h, false
}

// cleanPaths holds every path of the artifact store in a request to one
// spelling. MLflow answers for an empty one itself.
func (c *Call) cleanPaths() error {
	switch c.Endpoint.Special {
	case StartUpload, EndUpload:
		return c.cleanUpload()
	case ArtifactPath:
		p := c.Params["artifact_path"]
		if c.Method == "DELETE" { // as MLflow's own client ends a whole folder
			p = strings.TrimSuffix(p, "/")
		}
		clean, err := CleanArtifactPath(p)
		if err != nil {
			return err
		}
		c.Params["artifact_path"] = clean
	}
	for _, name := range [...]string{"path", "artifact_file_path", "artifact_directory_path"} {
		v := c.args.get(name)
		if v == nil {
			continue
		}
		v.str = strings.TrimSuffix(v.str, "/")
		if v.str == "" {
			continue
		}
		if _, err := CleanArtifactPath(v.str); err != nil {
			return err
		}
	}
	return nil
}
