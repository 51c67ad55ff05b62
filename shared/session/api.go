package session

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

// NewAPI returns httpapi.NewPublic's API, which tells those with security:read whose limits became smaller.
func NewAPI(ctx context.Context, in *instance.Instance, o httpapi.Options) (*httpapi.API, error) {
	var cfg event.Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	o.OnTightened = tellTightened(in, event.NewStore(in.Cloud, cfg, in.Log))
	return httpapi.NewPublic(ctx, in, o)
}

// tellTimeout bounds how long a refusal waits until it is told.
const tellTimeout = 2 * time.Second

func tellTightened(in *instance.Instance, events *event.Store) httpapi.Tightened {
	return func(ctx context.Context, p Principal, from netip.Addr) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
		defer cancel()
		if p.AccountID == "" { // an address, which belongs to no account that could be told
			in.Log.WarnContext(ctx, "the limits of an address became smaller", "network", httpapi.Network(from))
			return
		}
		e := event.New(p.AccountID, event.LimitTightened, in.Clock.Now())
		e.Audience, e.Member, e.EntityID = event.Security, p.UserID, p.KeyID
		e.Detail = fmt.Sprintf("requests from %s went on after they were refused", from)
		if err := events.Emit(ctx, e); err != nil {
			in.Log.ErrorContext(ctx, "that limits became smaller could not be told", "account", p.AccountID, "error", err)
		}
	}
}
