package apikeys

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

type handler struct {
	keys     *session.APIKeys
	accounts *account.Store
	clock    clock.Clock
}

// Build makes the function's handler. Its verifier takes sessions only: whatever a key may do, it does not manage keys.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	verifier, err := session.NewVerifier(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{accounts: account.NewStore(in.Cloud, in.Clock), clock: in.Clock}
	if h.keys, err = session.NewAPIKeys(ctx, in); err != nil {
		return nil, err
	}
	answers, err := idempotency.New(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "apikeys", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	manage := httpapi.Needs(account.KeyManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-api-keys", Method: http.MethodGet, Path: "/api/v1/api-keys",
		Summary: "List the account's API keys, the newest first, those that are over too",
	}, manage, h.list)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "create-api-key", Method: http.MethodPost, Path: "/api/v1/api-keys", DefaultStatus: http.StatusCreated,
		Summary: "Create an API key that acts for the caller", Description: "The secret is in this answer and nowhere else.",
	}, manage, h.create)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "rotate-api-key", Method: http.MethodPost, Path: "/api/v1/api-keys/{id}/rotations", DefaultStatus: http.StatusCreated,
		Summary:     "Give an API key a new secret",
		Description: "The old secret works on for the overlap. The new one is in this answer and nowhere else.",
	}, manage, h.rotate)
	httpapi.Register(api, huma.Operation{
		OperationID: "revoke-api-key", Method: http.MethodDelete, Path: "/api/v1/api-keys/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "End an API key, at once",
	}, manage, h.revoke)
	return api.Handler(), nil
}

// Key is an API key as those see it who manage keys.
type Key struct {
	ID            string               `json:"id"`
	Name          string               `json:"name"`
	Prefix        string               `json:"prefix" doc:"How the secret begins, by which its holder knows it."`
	Permissions   []account.Permission `json:"permissions" nullable:"false" doc:"What it was given. It may do these as far as its creator may do them now."`
	CreatedBy     string               `json:"createdBy" doc:"The creator's name; empty for one who has left, whose keys are refused."`
	CreatedByID   string               `json:"createdById"`
	CreatedAt     time.Time            `json:"createdAt"`
	ExpiresAt     *time.Time           `json:"expiresAt" doc:"null for never."`
	LastUsedAt    *time.Time           `json:"lastUsedAt" doc:"To within five minutes; null for never."`
	IPAllow       []string             `json:"ipAllow" nullable:"false" doc:"The addresses and networks that it may be used from; empty for all."`
	Status        session.APIKeyStatus `json:"status" enum:"active,expired,revoked"`
	OverlapEndsAt *time.Time           `json:"overlapEndsAt" doc:"Until then the secret before the last rotation works too; null when it does not."`
}

// Secret is a key with its secret.
type Secret struct {
	Key    Key    `json:"key"`
	Secret string `json:"secret" doc:"Send it as Authorization: Bearer. It is shown only here."`
}

type secretOutput struct{ Body Secret }

type listInput struct{ httpapi.PageInput }

type listOutput struct{ Body httpapi.Page[Key] }

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	var after session.APIKeyPosition
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	keys, more, err := h.keys.List(ctx, httpapi.PrincipalFrom(ctx).AccountID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	shown, err := h.show(ctx, keys...)
	if err != nil {
		return nil, err
	}
	next := ""
	if more {
		last := keys[len(keys)-1]
		if next, err = httpapi.EncodeCursor(session.APIKeyPosition{CreatedAt: last.CreatedAt, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: httpapi.NewPage(shown, next)}, nil
}

type createInput struct {
	Body struct {
		Name        string               `json:"name" doc:"What it is for: 1 to 80 characters."`
		Permissions []account.Permission `json:"permissions" nullable:"false" doc:"At least one of summary:read, record:read, finance:read, sync:manage, member:read, security:read that the caller has for the whole account."`
		ExpiresAt   *time.Time           `json:"expiresAt,omitempty" doc:"At most two years away; absent for never."`
		IPAllow     []string             `json:"ipAllow,omitempty" nullable:"false" doc:"Up to 20 addresses and networks that it may be used from, no network wider than /8 or, for IPv6, /32; absent or empty for all."`
	}
}

func (h *handler) create(ctx context.Context, in *createInput) (*secretOutput, error) {
	key, secret, err := h.keys.Create(ctx, httpapi.PrincipalFrom(ctx), session.NewAPIKey(in.Body), httpapi.IdempotentID(ctx))
	if err != nil {
		return nil, ofBody(err)
	}
	return h.secret(ctx, key, secret.Reveal())
}

// ofBody says of broken rules that they are of the body.
func ofBody(err error) error {
	var e *problem.Error
	if errors.As(err, &e) {
		for i := range e.Fields {
			e.Fields[i].Location = "body." + e.Fields[i].Location
		}
	}
	return err
}

type rotateInput struct {
	ID   string `path:"id" maxLength:"100" doc:"The key's id"`
	Body struct {
		OverlapHours int `json:"overlapHours,omitempty" minimum:"0" maximum:"168" default:"0" doc:"How long the old secret works on. 0 when it may be known to others."`
	}
}

func (h *handler) rotate(ctx context.Context, in *rotateInput) (*secretOutput, error) {
	key, secret, err := h.keys.Rotate(ctx, httpapi.PrincipalFrom(ctx), in.ID, time.Duration(in.Body.OverlapHours)*time.Hour, httpapi.IdempotentID(ctx))
	if err != nil {
		return nil, err
	}
	return h.secret(ctx, key, secret.Reveal())
}

type revokeInput struct {
	ID string `path:"id" maxLength:"100" doc:"The key's id"`
}

func (h *handler) revoke(ctx context.Context, in *revokeInput) (*struct{}, error) {
	return nil, h.keys.Revoke(ctx, httpapi.PrincipalFrom(ctx), in.ID)
}

func (h *handler) secret(ctx context.Context, key session.APIKey, secret string) (*secretOutput, error) {
	shown, err := h.show(ctx, key)
	if err != nil {
		return nil, err
	}
	return &secretOutput{Body: Secret{Key: shown[0], Secret: secret}}, nil
}

func (h *handler) show(ctx context.Context, keys ...session.APIKey) ([]Key, error) {
	now := h.clock.Now()
	names := map[string]string{}
	shown := make([]Key, len(keys))
	for i, k := range keys {
		name, known := names[k.CreatedBy]
		if !known {
			var err error
			if name, err = h.nameOf(ctx, k.CreatedBy); err != nil {
				return nil, err
			}
			names[k.CreatedBy] = name
		}
		shown[i] = Key{
			ID: k.ID, Name: k.Name, Prefix: k.Prefix(), Permissions: k.Permissions, CreatedBy: name, CreatedByID: k.CreatedBy,
			CreatedAt: k.CreatedAt, ExpiresAt: orNull(k.ExpiresAt), LastUsedAt: orNull(k.LastUsedAt), IPAllow: k.IPAllow,
			Status: k.Status(now),
		}
		if k.IPAllow == nil {
			shown[i].IPAllow = []string{}
		}
		if shown[i].Status == session.APIKeyActive && now.Before(k.OverlapEnds) {
			shown[i].OverlapEndsAt = orNull(k.OverlapEnds)
		}
	}
	return shown, nil
}

// nameOf returns a member's name; empty for one who has left.
func (h *handler) nameOf(ctx context.Context, userID string) (string, error) {
	member, err := h.accounts.Member(ctx, httpapi.PrincipalFrom(ctx).AccountID, userID)
	if problem.CodeOf(err) == problem.NotFound {
		return "", nil
	}
	return string(member.Name), err
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
