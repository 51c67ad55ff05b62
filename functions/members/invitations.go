package members

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/ratelimit"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

func (h *handler) registerInvitations(api *httpapi.API, answers *idempotency.Store) {
	manage, guest := httpapi.Needs(account.MemberManage), httpapi.Public.Class(ratelimit.SignIn)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-invitations", Method: http.MethodGet, Path: "/api/v1/invitations",
		Summary: "The invitations that are not accepted, newest first",
	}, manage, h.invited)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "invite-member", Method: http.MethodPost, Path: "/api/v1/invitations", DefaultStatus: http.StatusCreated,
		Summary:     "Invite somebody by email",
		Description: "An address that has an invitation already gets that one renewed and changed. A mail that cannot be sent undoes nothing: the link is good.",
	}, manage, h.invite)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "renew-invitation", Method: http.MethodPost, Path: "/api/v1/invitations/{id}/renewals", DefaultStatus: http.StatusCreated,
		Summary: "Send an invitation again, with a new link and a new time; the old link is good no more",
	}, manage, h.renew)
	httpapi.Register(api, huma.Operation{
		OperationID: "revoke-invitation", Method: http.MethodDelete, Path: "/api/v1/invitations/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "Withdraw an invitation",
	}, manage, h.revoke)
	httpapi.Register(api, huma.Operation{
		OperationID: "look-up-invitation", Method: http.MethodPost, Path: "/api/v1/invitations/lookups",
		Summary: "What a token invites to; the same problem for every token that is not good",
	}, guest, h.lookUp)
	httpapi.Register(api, huma.Operation{
		OperationID: "accept-invitation", Method: http.MethodPost, Path: "/api/v1/invitations/acceptances", DefaultStatus: http.StatusCreated,
		Summary:     "Become a member by an invitation's token and a Firebase ID token of its address",
		Description: "Accepting twice is once. A token that came by mail also confirms the user's address; a new ID token says so. Then start a session.",
	}, guest, h.accept)
}

// Invitation asks somebody to become a member.
type Invitation struct {
	ID        string                   `json:"id"`
	Email     string                   `json:"email"`
	Role      account.Role             `json:"role" enum:"admin,dispatcher,technician,viewer"`
	Name      string                   `json:"name"`
	Status    account.InvitationStatus `json:"status" enum:"pending,accepted,expired" doc:"Expired is also one whose inviter may not give the role any more. Renew it."`
	InvitedBy string                   `json:"invitedBy" doc:"The inviter's name."`
	CreatedAt time.Time                `json:"createdAt"`
	ExpiresAt time.Time                `json:"expiresAt"`
}

func invitation(i account.Invitation) Invitation {
	return Invitation{
		ID: i.ID, Email: string(i.Email), Role: i.Role, Name: string(i.Name), Status: i.Status,
		InvitedBy: string(i.InvitedBy), CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
	}
}

type invitedOutput struct {
	Body httpapi.Page[Invitation]
}

