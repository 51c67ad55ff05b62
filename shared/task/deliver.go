package task

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

// delivery is what Cloud Tasks posts to a worker: https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler.
type delivery struct {
	Retries int `header:"X-CloudTasks-TaskRetryCount" minimum:"0" doc:"How often this was delivered before, and not answered with 2xx."`
	Body    Token
}

// Function makes the function that works on a queue, as far as all of them are alike; add makes its worker work on its kinds.
func Function(ctx context.Context, in *instance.Instance, name, queue string, timeout time.Duration, add func(w *Worker) error) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	engine, err := NewEngine(ctx, in)
	if err != nil {
		return nil, err
	}
	worker := NewWorker(engine, queue)
	if err := add(worker); err != nil {
		return nil, err
	}
	api := httpapi.New(in, httpapi.Options{Name: name, Timeout: timeout})
	worker.serve(api, httpapi.OIDC(oidc, in.Clock))
	return api.Handler(), nil
}

// serve lets Cloud Tasks deliver a worker's tokens. It answers 2xx when a token is spent, however the tasks ended, and
// anything else when it is to be delivered again.
func (w *Worker) serve(api *httpapi.API, access httpapi.Access) {
	httpapi.Register(api, huma.Operation{
		OperationID: "work-" + w.queue, Method: http.MethodPost, Path: "/", Summary: "Work on the tasks whose turn it is",
		DefaultStatus: http.StatusNoContent,
	}, access, func(ctx context.Context, d *delivery) (*struct{}, error) {
		return nil, w.Work(ctx, d.Body, d.Retries > 0)
	})
}
