package sealevents

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/event/ledger"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

// rounds is how often one call looks for a batch; what is left waits for the next minute.
const rounds = 20

type handler struct {
	sealer *ledger.Sealer
}

type sealOutput struct {
	Body struct {
		Sealed int `json:"sealed"`
	}
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	var signing ledger.SigningConfig
	if err := in.Config(ctx, &signing); err != nil {
		return nil, err
	}
	var public ledger.Config
	if err := in.Config(ctx, &public); err != nil {
		return nil, err
	}
	sealer, err := ledger.NewSealer(in.Cloud, signing, public)
	if err != nil {
		return nil, err
	}
	h := &handler{sealer}
	api := httpapi.New(in, httpapi.Options{Name: "sealevents", Timeout: time.Minute})
	httpapi.Register(api, huma.Operation{
		OperationID: "seal-events", Method: http.MethodPost, Path: "/", Summary: "Seal the events that are not yet",
	}, httpapi.OIDC(oidc, in.Clock), h.seal)
	return api.Handler(), nil
}

func (h *handler) seal(ctx context.Context, _ *struct{}) (*sealOutput, error) {
	out := &sealOutput{}
	var err error
	out.Body.Sealed, err = h.sealer.Seal(ctx, rounds)
	return out, err
}
