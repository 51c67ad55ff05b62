package tidytrail

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/event/trail"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

const (
	timeout = 300 * time.Second // the manifest's
	rounds  = 50                // transactions of one account; what is left waits for the next hour
	revived = 100               // tasks
)

type handler struct {
	trail *trail.Trail
}

type tidyOutput struct {
	Body struct {
		Removed int `json:"removed" doc:"Events that were past their retention."`
		Revived int `json:"revived" doc:"Tasks that were left."`
	}
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	t, err := trail.New(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{t}
	api := httpapi.New(in, httpapi.Options{Name: "tidytrail", Timeout: timeout})
	httpapi.Register(api, huma.Operation{
		OperationID: "tidy-trail", Method: http.MethodPost, Path: "/", Summary: "Remove events that are past their retention, and go on with tasks that were left",
	}, httpapi.OIDC(oidc, in.Clock), h.tidy)
	return api.Handler(), nil
}

func (h *handler) tidy(ctx context.Context, _ *struct{}) (*tidyOutput, error) {
	out := &tidyOutput{}
	var reviveErr, expireErr error
	out.Body.Revived, reviveErr = h.trail.Revive(ctx, revived)
	out.Body.Removed, expireErr = h.trail.Expire(ctx, rounds)
	return out, errors.Join(reviveErr, expireErr)
}
