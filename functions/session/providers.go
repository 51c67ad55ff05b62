package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Provider is a way to sign in besides email and password: an OpenID provider to which the dashboard sends the browser, and
// whose ID token Firebase takes. The provider has to know <PUBLIC_URL>/sign-in/callback as where it sends people back.
type Provider struct {
	ID               string `json:"id" doc:"Firebase's name of the provider: google.com, or oidc. and a name."`
	Name             string `json:"name" doc:"As people know it."`
	AuthorizationURL string `json:"authorizationUrl" doc:"Where the browser is sent. The dashboard adds the parameters of OpenID Connect."`
	ClientID         string `json:"clientId" doc:"Of the dashboard at the provider. It is no secret."`
}

// Providers are the ways to sign in besides email and password, in the order of their buttons.
type Providers []Provider

const (
	mostProviders       = 5
	longestProviderName = 40
)

var providerID = regexp.MustCompile(`^(google\.com|oidc\.[a-zA-Z0-9-]{1,64})$`)

// EnvDecode reads the setting, a JSON list. Empty means none.
func (p *Providers) EnvDecode(text string) error {
	*p = nil
	if strings.TrimSpace(text) == "" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields() // a misspelt name would be a button that leads nowhere
	if err := d.Decode(p); err != nil {
		return fmt.Errorf("SIGN_IN_PROVIDERS: must be a JSON list of providers: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("SIGN_IN_PROVIDERS: must be one JSON list and no more")
	}
	return nil
}

// validate tells what is wrong with the providers of a dashboard at publicURL.
func (p Providers) validate(publicURL string) error {
	if len(p) > mostProviders {
		return fmt.Errorf("SIGN_IN_PROVIDERS: at most %d, not %d", mostProviders, len(p))
	}
	known := map[string]bool{}
	for i, one := range p {
		problem := one.problem(strings.HasPrefix(publicURL, "http://"))
		if problem == "" && known[one.ID] {
			problem = fmt.Sprintf("id %q is there twice", one.ID)
		}
		if problem != "" {
			return fmt.Errorf("SIGN_IN_PROVIDERS: provider %d: %s", i+1, problem)
		}
		known[one.ID] = true
	}
	return nil
}

func (p Provider) problem(local bool) string {
	if !providerID.MatchString(p.ID) {
		return fmt.Sprintf("id must be google.com or oidc.<name>, not %q", p.ID)
	}
	if p.Name == "" || p.Name != strings.TrimSpace(p.Name) || utf8.RuneCountInString(p.Name) > longestProviderName ||
		strings.ContainsFunc(p.Name, unicode.IsControl) {
		return fmt.Sprintf("name must be 1 to %d characters, not %q", longestProviderName, p.Name)
	}
	u, err := url.Parse(p.AuthorizationURL)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(p.AuthorizationURL, "#") ||
		(u.Scheme != "https" && (!local || u.Scheme != "http")) {
		return fmt.Sprintf("authorizationUrl must be https:// without a user or a #, not %q", p.AuthorizationURL)
	}
	if p.ClientID == "" || strings.ContainsFunc(p.ClientID, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Sprintf("clientId must be there, without spaces, not %q", p.ClientID)
	}
	return ""
}
