package fireschedule

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/schedule"
	"fieldboard.dev/fieldboard/shared/schedule/offered"
)

// timeout is the function's, which the manifest sets to 60 s, as long as a job of a schedule waits.
const timeout = 60 * time.Second

type handler struct {
	schedules *schedule.Schedules
}

type fireInput struct {
	Body schedule.Firing
}

type fireOutput struct {
	Body schedule.Fired
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	schedules, err := offered.New(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{schedules}
	api := httpapi.New(in, httpapi.Options{Name: "fireschedule", Timeout: timeout})
	httpapi.Register(api, huma.Operation{
		OperationID: "fire-schedule", Method: http.MethodPost, Path: "/", Summary: "Start what a schedule asks for, if it is due",
	}, httpapi.OIDC(oidc, in.Clock), h.fire)
	return api.Handler(), nil
}

// fire answers 2xx when the slot is settled, whoever settled it, and anything else when it is to be called again.
func (h *handler) fire(ctx context.Context, in *fireInput) (*fireOutput, error) {
	fired, err := h.schedules.Fire(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return &fireOutput{Body: fired}, nil
}
