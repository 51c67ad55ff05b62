package tendtasks

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
)

// timeout is the function's, which the manifest sets to 50 s; most keeps a tending well under it.
const (
	timeout = 50 * time.Second
	most    = 1000
)

type handler struct {
	engine *task.Engine
}

type tendOutput struct {
	Body task.Tended
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	engine, err := task.NewEngine(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{engine}
	api := httpapi.New(in, httpapi.Options{Name: "tendtasks", Timeout: timeout})
	httpapi.Register(api, huma.Operation{
		OperationID: "tend-tasks", Method: http.MethodPost, Path: "/", Summary: "Go on with the tasks that were left",
	}, httpapi.OIDC(oidc, in.Clock), h.tend)
	return api.Handler(), nil
}

func (h *handler) tend(ctx context.Context, _ *struct{}) (*tendOutput, error) {
	tended, err := h.engine.Tend(ctx, most)
	if err != nil {
		return nil, err
	}
	return &tendOutput{Body: tended}, nil
}
