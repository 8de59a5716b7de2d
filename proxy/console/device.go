package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"mlgate/auth/device"
	"mlgate/auth/token"
)

// devices are the codes by which terminals sign in.
func (s *SignIn) devices() device.Codes { return device.Codes{Seal: s.Seal, Once: s.Once} }

// beginDevice answers a terminal that wants to sign in (RFC 8628, 3.2).
func (c *Console) beginDevice(w http.ResponseWriter, r *http.Request, q Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	deviceCode, userCode, err := q.SignIn.devices().Begin()
	if err != nil {
		return err
	}
	page, shown := c.opts.ExternalURL+Prefix+"device", device.Show(userCode)
	return writeJSON(w, http.StatusOK, struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		Page       string `json:"verification_uri"`
		WithCode   string `json:"verification_uri_complete"`
		ExpiresIn  int    `json:"expires_in"`
		Interval   int    `json:"interval"`
	}{deviceCode, shown, page, page + "?" + url.Values{"user_code": {shown}}.Encode(), int(device.Lifetime.Seconds()), int(device.Interval.Seconds())})
}

// fetchDevice answers a terminal that asks whether it was granted something, in the
// words of RFC 8628, 3.4 and 3.5.
func (c *Console) fetchDevice(w http.ResponseWriter, r *http.Request, q Request) error {
	form, err := readForm(w, r, []string{"grant_type", "device_code", "client_id"})
	if err != nil {
		return err
	}
	refuse := func(name string) error {
		return writeJSON(w, http.StatusBadRequest, struct {
			Error string `json:"error"`
		}{name})
	}
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" {
		return refuse("unsupported_grant_type")
	}
	grant, err := q.SignIn.devices().Fetch(r.Context(), form.Get("device_code"))
	for _, known := range []error{device.ErrPending, device.ErrDenied, device.ErrExpired, device.ErrInvalid} {
		if errors.Is(err, known) {
			return refuse(known.Error())
		}
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		ID      string `json:"id"`
		User    string `json:"user"`
		Expires string `json:"expires_at"`
	}{grant.Token, "Bearer", grant.ID, grant.User, timestamp(grant.Expires)})
}

// deviceData is what the page shows.
type deviceData struct {
	Code, Name, TTL string
	Fault, Done     string
}

// devicePage asks the person whether the terminal is theirs.
func (c *Console) devicePage(w http.ResponseWriter, r *http.Request, q Request) error {
	query, err := readQuery(r, "user_code", "name", "ttl")
	if err != nil {
		return err
	}
	return c.showDevice(w, q, http.StatusOK, deviceData{Code: query["user_code"], Name: query["name"], TTL: query["ttl"]})
}

func (c *Console) showDevice(w http.ResponseWriter, q Request, status int, data deviceData) error {
	return c.page(w, q, status, "device", "device", "Sign in a terminal", data)
}

// answerDevice grants a token to the terminal, or refuses it.
func (c *Console) answerDevice(w http.ResponseWriter, r *http.Request, q Request) error {
	form, err := readForm(w, r, []string{"user_code", "name", "ttl", "do"})
	if err != nil {
		return err
	}
	data := deviceData{Code: form.Get("user_code"), Name: strings.TrimSpace(form.Get("name")), TTL: strings.TrimSpace(form.Get("ttl"))}
	again := func(fault string) error {
		data.Fault = sentence(fault)
		return c.showDevice(w, q, http.StatusBadRequest, data)
	}
	code, ok := device.Parse(data.Code)
	if !ok {
		return again("there is no such code: compare it with the terminal's, letter by letter")
	}
	if form.Get("do") == "refuse" {
		if err := q.SignIn.devices().Answer(r.Context(), code, nil); err != nil && !errors.Is(err, device.ErrAnswered) {
			return err
		}
		data.Done = "Refused. The terminal gets nothing."
		return c.showDevice(w, q, http.StatusOK, data)
	}
	req := token.Request{Name: data.Name}
	if data.TTL != "" {
		if req.Lifetime, err = ParseTTL(data.TTL); err != nil {
			return again("ends after " + err.Error())
		}
	}
	made, text, err := q.Tokens.Create(r.Context(), q.by(), req)
	if known := known(err); known != nil && known.status == http.StatusBadRequest {
		return again(known.message)
	}
	if err != nil {
		return err
	}
	err = q.SignIn.devices().Answer(r.Context(), code, &device.Grant{Token: text.Reveal(), ID: made.ID, User: made.Owner, Expires: made.Expires})
	if err != nil {
		// Nobody would ever fetch it.
		err = errors.Join(err, q.Tokens.Revoke(r.Context(), q.by(), "", made.ID))
	}
	if errors.Is(err, device.ErrAnswered) {
		return again(device.ErrAnswered.Error() + ": begin again in the terminal")
	}
	if err != nil {
		return err
	}
	data.Done = "The terminal is signed in as you. You can close this page. The token is on the page Tokens, where you can revoke it."
	return c.showDevice(w, q, http.StatusOK, data)
}
