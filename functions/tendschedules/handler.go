package tendschedules

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/schedule"
	"fieldboard.dev/fieldboard/shared/schedule/offered"
)

// timeout is the function's, which the manifest sets to 240 s. It is called every 5 minutes.
const (
	timeout = 240 * time.Second
	every   = 5 // minutes
)

type handler struct {
	schedules *schedule.Schedules
	clock     clock.Clock
}

type tendOutput struct {
	Body schedule.Tended
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
	h := &handler{schedules, in.Clock}
	api := httpapi.New(in, httpapi.Options{Name: "tendschedules", Timeout: timeout})
	httpapi.Register(api, huma.Operation{
		OperationID: "tend-schedules", Method: http.MethodPost, Path: "/", Summary: "Start what was not started in time, and make the jobs what the schedules say",
	}, httpapi.OIDC(oidc, in.Clock), h.tend)
	return api.Handler(), nil
}

// tend compares everything in the first of the hour's calls.
func (h *handler) tend(ctx context.Context, _ *struct{}) (*tendOutput, error) {
	done, err := h.schedules.Tend(ctx)
	if h.clock.Now().Minute() < every {
		compared, compareErr := h.schedules.Reconcile(ctx)
		done.Synced += compared.Synced
		done.Orphans += compared.Orphans
		err = errors.Join(err, compareErr)
	}
	if err != nil {
		return nil, err
	}
	return &tendOutput{Body: done}, nil
}
