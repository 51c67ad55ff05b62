package schedulesync

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/syncing"
)

// timeout is the function's, which the manifest sets to 120 s.
const timeout = 120 * time.Second

type handler struct {
	schedule *syncing.Schedule
}

type scheduleOutput struct {
	Body syncing.Ticked
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	schedule, err := syncing.NewSchedule(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{schedule: schedule}
	api := httpapi.New(in, httpapi.Options{Name: "schedulesync", Timeout: timeout})
	httpapi.Register(api, huma.Operation{
		OperationID: "schedule-sync", Method: http.MethodPost, Path: "/", Summary: "Start the runs that are due",
	}, httpapi.OIDC(oidc, in.Clock), h.tick)
	return api.Handler(), nil
}

func (h *handler) tick(ctx context.Context, _ *struct{}) (*scheduleOutput, error) {
	ticked, err := h.schedule.Tick(ctx)
	if err != nil {
		return nil, err
	}
	return &scheduleOutput{Body: ticked}, nil
}
