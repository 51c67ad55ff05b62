package trail

import (
	"context"
	"fmt"
	"strings"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
)

// Replay is which events are sent again, and to whom. What a consumer makes of an event that it has had is its own matter:
// realtime sends it to browsers marked as replayed, and they read again what it touches.
type Replay struct {
	Range    event.Range `firestore:"range"`
	Consumer string      `firestore:"consumer"`
}

const (
	// MostReplayed is how many events are counted before a replay.
	MostReplayed = 100_000
	// examples is how many events a dry run shows.
	examples   = 5
	replayPage = 200
)

// Preview is what a replay would send.
type Preview struct {
	Count    int64 // at most MostReplayed
	Examples []event.Event
}

// PreviewReplay tells what a replay would send, and sends nothing.
func (t *Trail) PreviewReplay(ctx context.Context, account string, r Replay) (Preview, error) {
	n, err := t.events.Count(ctx, account, r.Range, MostReplayed)
	if err != nil {
		return Preview{}, unavailable(err)
	}
	first, err := t.events.Walk(ctx, account, r.Range, event.Position{}, examples)
	return Preview{Count: n, Examples: first}, unavailable(err)
}

// StartReplay begins a replay. Events that happen after it are not in it.
func (t *Trail) StartReplay(ctx context.Context, id string, by httpapi.Principal, r Replay) (Task, error) {
	if now := t.clock.Now(); r.Range.To.IsZero() || r.Range.To.After(now) {
		r.Range.To = now
	}
	n, err := t.events.Count(ctx, by.AccountID, r.Range, MostReplayed)
	if err != nil {
		return Task{}, unavailable(err)
	}
	detail := fmt.Sprintf("to %s", r.Consumer)
	if len(r.Range.Types) > 0 {
		detail += ": " + strings.Join(r.Range.Types, ", ")
	}
	return t.create(ctx, id, Replays, by, n, Order{Replay: &r}, t.told(event.EventsReplayed, by, detail, ""))
}

func (t *Trail) replayPage(ctx context.Context, account, id string, d *document) (finished bool, err error) {
	r := d.Order.Replay
	events, err := t.events.Walk(ctx, account, r.Range, d.Place.position(), replayPage)
	if err != nil || len(events) == 0 {
		return err == nil, err
	}
	if err := t.events.Replay(ctx, r.Consumer, id, events); err != nil {
		return false, err
	}
	last := events[len(events)-1]
	d.Place.Time, d.Place.ID = last.Time, last.ID
	d.Done += int64(len(events))
	return len(events) < replayPage, nil
}
