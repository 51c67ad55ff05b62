package runsync

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/syncing"
)

// timeout is the function's, which the manifest sets to 540 s; a step ends by itself long before.
const timeout = 540 * time.Second

type handler struct {
	runner *syncing.Runner
}

type runInput struct {
	Body syncing.Message
}

type runOutput struct {
	Body struct {
		Outcome syncing.Outcome `json:"outcome"`
	}
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	runner, err := syncing.NewRunner(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{runner: runner}
	api := httpapi.New(in, httpapi.Options{Name: "runsync", Timeout: timeout})
	httpapi.Register(api, huma.Operation{
		OperationID: "run-sync", Method: http.MethodPost, Path: "/", Summary: "Work on one step of a run",
	}, httpapi.OIDC(oidc, in.Clock), h.run)
	return api.Handler(), nil
}

// run answers 2xx when the task is done with, however it ended, and anything else when Cloud Tasks is to deliver it again.
func (h *handler) run(ctx context.Context, in *runInput) (*runOutput, error) {
	outcome, err := h.runner.Run(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	if outcome == syncing.Busy {
		return nil, problem.New(problem.Unavailable, "Another worker is at this run.")
	}
	out := &runOutput{}
	out.Body.Outcome = outcome
	return out, nil
}
