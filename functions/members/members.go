package members

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

func (h *handler) registerMembers(api *httpapi.API) {
	read, manage := httpapi.Needs(account.MemberRead), httpapi.Needs(account.MemberManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-members", Method: http.MethodGet, Path: "/api/v1/members",
		Summary: "The members of the account, by name",
	}, read, h.list)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-member", Method: http.MethodGet, Path: "/api/v1/members/{id}",
		Summary: "One member",
	}, read, h.get)
	httpapi.Register(api, huma.Operation{
		OperationID: "change-member", Method: http.MethodPatch, Path: "/api/v1/members/{id}",
		Summary:     "Change a member's role, status, name or Jobber user",
		Description: "Only members who may do no more than who asks can be changed, and only into what may do no more. Nobody changes their own role or status.",
	}, manage, h.change)
	httpapi.Register(api, huma.Operation{
		OperationID: "remove-member", Method: http.MethodDelete, Path: "/api/v1/members/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "Take a member out of the account; they may be invited again",
	}, manage, h.remove)
}

// Member is a person in the account.
type Member struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Email        string         `json:"email"`
	Role         account.Role   `json:"role" enum:"owner,admin,dispatcher,technician,viewer"`
	Status       account.Status `json:"status" enum:"active,disabled"`
	JobberUserID string         `json:"jobberUserId" doc:"The same person's record among the users; empty when there is none."`
	Current      bool           `json:"current" doc:"Whether it is the member who asks."`
}

func shown(m account.Member, p httpapi.Principal) Member {
	return Member{
		ID: m.UserID, Name: string(m.Name), Email: string(m.Email), Role: m.Role, Status: m.Status, JobberUserID: m.JobberUserID,
		Current: m.UserID == p.UserID,
	}
}

type listInput struct {
	httpapi.PageInput
}

type listOutput struct {
	Body httpapi.Page[Member]
}

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	var after account.MemberPosition
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	members, more, err := h.members.List(ctx, p.AccountID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]Member, len(members))
	for i, m := range members {
		items[i] = shown(m, p)
	}
	next := ""
	if more {
		last := items[len(items)-1]
		if next, err = httpapi.EncodeCursor(account.MemberPosition{Name: last.Name, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: httpapi.NewPage(items, next)}, nil
}

type oneInput struct {
	ID string `path:"id" maxLength:"128"`
}

type memberOutput struct {
	Body Member
}

func (h *handler) get(ctx context.Context, in *oneInput) (*memberOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	m, err := h.accounts.Member(ctx, p.AccountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &memberOutput{Body: shown(m, p)}, nil
}

type changeInput struct {
	ID   string `path:"id" maxLength:"128"`
	Body Change
}

// Change is what to change of a member; what is left out stays.
type Change struct {
	Role         *account.Role   `json:"role,omitempty" enum:"owner,admin,dispatcher,technician,viewer" doc:"The owner's role is handed over at /api/v1/account/owner."`
	Status       *account.Status `json:"status,omitempty" enum:"active,disabled"`
	Name         *string         `json:"name,omitempty" doc:"At most 100 characters."`
	JobberUserID *string         `json:"jobberUserId,omitempty" doc:"Empty for none."`
}

// Resolve finds what a schema cannot say, to be told with what it can.
func (c *Change) Resolve(huma.Context) []error {
	text := account.Change{Name: c.Name, JobberUserID: c.JobberUserID}
	return details(text.Check("body."))
}

// change makes the change known even when it was stored before: the request may be a repetition of one that did not come to
// that.
func (h *handler) change(ctx context.Context, in *changeInput) (*memberOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	m, err := h.members.Change(ctx, p, in.ID, account.Change(in.Body))
	if err != nil {
		return nil, inBody(err)
	}
	if in.Body.Role != nil || in.Body.Status != nil {
		if err := h.seats.SeatChanged(ctx, p.AccountID, in.ID); err != nil {
			return nil, err
		}
	}
	return &memberOutput{Body: shown(m, p)}, nil
}

// remove makes it known also that somebody is not there, who may have been removed a moment ago, and ends their sessions: when
// they are invited again they sign in again.
func (h *handler) remove(ctx context.Context, in *oneInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	err := h.members.Remove(ctx, p, in.ID)
	if err != nil && problem.CodeOf(err) != problem.NotFound {
		return nil, err
	}
	if told := h.seats.SeatChanged(ctx, p.AccountID, in.ID); told != nil {
		return nil, told
	}
	if ended := h.sessions.EndAll(ctx, p, account.Member{UserID: in.ID}, "", "removed from the account"); ended != nil {
		return nil, ended
	}
	return nil, err
}

func details(fields []problem.Field) []error {
	var errs []error
	for _, f := range fields {
		errs = append(errs, &huma.ErrorDetail{Location: f.Location, Message: f.Message})
	}
	return errs
}
