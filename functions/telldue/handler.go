package telldue

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/record"
)

// pages is how often one call looks for records of a kind; what is left waits for the next minute.
const pages = 10

type handler struct {
	records *record.Store
}

type tellOutput struct {
	Body struct {
		Told int `json:"told"`
	}
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var oidc httpapi.OIDCConfig
	if err := in.Config(ctx, &oidc); err != nil {
		return nil, err
	}
	var topic event.Config
	if err := in.Config(ctx, &topic); err != nil {
		return nil, err
	}
	h := &handler{record.NewStore(in.Cloud, event.NewStore(in.Cloud, topic, in.Log), in.Clock, in.Log)}
	api := httpapi.New(in, httpapi.Options{Name: "telldue", Timeout: 50 * time.Second})
	httpapi.Register(api, huma.Operation{
		OperationID: "tell-due", Method: http.MethodPost, Path: "/", Summary: "Tell what began, is late or is overdue by now",
	}, httpapi.OIDC(oidc, in.Clock), h.tell)
	return api.Handler(), nil
}

func (h *handler) tell(ctx context.Context, _ *struct{}) (*tellOutput, error) {
	out := &tellOutput{}
	var err error
	out.Body.Told, err = h.records.TellDue(ctx, pages)
	return out, err
}
