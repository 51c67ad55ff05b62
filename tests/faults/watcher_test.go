package faults_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/realtime-run/client"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/tests/harness"
)

// watcher is somebody who follows the events live, and reads what is stored when told of a gap.
type watcher struct {
	who       string
	user      string
	audiences []event.Audience // of whose events it is told what happened
	bare      bool             // it is told only that something changed
	snapshot  func() map[string]bool
	stop      func() // following: what it saw changes no more

	mu        sync.Mutex
	seen      map[string][]string  // ids by channel, in the order of their arrival
	histories map[history][]string // the same, by the channel's history: it begins anew when Redis has lost it
	epochs    map[string]string
	read      map[string]map[string]bool
	gaps      int
	comebacks int
	live      bool
	err       error
}

// history is one of a channel's.
type history struct{ channel, epoch string }

// watch follows as a person of the stack until it is stopped, or the test ends.
func watch(t *testing.T, stack *harness.Stack, w *watcher) {
	t.Helper()
	w.seen, w.read = map[string][]string{}, map[string]map[string]bool{}
	w.histories, w.epochs = map[history][]string{}, map[string]string{}
	token := func(ctx context.Context, refused string) (string, error) {
		if fresh := stack.As(t, w.who).AccessToken; fresh != refused {
			return fresh, nil
		}
		anew, err := demo.SignIn(ctx, stack.URL, stack.Auth, w.who+"@demo.fieldboard.test")
		if err != nil {
			return "", err
		}
		return anew.AccessToken, nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	cfg := client.Config{URL: stack.RealtimeURL, Token: token, Event: w.event, Gap: w.gap, Connected: w.connected}
	told := &tail{}
	cfg.Log = slog.New(slog.NewTextHandler(told, &slog.HandlerOptions{Level: slog.LevelDebug}))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of what %s's client logged:\n%s", w.who, told)
		}
	})
	cfg.Retry.Min, cfg.Retry.Max = 50*time.Millisecond, time.Second
	go func() {
		defer close(done)
		err := client.Follow(ctx, cfg)
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
	}()
	w.stop = sync.OnceFunc(func() {
		cancel()
		<-done
		if w.err != nil {
			t.Errorf("%s: %v", w.who, w.err)
		}
	})
	t.Cleanup(w.stop)
	harness.Eventually(t, func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.live {
			return errors.New(w.who + " is not connected")
		}
		return nil
	})
}

func (w *watcher) event(channel string, e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[channel] = append(w.seen[channel], e.ID)
	h := history{channel, w.epochs[channel]}
	w.histories[h] = append(w.histories[h], e.ID)
}

// gap reads what is stored, as a page does that reads everything again.
func (w *watcher) gap(g client.Gap) {
	stored := w.snapshot()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps++
	w.epochs[g.Channel] = g.Epoch
	if w.read[g.Channel] == nil {
		w.read[g.Channel] = map[string]bool{}
	}
	for id := range stored {
		w.read[g.Channel][id] = true
	}
}

func (w *watcher) connected(live bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if live && !w.live {
		w.comebacks++
	}
	w.live = live
}

// channelOf returns the channel by which the watcher is told of an event; none when it is not.
func (w *watcher) channelOf(e event.Event) string {
	switch {
	case e.Audience == event.Personal:
		if e.Member == w.user {
			return "user:" + account + ":" + w.user
		}
		return ""
	case e.Audience == event.Operations && w.bare:
		return "account:" + account + ":changes"
	case slices.Contains(w.audiences, e.Audience):
		return "account:" + account + ":" + string(e.Audience)
	}
	return ""
}

// missing returns the events that the watcher was to be told of, and neither saw nor read at a gap.
func (w *watcher) missing(stored []event.Event) []event.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[string]bool{}
	for channel, ids := range w.seen {
		for _, id := range ids {
			seen[channel+" "+id] = true
		}
	}
	var missing []event.Event
	for _, e := range stored {
		channel := w.channelOf(e)
		if channel != "" && !seen[channel+" "+e.ID] && !w.read[channel][e.ID] {
			missing = append(missing, e)
		}
	}
	return missing
}

// check tells what is wrong with what arrived: an event twice, or one that is for others.
func (w *watcher) check(t *testing.T, stored []event.Event) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	channels := map[string]string{}
	for _, e := range stored {
		channels[e.ID] = w.channelOf(e)
	}
	for channel, ids := range w.seen {
		once := map[string]bool{}
		for _, id := range ids {
			if once[id] {
				t.Errorf("%s saw %s twice in %s", w.who, id, channel)
			}
			once[id] = true
			if of, known := channels[id]; known && of != channel {
				t.Errorf("%s saw %s in %s; it belongs in %q", w.who, id, channel, of)
			}
		}
	}
}

// sameOrder tells where two watchers saw the events of a channel in another order. Between two histories there is a gap, and
// an event that Pub/Sub delivered twice may be in both: who saw the first takes the second no more.
func sameOrder(t *testing.T, a, b *watcher) {
	t.Helper()
	for h, ofA := range a.histories {
		place := map[string]int{}
		for i, id := range ofA {
			place[id] = i
		}
		last, lastID := -1, ""
		for _, id := range b.histories[h] {
			i, both := place[id]
			if !both {
				continue
			}
			if i < last {
				t.Errorf("%s: %s saw %s before %s, %s after it", h.channel, a.who, id, lastID, b.who)
			}
			last, lastID = i, id
		}
	}
}

// reversed counts the events that came after a later one of the same thing, without those that are excepted.
func (w *watcher) reversed(stored []event.Event, except map[string]bool) int {
	at := map[string]event.Event{}
	for _, e := range stored {
		at[e.ID] = e
	}
	n := 0
	for channel, ids := range w.seen {
		if strings.HasPrefix(channel, "user:") {
			continue
		}
		latest := map[string]time.Time{}
		for _, id := range ids {
			e := at[id]
			if e.EntityID == "" || except[id] {
				continue
			}
			if e.Time.Before(latest[e.EntityID]) {
				n++
			} else {
				latest[e.EntityID] = e.Time
			}
		}
	}
	return n
}
