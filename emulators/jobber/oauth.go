package jobber

import (
	"crypto/subtle"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

//go:embed consent.html
var consentHTML string

var consentPage = template.Must(template.New("consent").Parse(consentHTML))

const maxForm = 64 << 10

// consentPageData fills consent.html.
type consentPageData struct {
	App, ClientID, RedirectURI, State string
	Scopes                            []string
	Accounts                          []consentAccount
	Problem                           string
}

type consentAccount struct {
	Number                        int
	Name, Owner, TimeZone         string
	Clients, Jobs, Visits, People int
}

// showConsent is GET /api/oauth/authorize. Without state, as from the marketplace's button, it is a valid request too.
func (e *Emulator) showConsent(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	problem := e.authorizeProblem(query)
	if problem == "" && query.Get("response_type") != "code" {
		problem = "The response type must be code."
	}
	page := consentPageData{
		App: "This app", ClientID: query.Get("client_id"), RedirectURI: query.Get("redirect_uri"), State: query.Get("state"),
		Scopes: e.current().Scopes, Problem: problem,
	}
	for _, a := range e.accounts {
		b := a.business
		page.Accounts = append(page.Accounts, consentAccount{
			Number: a.number, Name: b.Account().Name, TimeZone: b.Account().TimeZone, Owner: owner(b).Name.Full,
			Clients: b.Clients.Len(), Jobs: b.Jobs.Len(), Visits: b.Visits.Len(), People: b.Users.Len(),
		})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	if problem != "" {
		w.WriteHeader(http.StatusUnauthorized)
	}
	if err := consentPage.Execute(w, page); err != nil {
		e.log.WarnContext(r.Context(), "consent page not written", "error", err)
	}
}

// decide is POST /api/oauth/authorize, the consent page's answer: the form's account chooses the account, and
// decision=deny refuses. A refusal goes back to the app without any parameter, as with Jobber.
func (e *Emulator) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form cannot be read.", http.StatusBadRequest)
		return
	}
	if problem := e.authorizeProblem(r.Form); problem != "" {
		http.Error(w, problem, http.StatusUnauthorized)
		return
	}
	target, err := url.Parse(r.Form.Get("redirect_uri"))
	if err != nil {
		http.Error(w, "The redirect URI is not a URL.", http.StatusBadRequest)
		return
	}
	if r.Form.Get("decision") != "deny" {
		number, err := strconv.Atoi(r.Form.Get("account"))
		a, ok := e.account(number)
		if err != nil || !ok {
			http.Error(w, "Choose an account.", http.StatusUnprocessableEntity)
			return
		}
		query := target.Query()
		query.Set("code", e.tokens.newCode(number, owner(a.business).Number, r.Form.Get("redirect_uri")))
		if state := r.Form.Get("state"); state != "" {
			query.Set("state", state)
		}
		target.RawQuery = query.Encode()
	}
	http.Redirect(w, r, target.String(), http.StatusFound)
}

func (e *Emulator) authorizeProblem(form url.Values) string {
	settings := e.current()
	switch {
	case form.Get("client_id") != settings.ClientID:
		return "Client authentication failed due to unknown client."
	case !isWebAddress(form.Get("redirect_uri")),
		settings.RedirectURI != "" && form.Get("redirect_uri") != settings.RedirectURI:
		return "The redirect URI is not the one that the app has registered."
	}
	return ""
}

// tokenReply has Jobber's documented keys: no expires_in, and a time that is not RFC 3339.
type tokenReply struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresAt    string `json:"expires_at"`
	Warning      string `json:"warning,omitempty"`
}

// oauthError is RFC 6749's error body. Jobber documents the text of a dead refresh token, and no status.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// token is POST /api/oauth/token.
func (e *Emulator) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		writeJSON(w, http.StatusBadRequest, oauthError{"invalid_request", "The form cannot be read."})
		return
	}
	settings, form := e.current(), r.PostForm
	if form.Get("client_id") != settings.ClientID ||
		subtle.ConstantTimeCompare([]byte(form.Get("client_secret")), []byte(settings.ClientSecret)) != 1 {
		writeJSON(w, http.StatusUnauthorized, oauthError{"invalid_client", "Client authentication failed due to unknown client or no client authentication included."})
		return
	}
	var issued pair
	var ok bool
	var warning string
	switch grantType := form.Get("grant_type"); grantType {
	case "authorization_code":
		if issued, ok = e.tokens.exchange(form.Get("code"), form.Get("redirect_uri"), settings.ClientID, settings.Scopes); !ok {
			writeJSON(w, http.StatusUnauthorized, oauthError{"invalid_grant", "The provided authorization grant is invalid, expired, revoked or does not match the redirection URI."})
			return
		}
		e.tellConnection(issued.account, "APP_CONNECT")
	case "refresh_token":
		if issued, ok = e.tokens.renew(form.Get("refresh_token"), settings.ClientID, settings.TokenRotation); !ok {
			writeJSON(w, http.StatusUnauthorized, oauthError{"invalid_grant", "The provided refresh token is not valid."})
			return
		}
		if !settings.TokenRotation {
			warning = "Refresh token rotation is off: the same refresh token stays in use."
		}
	default:
		writeJSON(w, http.StatusBadRequest, oauthError{"unsupported_grant_type", "The grant type must be authorization_code or refresh_token."})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, tokenReply{issued.access, issued.refresh, issued.expires.Format("2006-01-02 15:04:05 UTC"), warning})
}

// tellConnection tells the app that it was connected to or disconnected from an account. What itemId then names is not
// documented; here it is the account.
func (e *Emulator) tellConnection(number int, topic string) {
	a := e.accounts[number-1]
	id := a.business.Account().ID
	e.tell(a, hook{account: number, accountID: id, topic: topic, itemID: id, at: e.clock.Now().Truncate(time.Second)})
}

// disconnect ends the app's connection to an account, from whichever side.
func (e *Emulator) disconnect(number int) bool {
	if !e.tokens.disconnect(number) {
		return false
	}
	e.tellConnection(number, "APP_DISCONNECT")
	return true
}

// owner is who authorizes apps.
func owner(b *business.Business) *business.User {
	for _, u := range b.Users.List(business.ByID) {
		if u.IsAccountOwner {
			return u
		}
	}
	return &business.User{}
}

func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
