package session

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/ratelimit"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Config is what the browser is told before anybody signs in, and where the dashboard is.
type Config struct {
	PublicURL       string `env:"PUBLIC_URL, required"`
	RealtimeURL     string `env:"REALTIME_URL, required"`
	Project         string `env:"GOOGLE_CLOUD_PROJECT, required"`
	APIKey          string `env:"FIREBASE_API_KEY, required"` // public: it names the project, it opens nothing
	AuthDomain      string `env:"FIREBASE_AUTH_DOMAIN"`
	AuthEmulatorURL string `env:"FIREBASE_AUTH_EMULATOR_URL"` // as the browser reaches it; on the local stack only

	Providers Providers `env:"SIGN_IN_PROVIDERS"` // ways to sign in besides email and password
}

// Validate tells what is wrong with the settings.
func (c *Config) Validate() error { return c.Providers.validate(c.PublicURL) }

type handler struct {
	cfg      Config
	sessions *session.Service
	keys     session.PublicKeys
	clock    clock.Clock
}

// Build makes the function's handler.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	h := &handler{clock: in.Clock}
	if err := in.Config(ctx, &h.cfg); err != nil {
		return nil, err
	}
	var err error
	if h.sessions, err = session.NewService(ctx, in); err != nil {
		return nil, err
	}
	if h.keys, err = h.sessions.PublicKeys(); err != nil {
		return nil, err
	}
	verifier, err := session.NewVerifier(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "session", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	httpapi.Register(api, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: "/api/v1/session",
		Summary: "Start a session with a Firebase ID token",
	}, httpapi.Public.Class(ratelimit.SignIn), h.signIn)
	httpapi.Register(api, huma.Operation{
		OperationID: "refresh-session", Method: http.MethodPost, Path: "/api/v1/session/refresh",
		Summary: "Renew the session of the cookie, or of a refresh token in the body",
	}, httpapi.Public, h.refresh)
	httpapi.Register(api, huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: "/api/v1/session", DefaultStatus: http.StatusNoContent,
		Summary: "End the session of the cookie",
	}, httpapi.Public, h.signOut)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-me", Method: http.MethodGet, Path: "/api/v1/me",
		Summary: "Who is signed in, and what they may do",
	}, httpapi.Needs(account.SelfManage), h.me)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-config", Method: http.MethodGet, Path: "/api/v1/config",
		Summary: "What a browser needs to know before sign-in",
	}, httpapi.Public, h.config)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-jwks", Method: http.MethodGet, Path: "/.well-known/jwks.json",
		Summary: "The public keys of access tokens, a JSON Web Key Set",
	}, httpapi.Public, h.publicKeys)
	h.registerSessions(api)
	return api.Handler(), nil
}

// Account is the business as its members see it.
type Account struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	TimeZone string `json:"timeZone" doc:"IANA name."`
	Currency string `json:"currency" doc:"ISO 4217."`
}

// Member is the signed-in person.
type Member struct {
	ID     string         `json:"id"`
	Email  string         `json:"email"`
	Name   string         `json:"name"`
	Role   account.Role   `json:"role"`
	Grants account.Grants `json:"grants" doc:"What the member may do, each permission with its scope: account, team or own."`
}

// Seat is a person in a business.
type Seat struct {
	Account Account `json:"account"`
	Member  Member  `json:"member"`
}

// Session is a started or renewed session.
type Session struct {
	AccessToken string    `json:"accessToken" doc:"Send it as Authorization: Bearer."`
	ExpiresAt   time.Time `json:"expiresAt" doc:"Of the access token. Refresh before it."`

	RefreshToken     string     `json:"refreshToken,omitempty" doc:"Only for a client that asked for it in the body. Good for one refresh."`
	RefreshExpiresAt *time.Time `json:"refreshExpiresAt,omitempty"`
	Seat
}

func seat(a account.Account, m account.Member) Seat {
	return Seat{
		Account: Account{ID: a.ID, Name: a.Name, TimeZone: a.TimeZone, Currency: a.Currency},
		Member: Member{
			ID: m.UserID, Email: string(m.Email), Name: string(m.Name),
			Role: m.Role, Grants: account.GrantsOf(m.Role),
		},
	}
}

type sessionOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Session
}

// started answers with a session. Its refresh token goes into the cookie, or into the body where the client asked for that:
// never into both, since a page could read the body.
func (h *handler) started(g session.Grant, inBody bool) *sessionOutput {
	out := &sessionOutput{
		Body: Session{AccessToken: g.AccessToken.Reveal(), ExpiresAt: g.ExpiresAt, Seat: seat(g.Account, g.Member)},
	}
	if inBody {
		out.Body.RefreshToken, out.Body.RefreshExpiresAt = g.RefreshToken.Reveal(), &g.RefreshExpiresAt
	} else {
		out.SetCookie = []http.Cookie{h.cookie(g.RefreshToken, g.RefreshExpiresAt)}
	}
	return out
}

type signInInput struct {
	Browser
	Cookie http.Cookie `cookie:"__session"`
	Client
	Body struct {
		IDToken   string `json:"idToken" minLength:"1" maxLength:"8192" doc:"From Firebase Auth, in the browser."`
		RefreshIn string `json:"refreshIn,omitempty" enum:"cookie,body" default:"cookie" doc:"Where the refresh token goes: a program that is no browser keeps it itself."`
	}
}

