// Package openid stands in for Google and other OpenID providers on one machine: a page on which one chooses who to be, and
// an ID token for that. It signs nothing, which the Firebase Auth emulator alone takes.
package openid

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/emulators/settings"
	"fieldboard.dev/fieldboard/shared/clock"
)

// AuthorizePath is where the dashboard sends the browser.
const AuthorizePath = "/authorize"

// CallbackPath is where the dashboard takes the browser back.
const CallbackPath = "/sign-in/callback"

const (
	tokenLife = time.Hour // as Google's
	maxForm   = 64 << 10
)

//go:embed authorize.html
var authorizeHTML string

var authorizePage = template.Must(template.New("authorize").Parse(authorizeHTML))

// Options say whose provider it is.
type Options struct {
	Issuer    string // its own address: "http://127.0.0.1:7072"
	Name      string // of the provider that it stands in for
	ClientID  string // the dashboard's
	PublicURL string // the dashboard's; nobody is sent anywhere else
	Clock     clock.Clock
	Log       *slog.Logger
}

// Provider is the stand-in.
type Provider struct{ opts Options }

// Setting is what the product is told of the provider.
func (o Options) Setting() settings.Provider {
	return settings.Provider{AuthorizeURL: o.Issuer + AuthorizePath, Name: o.Name, ClientID: o.ClientID}
}

// New returns a provider.
func New(opts Options) *Provider { return &Provider{opts} }

// Handler returns what answers at the provider's address.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+AuthorizePath, p.show)
	mux.HandleFunc("POST "+AuthorizePath, p.decide)
	return mux
}

type pageData struct {
	Name, ClientID, RedirectURI, State, Nonce string
	Businesses                                []demo.Business
	Problem                                   string
}

// show is the page on which one chooses.
func (p *Provider) show(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	page := pageData{
		Name: p.opts.Name, ClientID: query.Get("client_id"), RedirectURI: query.Get("redirect_uri"),
		State: query.Get("state"), Nonce: query.Get("nonce"),
		Businesses: demo.Businesses(), Problem: p.problem(query),
	}
	status := http.StatusOK
	if page.Problem == "" {
		page.Problem = requestProblem(query)
	}
	if page.Problem != "" {
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := authorizePage.Execute(w, page); err != nil {
		p.opts.Log.WarnContext(r.Context(), "authorization page not written", "error", err)
	}
}

// decide is the page's answer: it sends the browser back with an ID token, or with why there is none.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form cannot be read.", http.StatusBadRequest)
		return
	}
	form := r.PostForm
	if problem := p.problem(form); problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {form.Get("state")}}
	if form.Get("decision") == "deny" {
		answer.Set("error", "access_denied")
	} else {
		token, err := p.idToken(form)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		answer.Set("id_token", token)
	}
	w.Header().Set("Cache-Control", "no-store")
	// The address is the settings' own, not the one that was sent: the two are equal.
	http.Redirect(w, r, p.callback()+"#"+answer.Encode(), http.StatusSeeOther)
}

func (p *Provider) callback() string { return p.opts.PublicURL + CallbackPath }

// problem tells what makes a request one of somebody else. Such a request is not sent back anywhere.
func (p *Provider) problem(values url.Values) string {
	switch {
	case values.Get("client_id") != p.opts.ClientID:
		return "There is no client of this id."
	case values.Get("redirect_uri") != p.callback():
		return "The redirect URI is not the one that the client has registered."
	case values.Get("nonce") == "" || values.Get("state") == "":
		return "The request has no state or no nonce."
	}
	return ""
}

func requestProblem(query url.Values) string {
	switch {
	case query.Get("response_type") != "id_token":
		return "The response type must be id_token."
	case query.Get("response_mode") != "" && query.Get("response_mode") != "fragment":
		return "The response mode must be fragment."
	case !slices.Contains(strings.Fields(query.Get("scope")), "openid"):
		return "The scope must have openid."
	}
	return ""
}

var errAddress = errors.New("that is no email address")

// idToken returns a token for the address of the form. The same address is the same person each time.
func (p *Provider) idToken(form url.Values) (string, error) {
	address, err := mail.ParseAddress(strings.TrimSpace(form.Get("email")))
	if err != nil || address.Name != "" {
		return "", errAddress
	}
	email := strings.ToLower(address.Address)
	subject := sha256.Sum256([]byte(email))
	now := p.opts.Clock.Now()
	return unsigned(map[string]any{
		"iss": p.opts.Issuer, "aud": p.opts.ClientID, "azp": p.opts.ClientID,
		"sub": hex.EncodeToString(subject[:10]), "email": email, "email_verified": form.Get("unverified") == "",
		"name": nameOf(email), "nonce": form.Get("nonce"),
		"iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	})
}

func nameOf(email string) string {
	for _, b := range demo.Businesses() {
		for _, person := range b.People {
			if person.Email == email {
				return person.Name
			}
		}
	}
	name, _, _ := strings.Cut(email, "@")
	return name
}

// unsigned returns a JSON Web Token of algorithm none.
func unsigned(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(payload) + ".", nil
}
