package session

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/session"
)

// registerSessions adds what members do with their own sessions.
func (h *handler) registerSessions(api *httpapi.API) {
	self := httpapi.Needs(account.SelfManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-sessions", Method: http.MethodGet, Path: "/api/v1/sessions",
		Summary: "One's own sessions, the one used last first",
	}, self, h.list)
	httpapi.Register(api, huma.Operation{
		OperationID: "name-session", Method: http.MethodPatch, Path: "/api/v1/sessions/{id}",
		Summary: "Give one of one's own sessions a name",
	}, self, h.name)
	httpapi.Register(api, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: "/api/v1/sessions/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "End one of one's own sessions",
	}, self, h.end)
	httpapi.Register(api, huma.Operation{
		OperationID: "end-other-sessions", Method: http.MethodDelete, Path: "/api/v1/sessions", DefaultStatus: http.StatusNoContent,
		Summary: "End all of one's own sessions but the one that asks",
	}, self, h.endOthers)
}

// LivingSession is a session as its member sees it.
type LivingSession struct {
	ID         string    `json:"id"`
	Name       string    `json:"name" doc:"That the member gave it; empty at first."`
	Current    bool      `json:"current" doc:"Whether it is the session that asks."`
	UserAgent  string    `json:"userAgent"`
	IPAddress  string    `json:"ipAddress" doc:"Of the sign-in; empty when it is not known."`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt" doc:"Its last refresh."`
	ExpiresAt  time.Time `json:"expiresAt" doc:"Unless it is refreshed before."`
	EndsAt     time.Time `json:"endsAt" doc:"Whatever happens."`
}

func shown(s session.Session, p httpapi.Principal) LivingSession {
	return LivingSession{
		ID: s.ID, Name: s.Name, Current: s.ID == p.SessionID, UserAgent: s.UserAgent, IPAddress: s.Address,
		CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt, EndsAt: s.EndsAt,
	}
}

type listInput struct {
	httpapi.PageInput
}

type listOutput struct {
	Body httpapi.Page[LivingSession]
}

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	var after session.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	sessions, next, err := h.sessions.Sessions(ctx, p.AccountID, p.UserID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]LivingSession, len(sessions))
	for i, s := range sessions {
		items[i] = shown(s, p)
	}
	cursor := ""
	if next != nil {
		if cursor, err = httpapi.EncodeCursor(next); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: httpapi.NewPage(items, cursor)}, nil
}

type oneInput struct {
	ID string `path:"id" maxLength:"64"`
}

type nameInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Name string `json:"name" maxLength:"60" pattern:"^[^\\p{C}]*$" patternDescription:"text without control characters"`
	}
}

type oneOutput struct {
	Body LivingSession
}

func (h *handler) name(ctx context.Context, in *nameInput) (*oneOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	named, err := h.sessions.Name(ctx, p.AccountID, p.UserID, in.ID, in.Body.Name)
	if err != nil {
		return nil, err
	}
	return &oneOutput{Body: shown(named, p)}, nil
}

func (h *handler) end(ctx context.Context, in *oneInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	member, err := h.self(ctx, p)
	if err != nil {
		return nil, err
	}
	return nil, h.sessions.End(ctx, p, member, in.ID, "ended by its member")
}

func (h *handler) endOthers(ctx context.Context, _ *struct{}) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	member, err := h.self(ctx, p)
	if err != nil {
		return nil, err
	}
	return nil, h.sessions.EndAll(ctx, p, member, p.SessionID, "ended by its member")
}

func (h *handler) self(ctx context.Context, p httpapi.Principal) (account.Member, error) {
	_, member, err := h.sessions.Seat(ctx, p.AccountID, p.UserID)
	return member, err
}

type publicKeysOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         session.PublicKeys
}

// publicKeys may be kept for some minutes: a new key is published before it signs.
func (h *handler) publicKeys(context.Context, *struct{}) (*publicKeysOutput, error) {
	return &publicKeysOutput{CacheControl: "public, max-age=300", Body: h.keys}, nil
}
