package worktrail

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/event/trail"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

// timeout is the function's, which the manifest sets to 300 s; a step ends by itself long before.
const timeout = 300 * time.Second

type handler struct {
	trail *trail.Trail
}

type workInput struct {
	Body trail.Message
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
	api := httpapi.New(in, httpapi.Options{Name: "worktrail", Timeout: timeout})
	httpapi.Register(api, huma.Operation{
		OperationID: "work-trail", Method: http.MethodPost, Path: "/", Summary: "Work on one step of a task", DefaultStatus: http.StatusNoContent,
	}, httpapi.OIDC(oidc, in.Clock), h.work)
	return api.Handler(), nil
}

// work answers 2xx when the message is done with, however it ended, and anything else when it is to be delivered again.
func (h *handler) work(ctx context.Context, in *workInput) (*struct{}, error) {
	return nil, h.trail.Work(ctx, in.Body)
}
