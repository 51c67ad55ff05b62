package session

import (
	"context"
	"net/http"

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

type listInput struct {
	httpapi.PageInput
}

type listOutput struct {
	Body httpapi.Page[session.Living]
}

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	page, err := h.sessions.Page(ctx, p, p.UserID, in.PageInput)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: page}, nil
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
	Body session.Living
}

func (h *handler) name(ctx context.Context, in *nameInput) (*oneOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	named, err := h.sessions.Name(ctx, p, in.ID, in.Body.Name)
	if err != nil {
		return nil, err
	}
	return &oneOutput{Body: named}, nil
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
