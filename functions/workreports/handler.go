package workreports

import (
	"context"
	"net/http"
	"time"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/report"
	"fieldboard.dev/fieldboard/shared/task"
)

// timeout is the function's, which the manifest sets to as long as Cloud Tasks waits; a report ends by itself before.
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
	maker, err := report.NewMaker(ctx, in)
	if err != nil {
		return nil, err
	}
	worker := task.NewWorker(engine, report.Queue)
	if err := task.Handle(worker, report.Making, maker.Make); err != nil {
		return nil, err
	}
	sender, err := report.NewSender(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := task.Handle(worker, report.Scheduled, sender.Send); err != nil {
		return nil, err
	}
	api := httpapi.New(in, httpapi.Options{Name: "workreports", Timeout: timeout})
	worker.Serve(api, httpapi.OIDC(oidc, in.Clock))
	return api.Handler(), nil
}