// Client is what a request tells of the program that sends it.
type Client struct {
	UserAgent string `header:"User-Agent" hidden:"true"`
}

func (c Client) device(ctx context.Context) session.Device {
	const longest = 256
	d := session.Device{UserAgent: strings.ToValidUTF8(c.UserAgent[:min(len(c.UserAgent), longest)], "")}
	if addr := httpapi.ClientIP(ctx); addr.IsValid() {
		d.Address = addr.String()
	}
	return d
}

// signIn gives a session of its own to every sign-in, and ends the one that the browser had: nobody is handed a session that
// somebody else knew before.
func (h *handler) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	if in.isForeign(h.cfg.PublicURL) {
		return nil, errForeign
	}
	grant, err := h.sessions.SignIn(ctx, in.Body.IDToken, in.device(ctx))
	if err != nil {
		return nil, err
	}
	if err := h.sessions.SignOut(ctx, telemetry.Secret(in.Cookie.Value)); err != nil {
		return nil, err
	}
	return h.started(grant, in.Body.RefreshIn == "body"), nil
}

type cookieInput struct {
	Browser
	Cookie http.Cookie `cookie:"__session"`
}

type refreshInput struct {
	Browser
	Cookie http.Cookie `cookie:"__session"`
	Body   *struct {
		RefreshToken string `json:"refreshToken" minLength:"1" maxLength:"256"`
	}
}

func (h *handler) refresh(ctx context.Context, in *refreshInput) (*sessionOutput, error) {
	if in.Body != nil {
		return h.refreshByBody(ctx, in)
	}
	if !in.isOurs(h.cfg.PublicURL) {
		return nil, errForeign
	}
	if in.Cookie.Value == "" {
		return nil, problem.New(problem.Unauthenticated, "There is no session. Sign in.")
	}
	grant, err := h.sessions.Refresh(ctx, telemetry.Secret(in.Cookie.Value))
	switch problem.CodeOf(err) {
	case problem.Unauthenticated, problem.Forbidden: // the cookie will never be good again
		if err != nil {
			gone := h.goneCookie()
			return nil, huma.ErrorWithHeaders(err, http.Header{"Set-Cookie": {gone.String()}})
		}
	}
	if err != nil {
		return nil, err
	}
	return h.started(grant, false), nil
}

// refreshByBody renews a session for a client that sends the token itself: no cookie counts, so nobody can make a browser
// do it.
func (h *handler) refreshByBody(ctx context.Context, in *refreshInput) (*sessionOutput, error) {
	if in.isForeign(h.cfg.PublicURL) {
		return nil, errForeign
	}
	grant, err := h.sessions.Refresh(ctx, telemetry.Secret(in.Body.RefreshToken))
	if err != nil {
		return nil, err
	}
	return h.started(grant, true), nil
}

type signOutOutput struct {
	SetCookie     http.Cookie `header:"Set-Cookie"`
	ClearSiteData string      `header:"Clear-Site-Data"` // OWASP Secure Headers: on sign-out
}

func (h *handler) signOut(ctx context.Context, in *cookieInput) (*signOutOutput, error) {
	if !in.isOurs(h.cfg.PublicURL) {
		return nil, errForeign
	}
	if err := h.sessions.SignOut(ctx, telemetry.Secret(in.Cookie.Value)); err != nil {
		return nil, err
	}
	return &signOutOutput{SetCookie: h.goneCookie(), ClearSiteData: `"cache","cookies","storage"`}, nil
}

type meOutput struct{ Body Seat }

// me reads the member anew, so that a change of role or name is seen before the token that was issued under the old one ends.
func (h *handler) me(ctx context.Context, _ *struct{}) (*meOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	acct, member, err := h.sessions.Seat(ctx, p.AccountID, p.UserID)
	if err != nil {
		return nil, err
	}
	return &meOutput{Body: seat(acct, member)}, nil
}

// Firebase is what the Firebase library in the browser is started with.
type Firebase struct {
	APIKey      string `json:"apiKey"`
	AuthDomain  string `json:"authDomain"`
	ProjectID   string `json:"projectId"`
	EmulatorURL string `json:"emulatorUrl,omitempty" doc:"On the local stack only."`

	Providers Providers `json:"providers,omitempty" doc:"Ways to sign in besides email and password."`
}

// PublicConfig is what a browser needs to know before sign-in.
type PublicConfig struct {
	Firebase    Firebase `json:"firebase"`
	RealtimeURL string   `json:"realtimeUrl"`
}

type configOutput struct{ Body PublicConfig }

func (h *handler) config(context.Context, *struct{}) (*configOutput, error) {
	return &configOutput{Body: PublicConfig{
		Firebase: Firebase{
			APIKey:      h.cfg.APIKey,
			AuthDomain:  h.cfg.AuthDomain,
			ProjectID:   h.cfg.Project,
			EmulatorURL: h.cfg.AuthEmulatorURL,
			Providers:   h.cfg.Providers,
		},
		RealtimeURL: h.cfg.RealtimeURL,
	}}, nil
}
