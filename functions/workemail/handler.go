package workemail

import (
	"context"
	"net/http"
	"time"

	"fieldboard.dev/fieldboard/shared/email"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
)

// timeout is the function's, which the manifest sets to 120 s: a shift, and the letter that began at its end.
const timeout = 120 * time.Second

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	sender, err := email.NewSender(ctx, in)
	if err != nil {
		return nil, err
	}
	return task.Function(ctx, in, "workemail", email.Sending.Queue, timeout, func(w *task.Worker) error {
		return task.Handle(w, email.Sending, sender.Send)
	})
}
