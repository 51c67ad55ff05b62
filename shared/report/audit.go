package report

import (
	"context"
	"math"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// auditByEvent yields what the log's own CSV tells of an event, the newest first.
func auditByEvent(ctx context.Context, r *reading) rows {
	search := event.Search{
		From: r.order.From.In(r.zone).Add(-beside), To: r.order.To.Add(1).In(r.zone).Add(beside),
		Audiences: []event.Audience{event.Operations, event.Security},
	}
	if r.order.Money {
		search.Audiences = append(search.Audiences, event.Finance)
	}
	names := map[string]string{"": ""}
	return func(yield func(Row, error) bool) {
		expected, err := r.events.CountFound(ctx, r.account.ID, search, math.MaxInt32)
		if err != nil {
			yield(nil, err)
			return
		}
		r.expect(expected)
		var after event.Position
		for {
			page, err := r.events.Find(ctx, r.account.ID, search, after, recordsAtOnce)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range page.Events {
				if !r.inPeriod(e.Time) {
					continue
				}
				who, err := r.actor(ctx, names, e)
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(auditRow(e, who), nil) {
					return
				}
			}
			r.read(len(page.Events))
			if page.Next == nil {
				return
			}
			after = *page.Next
		}
	}
}

func auditRow(e event.Event, who string) Row {
	amount := none
	if e.AmountCents != nil {
		amount = number(*e.AmountCents)
	}
	return Row{
		moment(&e.Time), text(e.Type), text(who), text(e.Title), text(e.EntityID), text(e.Detail), amount, text(e.Audit.Address), text(e.Audit.Reason),
	}
}

// actor returns the name that who did it has now. As many names are kept as the account had members.
func (r *reading) actor(ctx context.Context, names map[string]string, e event.Event) (string, error) {
	name, known := names[e.Actor]
	if !known {
		m, err := r.accounts.Member(ctx, r.account.ID, e.Actor)
		if err != nil && problem.CodeOf(err) != problem.NotFound {
			return "", err
		}
		name = string(m.Name)
		names[e.Actor] = name
	}
	if name == "" {
		name = map[event.ActorKind]string{event.ByJobber: "In Jobber", event.BySystem: "Fieldboard"}[e.Audit.Kind]
	}
	return name, nil
}
