package workbatches

import (
	"context"
	"net/http"
	"time"

	"fieldboard.dev/fieldboard/shared/batch"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
)

// timeout is the function's, which the manifest sets to 1800 s.
const timeout = 1800 * time.Second

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
	batches, err := batch.NewWorker(ctx, in)
	if err != nil {
		return nil, err
	}
	worker := task.NewWorker(engine, batch.Kind.Queue)
	if err := task.Handle(worker, batch.Kind, batches.Run); err != nil {
		return nil, err
	}
	api := httpapi.New(in, httpapi.Options{Name: "workbatches", Timeout: timeout})
	worker.Serve(api, httpapi.OIDC(oidc, in.Clock))
	return api.Handler(), nil
}
