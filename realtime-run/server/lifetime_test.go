package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
)

// mover is a client that moves when it is asked to, recovers on the new connection from where it was on the old one, and
// only then lets go of the old one.
type mover struct {
	t     *testing.T
	s     *service
	token string
	seen  uint64 // the offset of the latest event
	epoch string
	got   []string
	moves int
	ready chan struct{} // closed when it is connected: what happened before that is not for it
}

// hears is what a mover reads of a message.
type hears struct {
	Connect *struct {
		Subs map[string]struct {
			Epoch        string        `json:"epoch"`
			Offset       uint64        `json:"offset"`
			Recovered    bool          `json:"recovered"`
			Publications []publication `json:"publications"`
		} `json:"subs"`
	} `json:"connect"`
	Push *struct {
		Channel string       `json:"channel"`
		Pub     *publication `json:"pub"`
		Message *struct {
			Data struct {
				Type string `json:"type"`
			} `json:"data"`
		} `json:"message"`
	} `json:"push"`
}

type publication struct {
	Offset uint64      `json:"offset"`
	Data   event.Event `json:"data"`
}

func (m *mover) take(p publication) {
	if p.Offset > m.seen {
		m.seen = p.Offset
		m.got = append(m.got, p.Data.ID)
	}
}

func (m *mover) open() *websocket.Conn {
	m.t.Helper()
	conn := socket(m.t, m.s, nil)
	subs := ""
	if m.epoch != "" {
		subs = fmt.Sprintf(`,"subs":{%q:{"recover":true,"epoch":%q,"offset":%d}}`, operations, m.epoch, m.seen)
	}
	write(m.t, conn, fmt.Sprintf(`{"id":1,"connect":{"token":%q%s}}`, m.token, subs))
	return conn
}

// hear reads until it has had the events of n, moving whenever it is asked to.
func (m *mover) hear(n int) {
	m.t.Helper()
	conn := m.open()
	var old *websocket.Conn
	for len(m.got) < n {
		check(m.t, conn.SetReadDeadline(time.Now().Add(patience)))
		_, frame, err := conn.ReadMessage()
		if err != nil {
			m.t.Fatalf("after %d events and %d moves: %v", len(m.got), m.moves, err)
		}
		for line := range strings.Lines(string(frame)) {
			var h hears
			if err := json.Unmarshal([]byte(line), &h); err != nil {
				m.t.Fatalf("%v in %s", err, line)
			}
			switch {
			case h.Connect != nil:
				sub := h.Connect.Subs[operations]
				if old != nil && !sub.Recovered {
					m.t.Error("a move did not recover")
				}
				if m.epoch == "" {
					close(m.ready)
				}
				m.epoch = sub.Epoch
				for _, p := range sub.Publications {
					m.take(p)
				}
				m.seen = max(m.seen, sub.Offset)
				if old != nil {
					check(m.t, old.Close())
					old = nil
				}
			case h.Push != nil && h.Push.Pub != nil && h.Push.Channel == operations:
				m.take(*h.Push.Pub)
			case h.Push != nil && h.Push.Message != nil && h.Push.Message.Data.Type == "move":
				m.moves++
				old, conn = conn, m.open()
			case strings.TrimSpace(line) == "{}":
				write(m.t, conn, "{}")
			}
		}
	}
}

// A connection is replaced before its time is over, while events flow: none is missed, none comes twice.
func TestAClientMovesBeforeItsLifetimeIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_LIFETIME", "1s")
	s := w.started(t)
	steady := w.listen(t, w.started(t, "REALTIME_LIFETIME", "55m"), person("acc_1", account.Viewer))
	m := &mover{t: t, s: s, token: w.issue(t, person("acc_1", account.Viewer)), ready: make(chan struct{})}
	const n = 150
	go func() {
		<-m.ready
		for range n {
			w.publish(t, happened("acc_1"))
			time.Sleep(20 * time.Millisecond)
		}
	}()
	m.hear(n)
	eventually(t, "the other has all", func() bool { return len(steady.ids()) >= n })
	if diff := cmp.Diff(steady.ids(), m.got); diff != "" {
		t.Errorf("events (-of one that stayed +of one that moved):\n%s", diff)
	}
	if m.moves < 2 {
		t.Errorf("moved %d times, want 2 or more", m.moves)
	}
}

// A client that does not know of moves is sent to connect again, and recovers.
func TestAClientThatStaysIsSentToConnectAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_LIFETIME", "1s")
	s := w.started(t)
	l := w.listen(t, s, person("acc_1", account.Viewer))
	events := several(60)
	for _, e := range events {
		w.publish(t, e)
		time.Sleep(20 * time.Millisecond)
	}
	l.ended(4001)
	l.await(events...)
	if got := len(slices.Compact(slices.Sorted(slices.Values(l.ids())))); got != len(l.ids()) || got != len(events) {
		t.Errorf("%d arrivals of %d events, want each of %d once", len(l.ids()), got, len(events))
	}
}

// The clients of an instance that ends do not all come to the next one in the same moment.
func TestAnInstanceThatEndsSpreadsItsClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	left := make(chan time.Time, 40)
	for range cap(left) {
		l := w.listen(t, s, person("acc_1", account.Viewer))
		l.client.OnConnecting(func(e centrifuge.ConnectingEvent) {
			if e.Code == 3001 {
				left <- time.Now()
			}
		})
	}
	began := time.Now()
	s.drain()
	var first, last time.Duration
	for range cap(left) {
		select {
		case at := <-left:
			if first == 0 {
				first = at.Sub(began)
			}
			last = at.Sub(began)
		case <-time.After(patience):
			t.Fatal("some were not told")
		}
	}
	if last-first < 500*time.Millisecond {
		t.Errorf("told between %s and %s, want them spread", first, last)
	}
}
