package dashboard

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/overview"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/syncing"
)

type handler struct {
	overviews   *overview.Reader
	events      *event.Store
	sync        *syncing.Reader
	connections *jobber.Reader
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, event.Config{}, in.Log) // reads only: it publishes nothing
	h := &handler{
		overviews:   overview.NewReader(in),
		events:      events,
		sync:        syncing.NewReader(in.Cloud, in.Clock),
		connections: jobber.NewReader(in.Cloud),
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "dashboard", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	read := httpapi.Needs(account.SummaryRead)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-summary", Method: http.MethodGet, Path: "/api/v1/dashboard/summary",
		Summary: "The business in one period, compared with the period before",
	}, read, h.summary)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-activity", Method: http.MethodGet, Path: "/api/v1/dashboard/activity",
		Summary: "What happened, newest first",
	}, httpapi.Needs(account.RecordRead), h.activity)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-sync", Method: http.MethodGet, Path: "/api/v1/dashboard/sync",
		Summary: "The connection to Jobber and how far the copy is",
	}, read, h.syncState)
	return api.Handler(), nil
}
