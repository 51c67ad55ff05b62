package relay

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

const (
	// grace is how long an event's own writer has to publish it.
	grace = 30 * time.Second
	// atOnce is how many events are published together, and rounds how often that is done in one call; what is left waits
	// for the next minute.
	atOnce = 200
	rounds = 20
)

type handler struct {
	clock  clock.Clock
	events *event.Store
}

type relayOutput struct {
	Body struct {
		Published int `json:"published"`
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
	h := &handler{clock: in.Clock, events: event.NewStore(in.Cloud, topic, in.Log)}
	api := httpapi.New(in, httpapi.Options{Name: "relay", Timeout: time.Minute})
	httpapi.Register(api, huma.Operation{
		OperationID: "relay-events", Method: http.MethodPost, Path: "/", Summary: "Publish what was left in the outbox",
	}, httpapi.OIDC(oidc, in.Clock), h.relay)
	return api.Handler(), nil
}

func (h *handler) relay(ctx context.Context, _ *struct{}) (*relayOutput, error) {
	out := &relayOutput{}
	before := h.clock.Now().Add(-grace)
	for range rounds {
		n, err := h.events.Relay(ctx, before, atOnce)
		if err != nil {
			return nil, err
		}
		out.Body.Published += n
		if n < atOnce {
			break
		}
	}
	return out, nil
}