func (h *handler) invited(ctx context.Context, in *listInput) (*invitedOutput, error) {
	var after account.InvitationPosition
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	list, more, err := h.invitations.List(ctx, httpapi.PrincipalFrom(ctx).AccountID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]Invitation, len(list))
	for i, one := range list {
		items[i] = invitation(one)
	}
	next := ""
	if more {
		last := list[len(list)-1]
		if next, err = httpapi.EncodeCursor(account.InvitationPosition{CreatedAt: last.CreatedAt, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &invitedOutput{Body: httpapi.NewPage(items, next)}, nil
}

// Invited is whom to invite.
type Invited struct {
	Email        string       `json:"email" maxLength:"1000"`
	Role         account.Role `json:"role" enum:"owner,admin,dispatcher,technician,viewer" doc:"Any that who asks may give: see /api/v1/roles."`
	Name         string       `json:"name,omitempty" doc:"At most 100 characters."`
	JobberUserID string       `json:"jobberUserId,omitempty"`
}

// Resolve finds what a schema cannot say, to be told with what it can.
func (n *Invited) Resolve(huma.Context) []error {
	text := account.NewInvitation{Email: n.Email, Role: account.Viewer, Name: n.Name, JobberUserID: n.JobberUserID}
	return details(text.Check("body."))
}

type inviteInput struct {
	Body Invited
}

// Sent is an invitation with its link.
type Sent struct {
	Invitation
	Link   string `json:"link" doc:"For whoever was invited. It is shown this once; the one in the mail is another."`
	Mailed *bool  `json:"mailed,omitempty" doc:"Whether the mail was sent; absent where no mail is sent at all."`
}

type sentOutput struct {
	Body Sent
}

func (h *handler) invite(ctx context.Context, in *inviteInput) (*sentOutput, error) {
	sent, err := h.invitations.Invite(ctx, httpapi.PrincipalFrom(ctx), account.NewInvitation{
		ID: httpapi.IdempotentID(ctx), Email: in.Body.Email, Role: in.Body.Role, Name: in.Body.Name, JobberUserID: in.Body.JobberUserID,
	})
	if err != nil {
		return nil, inBody(err)
	}
	return h.send(ctx, sent)
}

type invitationInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (h *handler) renew(ctx context.Context, in *invitationInput) (*sentOutput, error) {
	sent, err := h.invitations.Renew(ctx, httpapi.PrincipalFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return h.send(ctx, sent)
}

// send mails the invitation. It stands whatever becomes of the mail.
func (h *handler) send(ctx context.Context, sent account.Sent) (*sentOutput, error) {
	out := &sentOutput{Body: Sent{Invitation: invitation(sent.Invitation), Link: h.link(sent.Shown)}}
	if !h.mail.On() {
		return out, nil
	}
	message, err := compose(sent, h.link(sent.Mailed))
	if err != nil {
		return nil, err
	}
	mailed := true
	if err := h.mail.Send(ctx, message); err != nil {
		h.log.ErrorContext(ctx, "an invitation was not mailed", "account", sent.Account.ID, "invitation", sent.ID, "error", err)
		mailed = false
	}
	out.Body.Mailed = &mailed
	return out, nil
}

// link leads to the dashboard. What follows # is not sent to any server, so it is in no log.
func (h *handler) link(token telemetry.Secret) string {
	return h.cfg.PublicURL + "/join#" + token.Reveal()
}

func (h *handler) revoke(ctx context.Context, in *invitationInput) (*struct{}, error) {
	return nil, h.invitations.Revoke(ctx, httpapi.PrincipalFrom(ctx), in.ID)
}

type lookUpInput struct {
	Body struct {
		Token string `json:"token" maxLength:"1024"`
	}
}

// Offer is what an invitation offers.
type Offer struct {
	AccountName string       `json:"accountName"`
	Email       string       `json:"email" doc:"Sign in with this address."`
	Role        account.Role `json:"role"`
	Name        string       `json:"name"`
	InvitedBy   string       `json:"invitedBy"`
	ExpiresAt   time.Time    `json:"expiresAt"`
}

type offerOutput struct {
	Body Offer
}

func (h *handler) lookUp(ctx context.Context, in *lookUpInput) (*offerOutput, error) {
	i, accountName, err := h.invitations.Find(ctx, telemetry.Secret(in.Body.Token))
	if err != nil {
		return nil, err
	}
	return &offerOutput{Body: Offer{
		AccountName: accountName, Email: string(i.Email), Role: i.Role, Name: string(i.Name), InvitedBy: string(i.InvitedBy), ExpiresAt: i.ExpiresAt,
	}}, nil
}

type acceptInput struct {
	Body struct {
		Token   string `json:"token" maxLength:"1024"`
		IDToken string `json:"idToken" minLength:"1" maxLength:"8192" doc:"From Firebase Auth, in the browser."`
	}
}

type acceptOutput struct {
	Body struct {
		AccountName string `json:"accountName"`
	}
}

func (h *handler) accept(ctx context.Context, in *acceptInput) (*acceptOutput, error) {
	user, err := h.users.Of(ctx, in.Body.IDToken)
	if err != nil {
		return nil, err
	}
	accepted, err := h.invitations.Accept(ctx, telemetry.Secret(in.Body.Token), account.Invitee{
		UserID: user.ID, Email: user.Email, Name: user.Name,
	})
	if err != nil {
		return nil, err
	}
	if accepted.ByMail && !user.EmailVerified {
		if err := h.users.ConfirmEmail(ctx, user); err != nil {
			return nil, err
		}
	}
	// Somebody who was here before is remembered as gone.
	if err := h.seats.SeatChanged(ctx, accepted.AccountID, user.ID); err != nil {
		return nil, err
	}
	out := &acceptOutput{}
	out.Body.AccountName = accepted.AccountName
	return out, nil
}
