package members

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
)

func (h *handler) registerAccount(api *httpapi.API) {
	self := httpapi.Needs(account.SelfManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-account", Method: http.MethodGet, Path: "/api/v1/account",
		Summary: "The business, its plan and its settings",
	}, self, h.account)
	httpapi.Register(api, huma.Operation{
		OperationID: "change-account", Method: http.MethodPatch, Path: "/api/v1/account",
		Summary: "Change the account's settings; what is left out stays",
	}, httpapi.Needs(account.AccountManage), h.configure)
	httpapi.Register(api, huma.Operation{
		OperationID: "transfer-ownership", Method: http.MethodPost, Path: "/api/v1/account/owner", DefaultStatus: http.StatusNoContent,
		Summary: "Make another active member the owner; the present owner becomes an admin",
	}, httpapi.Needs(account.OwnerTransfer), h.transfer)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-roles", Method: http.MethodGet, Path: "/api/v1/roles",
		Summary: "The roles, what each may do, and which ones who asks may give",
	}, self, h.roles)
}

// Account is the business as its members see it.
type Account struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	TimeZone string           `json:"timeZone" doc:"IANA name."`
	Currency string           `json:"currency" doc:"ISO 4217."`
	Plan     string           `json:"plan"`
	Settings account.Settings `json:"settings"`

	LegalHold account.LegalHold `json:"legalHold" doc:"While it is on, no event is removed or erased."`
}

type accountOutput struct {
	Body Account
}

func business(a account.Account) *accountOutput {
	return &accountOutput{Body: Account{
		ID: a.ID, Name: a.Name, TimeZone: a.TimeZone, Currency: a.Currency, Plan: a.Plan, Settings: a.Settings, LegalHold: a.LegalHold,
	}}
}

func (h *handler) account(ctx context.Context, _ *struct{}) (*accountOutput, error) {
	a, err := h.accounts.Account(ctx, httpapi.PrincipalFrom(ctx).AccountID)
	if err != nil {
		return nil, err
	}
	return business(a), nil
}

// SettingsChange is what to change of the account's settings. Their bounds are in what is answered when one is broken: they depend
// on each other.
type SettingsChange struct {
	RequireVerifiedEmail *bool           `json:"requireVerifiedEmail,omitempty"`
	Privileged           LifetimesChange `json:"privileged,omitempty" doc:"Of the sessions of roles that manage members or see money."`
	Standard             LifetimesChange `json:"standard,omitempty" doc:"Of all other sessions."`
	AuditRetentionDays   *int            `json:"auditRetentionDays,omitempty" doc:"How long events are kept."`
	LegalHold            *HoldChange     `json:"legalHold,omitempty" doc:"For the owner alone."`
}

// HoldChange begins the legal hold or ends it.
type HoldChange struct {
	On     bool   `json:"on"`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Needed to begin it."`
}

// LifetimesChange is what to change of how long sessions last.
type LifetimesChange struct {
	IdleMinutes     *int `json:"idleMinutes,omitempty" doc:"Without a refresh."`
	AbsoluteMinutes *int `json:"absoluteMinutes,omitempty" doc:"Whatever happens."`
}

type configureInput struct {
	Body struct {
		Settings SettingsChange `json:"settings"`
	}
}

func (h *handler) configure(ctx context.Context, in *configureInput) (*accountOutput, error) {
	s := in.Body.Settings
	a, err := h.members.Configure(ctx, httpapi.PrincipalFrom(ctx), account.SettingsChange{
		RequireVerifiedEmail: s.RequireVerifiedEmail,
		Privileged:           account.LifetimesChange(s.Privileged),
		Standard:             account.LifetimesChange(s.Standard),
		AuditRetentionDays:   s.AuditRetentionDays,
		LegalHold:            (*account.HoldChange)(s.LegalHold),
	})
	if err != nil {
		return nil, inBody(err)
	}
	return business(a), nil
}

type transferInput struct {
	Body struct {
		MemberID string `json:"memberId" minLength:"1" maxLength:"128"`
	}
}

func (h *handler) transfer(ctx context.Context, in *transferInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	if err := h.members.Transfer(ctx, p, in.Body.MemberID); err != nil {
		return nil, err
	}
	for _, userID := range []string{p.UserID, in.Body.MemberID} {
		if err := h.seats.SeatChanged(ctx, p.AccountID, userID); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Role is what a role may do.
type Role struct {
	Role      account.Role   `json:"role" enum:"owner,admin,dispatcher,technician,viewer"`
	Grants    account.Grants `json:"grants" doc:"Each permission with its scope: account, team or own."`
	Grantable bool           `json:"grantable" doc:"Whether who asks may give it."`
}

type rolesOutput struct {
	Body httpapi.Page[Role]
}

func (h *handler) roles(ctx context.Context, _ *struct{}) (*rolesOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	var items []Role
	for _, r := range account.Roles {
		items = append(items, Role{Role: r, Grants: account.GrantsOf(r), Grantable: account.Grantable(p.Grants, r)})
	}
	return &rolesOutput{Body: httpapi.NewPage(items, "")}, nil
}
