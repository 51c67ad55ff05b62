package members

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

// registerSessions adds what those who manage sessions do with other members' ones.
func (h *handler) registerSessions(api *httpapi.API) {
	manage := httpapi.Needs(account.SessionManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-member-sessions", Method: http.MethodGet, Path: "/api/v1/members/{id}/sessions",
		Summary: "A member's sessions, the one used last first",
	}, manage, h.listSessions)
	httpapi.Register(api, huma.Operation{
		OperationID: "end-member-sessions", Method: http.MethodDelete, Path: "/api/v1/members/{id}/sessions", DefaultStatus: http.StatusNoContent,
		Summary: "End all of a member's sessions",
	}, manage, h.endSessions)
	httpapi.Register(api, huma.Operation{
		OperationID: "end-member-session", Method: http.MethodDelete, Path: "/api/v1/members/{id}/sessions/{sid}", DefaultStatus: http.StatusNoContent,
		Summary: "End one of a member's sessions",
	}, manage, h.endSession)
}

type sessionsInput struct {
	httpapi.PageInput
	ID string `path:"id" maxLength:"128"`
}

type sessionsOutput struct {
	Body httpapi.Page[session.Living]
}

func (h *handler) listSessions(ctx context.Context, in *sessionsInput) (*sessionsOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	m, err := h.below(ctx, p, in.ID)
	if err != nil {
		return nil, err
	}
	page, err := h.sessions.Page(ctx, p, m.UserID, in.PageInput)
	if err != nil {
		return nil, err
	}
	return &sessionsOutput{Body: page}, nil
}

func (h *handler) endSessions(ctx context.Context, in *oneInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	m, err := h.below(ctx, p, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, h.sessions.EndAll(ctx, p, m, p.SessionID, "ended by somebody who manages sessions")
}

type sessionInput struct {
	ID        string `path:"id" maxLength:"128"`
	SessionID string `path:"sid" maxLength:"64"`
}

func (h *handler) endSession(ctx context.Context, in *sessionInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	m, err := h.below(ctx, p, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, h.sessions.End(ctx, p, m, in.SessionID, "ended by somebody who manages sessions")
}

// below returns a member who may do no more than who asks: an admin does not throw the owner out.
func (h *handler) below(ctx context.Context, p httpapi.Principal, userID string) (account.Member, error) {
	m, err := h.accounts.Member(ctx, p.AccountID, userID)
	if err != nil {
		return account.Member{}, err
	}
	if !p.Grants.Cover(account.GrantsOf(m.Role)) {
		return account.Member{}, problem.New(problem.Forbidden, "You cannot see the sessions of a member with the role %s: they may do more than you.", m.Role)
	}
	return m, nil
}
