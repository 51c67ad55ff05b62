package workbatches

import (
	"context"
	"net/http"
	"time"

	"fieldboard.dev/fieldboard/shared/batch"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
)

// timeout is the function's, which the manifest sets to 1800 s.
const timeout = 1800 * time.Second

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	batches, err := batch.NewWorker(ctx, in)
	if err != nil {
		return nil, err
	}
	return task.Function(ctx, in, "workbatches", batch.Kind.Queue, timeout, func(w *task.Worker) error {
		return task.Handle(w, batch.Kind, batches.Run)
	})
}
