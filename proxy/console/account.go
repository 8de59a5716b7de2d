package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed account.css
var accountCSS string

//go:embed account.html
var accountHTML string

// accountPage is parsed once; html/template escapes all that it is given.
var accountPage = template.Must(template.New("account").Parse(accountHTML))

// accountPolicy lets the page do nothing but show text in its one style: no
// script, no form, no request, no frame around it.
var accountPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
	digest(accountCSS) + "'"

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (c *Console) account(w http.ResponseWriter, r *http.Request, q Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	rights := q.Policy.Rights(q.caller())
	var tokens []tokenInfo
	if q.Identity.User != "" {
		list, err := q.Tokens.List(r.Context(), q.by(), "")
		if err != nil {
			return err
		}
		for _, t := range list {
			tokens = append(tokens, infoOf(t))
		}
	}
	var page bytes.Buffer
	err := accountPage.Execute(&page, map[string]any{
		"Style": template.CSS(accountCSS), "Identity": q.Identity, "Roles": rights.Roles(), "Own": rights.Own(), //nolint:gosec // our own file
		"Admin": rights.IsAdmin(), "Tokens": tokens, "URL": c.opts.ExternalURL,
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", accountPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(page.Bytes())
	return nil
}
