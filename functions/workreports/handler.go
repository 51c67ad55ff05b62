package workreports

import (
	"context"
	"errors"
	"net/http"
	"time"

	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/report"
	"fieldboard.dev/fieldboard/shared/task"
)

// timeout is the function's, which the manifest sets to as long as Cloud Tasks waits; a report ends by itself before.
const timeout = 1800 * time.Second

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	maker, err := report.NewMaker(ctx, in)
	if err != nil {
		return nil, err
	}
	sender, err := report.NewSender(ctx, in)
	if err != nil {
		return nil, err
	}
	return task.Function(ctx, in, "workreports", report.Queue, timeout, func(w *task.Worker) error {
		return errors.Join(task.Handle(w, report.Making, maker.Make), task.Handle(w, report.Scheduled, sender.Send))
	})
}
