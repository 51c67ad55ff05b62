package client

import (
	"encoding/json"

	"fieldboard.dev/fieldboard/shared/event"
)

// position is a place in a channel's history. Offsets count up by one within an epoch; with another epoch the history was
// begun anew.
type position struct {
	epoch  string
	offset uint64
}

// book keeps how far each channel was handed over, so that each event is handed over once, in order, or a gap is told.
type book struct {
	cfg *Config
	at  map[string]position
	had recent
}

// subscribed notes where a channel goes on. recovered says that what was missed arrives next.
func (b *book) subscribed(channel string, begins position, recovered bool) {
	was, known := b.at[channel]
	if known && recovered && was.epoch == begins.epoch {
		return
	}
	if known && was != begins {
		b.cfg.Gap(Gap{channel, was.offset, begins.offset + 1, was.epoch != begins.epoch, begins.epoch})
	}
	b.at[channel] = begins
}

func (b *book) forget(channel string) { delete(b.at, channel) }

func (b *book) take(a arrival) {
	at, known := b.at[a.channel]
	if !known {
		return // of a channel that was left
	}
	if a.offset <= at.offset {
		return // had before
	}
	if a.offset > at.offset+1 {
		b.cfg.Gap(Gap{Channel: a.channel, After: at.offset, Next: a.offset, Epoch: at.epoch})
	}
	b.at[a.channel] = position{at.epoch, a.offset}
	var e event.Event
	if err := json.Unmarshal(a.data, &e); err != nil {
		b.cfg.Log.Warn("a publication is no event", "channel", a.channel, "offset", a.offset, "error", err)
		return
	}
	if !isReplayed(a.data) && b.had.again(a.channel+" "+e.ID) {
		return // the service's memory of what it has carried was lost, and Pub/Sub delivered twice
	}
	b.cfg.Event(a.channel, e)
}

// isReplayed tells whether an event is sent again on purpose.
func isReplayed(data []byte) bool {
	var envelope event.Envelope
	return json.Unmarshal(data, &envelope) == nil && envelope.Replayed
}

// remembered is how many events are known again. What comes twice does so within the minutes for which Pub/Sub tries.
const remembered = 20_000

// recent knows the latest names again.
type recent struct {
	known map[string]bool
	order []string // a ring once it is full
	next  int
}

// again notes a name, and reports whether it was known.
func (r *recent) again(name string) bool {
	if r.known[name] {
		return true
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	r.known[name] = true
	if len(r.order) < remembered {
		r.order = append(r.order, name)
		return false
	}
	delete(r.known, r.order[r.next])
	r.order[r.next] = name
	r.next = (r.next + 1) % remembered
	return false
}

// reached reports whether everything of a channel up to a position was handed over; of one that was never followed there is
// nothing to wait for.
func (b *book) reached(channel string, p position) bool {
	at, known := b.at[channel]
	return !known || at.epoch == p.epoch && at.offset >= p.offset
}

// adopt goes on with the channels of another connection, which begin where start says.
func (b *book) adopt(start map[string]position) {
	for channel := range b.at {
		if _, still := start[channel]; !still {
			b.forget(channel)
		}
	}
	for channel, begins := range start {
		if _, known := b.at[channel]; !known || !b.reached(channel, begins) {
			b.subscribed(channel, begins, false)
		}
	}
}
