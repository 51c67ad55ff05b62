package workemail

import (
	"context"
	"net/http"
	"time"

	"fieldboard.dev/fieldboard/shared/email"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
)

// timeout is the function's, which the manifest sets to 120 s: a shift, and the letter that began at its end.
const timeout = 120 * time.Second

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
	sender, err := email.NewSender(ctx, in)
	if err != nil {
		return nil, err
	}
	worker := task.NewWorker(engine, email.Sending.Queue)
	if err := task.Handle(worker, email.Sending, sender.Send); err != nil {
		return nil, err
	}
	api := httpapi.New(in, httpapi.Options{Name: "workemail", Timeout: timeout})
	worker.Serve(api, httpapi.OIDC(oidc, in.Clock))
	return api.Handler(), nil
}
