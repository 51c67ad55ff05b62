package audit

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/shared/httpapi"
)

// registerProofs adds what shows that the log is as it was: anybody may check it with the public key alone.
func (h *handler) registerProofs(api *httpapi.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "get-audit-checkpoint", Method: http.MethodGet, Path: "/api/v1/audit/checkpoint",
		Summary:     "The newest signed checkpoint of the log",
		Description: "Keep one outside: what is added later is shown to go on from it.",
	}, httpapi.Needs(account.SecurityRead), h.checkpoint)
	httpapi.Register(api, huma.Operation{
		OperationID: "prove-audit-event", Method: http.MethodGet, Path: "/api/v1/audit/events/{id}/proof",
		Summary: "A proof that an event is in the log as it was written",
	}, httpapi.Needs(account.SecurityRead), h.prove)
	httpapi.Register(api, huma.Operation{
		OperationID: "prove-audit-consistency", Method: http.MethodGet, Path: "/api/v1/audit/consistency",
		Summary: "A proof that the log goes on from an older checkpoint",
	}, httpapi.Needs(account.SecurityRead), h.consistency)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-event-keys", Method: http.MethodGet, Path: "/api/events/keys",
		Summary: "The public keys of the log's checkpoints, one a line, as note verifiers",
	}, httpapi.Public, h.publicKeys)
}

type checkpointOutput struct {
	Body struct {
		Checkpoint string `json:"checkpoint" doc:"A signed note: origin, size and root of the tree."`
	}
}

func (h *handler) checkpoint(ctx context.Context, _ *struct{}) (*checkpointOutput, error) {
	var out checkpointOutput
	var err error
	out.Body.Checkpoint, err = h.ledger.Checkpoint(ctx, httpapi.PrincipalFrom(ctx).AccountID)
	return &out, err
}

type proveInput struct {
	ID string `path:"id" maxLength:"128" doc:"The event's id"`
}

type inclusionOutput struct{ Body evidence.Inclusion }

// prove tells of an event all that the event tells, so it is for those who may see it.
func (h *handler) prove(ctx context.Context, in *proveInput) (*inclusionOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	proof, err := h.ledger.Proof(ctx, p.AccountID, in.ID, func(e event.Event) bool {
		return slices.Contains(audiencesOf(p), e.Audience)
	})
	if err != nil {
		return nil, err
	}
	if !p.Can(account.FinanceRead) {
		proof.Disclosed = nil // amounts may be among what changed
	}
	return &inclusionOutput{Body: proof}, nil
}

type consistencyInput struct {
	Size int64 `query:"size" minimum:"1" required:"true" doc:"That of the older checkpoint."`
}

type consistencyOutput struct{ Body evidence.Consistency }

func (h *handler) consistency(ctx context.Context, in *consistencyInput) (*consistencyOutput, error) {
	proof, err := h.ledger.Consistency(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.Size)
	return &consistencyOutput{Body: proof}, err
}

type keysOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte `contentType:"text/plain"`
}

func (h *handler) publicKeys(context.Context, *struct{}) (*keysOutput, error) {
	return &keysOutput{ContentType: "text/plain; charset=utf-8", Body: []byte(h.ledger.PublicKeys())}, nil
}
