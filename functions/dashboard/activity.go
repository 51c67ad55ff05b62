package dashboard

import (
	"context"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

type activityInput struct {
	httpapi.PageInput
}

type activityOutput struct {
	Body httpapi.Page[event.Envelope]
}

func (h *handler) activity(ctx context.Context, in *activityInput) (*activityOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	var after event.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	audiences := []event.Audience{event.Operations}
	if p.Can(account.FinanceRead) {
		audiences = append(audiences, event.Finance)
	}
	events, more, err := h.events.List(ctx, p.AccountID, audiences, after, in.Limit)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The activity cannot be read right now. Try again shortly.")
	}
	items := make([]event.Envelope, len(events))
	for i, e := range events {
		items[i] = e.Envelope()
	}
	next := ""
	if more {
		last := events[len(events)-1]
		if next, err = httpapi.EncodeCursor(event.Position{Time: last.Time, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &activityOutput{Body: httpapi.NewPage(items, next)}, nil
}
