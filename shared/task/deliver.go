package task

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
)

// delivery is what Cloud Tasks posts to a worker: https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler.
type delivery struct {
	Retries int `header:"X-CloudTasks-TaskRetryCount" minimum:"0" doc:"How often this was delivered before, and not answered with 2xx."`
	Body    Token
}

// Serve lets Cloud Tasks deliver a worker's tokens. It answers 2xx when a token is spent, however the tasks ended, and
// anything else when it is to be delivered again.
func (w *Worker) Serve(api *httpapi.API, access httpapi.Access) {
	httpapi.Register(api, huma.Operation{
		OperationID: "work-" + w.queue, Method: http.MethodPost, Path: "/", Summary: "Work on the tasks whose turn it is",
		DefaultStatus: http.StatusNoContent,
	}, access, func(ctx context.Context, d *delivery) (*struct{}, error) {
		return nil, w.Work(ctx, d.Body, d.Retries > 0)
	})
}
