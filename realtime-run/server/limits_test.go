package server_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"github.com/centrifugal/centrifuge-go"
	"github.com/gorilla/websocket"
	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/realtime-run/server"
	"fieldboard.dev/fieldboard/shared/account"
)

// overLimit goes over each row of the table, by its setting, and returns the code that the client sees. The world has a low
// limit, which is in row.Bound.
var overLimit = map[string]struct {
	bound int
	hit   func(t *testing.T, w *world, row server.Limit) int
}{
	"REALTIME_CONNECTIONS_PER_USER": {2, func(t *testing.T, w *world, row server.Limit) int {
		t.Helper()
		one, two := w.started(t), w.started(t)
		p := person("acc_1", account.Viewer)
		elsewhere := p
		elsewhere.AccountID = "acc_2"
		first := w.listen(t, one, p)
		w.listen(t, two, p)
		code := refusal(t, w, one, w.issue(t, p))
		w.listen(t, one, elsewhere)
		w.listen(t, one, person("acc_1", account.Viewer))
		first.client.Close()
		eventually(t, "the seat is free", func() bool { return refusal(t, w, two, w.issue(t, p)) == 0 })
		return code
	}},
	"REALTIME_CONNECTIONS_PER_ACCOUNT": {3, func(t *testing.T, w *world, row server.Limit) int {
		t.Helper()
		one, two := w.started(t), w.started(t)
		for i := range row.Bound {
			w.listen(t, []*service{one, two}[i%2], person("acc_1", account.Viewer))
		}
		w.listen(t, one, person("acc_2", account.Viewer))
		return refusal(t, w, two, w.issue(t, person("acc_1", account.Viewer)))
	}},
	"REALTIME_MESSAGE_BYTES": {4 << 10, func(t *testing.T, w *world, row server.Limit) int {
		t.Helper()
		s := w.started(t)
		large := connectCommand(strings.Repeat("x", 2*row.Bound))
		for _, r := range []*http.Request{
			request(t, http.MethodPost, s.url+"/connection/http_stream", large),
			request(t, http.MethodPost, s.url+"/connection/sse", large),
			request(t, http.MethodPost, s.url+"/connection/emulation", large),
		} {
			response := do(t, r)
			check(t, response.Body.Close())
			if response.StatusCode != row.Status {
				t.Errorf("%s answered %d, want %d", r.URL.Path, response.StatusCode, row.Status)
			}
		}
		for range 20 { // the system resets a connection that is closed with something unread, and then the code may not come through
			conn := socket(t, s, nil)
			err := conn.WriteMessage(websocket.TextMessage, []byte(large))
			for err == nil {
				_, _, err = conn.ReadMessage()
			}
			var closed *websocket.CloseError
			if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
				return closed.Code
			}
		}
		t.Error("no code came through")
		return 0
	}},
	"REALTIME_CHANNELS": {2, func(t *testing.T, w *world, _ server.Limit) int {
		t.Helper()
		s := w.started(t)
		w.listen(t, s, person("acc_1", account.Viewer)) // has two
		return refusal(t, w, s, w.issue(t, person("acc_1", account.Owner)))
	}},
	"REALTIME_ROOMS": {2, func(t *testing.T, w *world, _ server.Limit) int {
		t.Helper()
		l := w.listen(t, w.started(t), person("acc_1", account.Viewer))
		first := enter(t, l, room)
		first.inside()
		enter(t, l, room+"b").inside()
		code := refused(t, l, room+"c")
		check(t, first.sub.Unsubscribe())
		last := enter(t, l, room+"d")
		last.inside()
		return int(code)
	}},
	"REALTIME_COMMANDS_PER_SECOND": {5, func(t *testing.T, w *world, row server.Limit) int {
		t.Helper()
		s := w.started(t)
		token := w.issue(t, person("acc_1", account.Viewer))
		conn := socket(t, s, nil)
		write(t, conn, connectCommand(token))
		var all strings.Builder
		for id := range 3 * row.Bound { // they may fall into two seconds
			fmt.Fprintf(&all, `{"id":%d,"refresh":{"token":"%s"}}`+"\n", id+2, token)
		}
		write(t, conn, all.String())
		return closeCode(t, conn)
	}},
	"REALTIME_QUEUE_BYTES": {64 << 10, func(t *testing.T, w *world, _ server.Limit) int {
		t.Helper()
		s := w.started(t)
		dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if tcp, ok := conn.(*net.TCPConn); ok {
				check(t, tcp.SetReadBuffer(4<<10))
			}
			return conn, err
		}}
		conn, response, err := dialer.DialContext(t.Context(), address(s), nil)
		if err != nil {
			t.Fatal(err)
		}
		check(t, response.Body.Close())
		t.Cleanup(func() { _ = conn.Close() }) // the server closed it
		write(t, conn, connectCommand(w.issue(t, person("acc_1", account.Viewer))))
		read(t, conn)
		// More than the machine's own buffers hold, and faster than this client reads.
		for range 700 {
			e := happened("acc_1")
			e.Detail = strings.Repeat("x", 14<<10)
			w.topic.Publish(t.Context(), &pubsub.Message{Data: encode(t, e)})
		}
		for {
			_, _, err := conn.ReadMessage()
			var closed *websocket.CloseError
			if errors.As(err, &closed) {
				return closed.Code
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}},
}

// refusal connects until the server answers for good: 0 for in, or the code by which it closed.
func refusal(t *testing.T, w *world, s *service, token string) int {
	t.Helper()
	l := dial(t, s.url, centrifuge.Config{Token: token})
	defer l.client.Close()
	eventually(t, "the server answers", func() bool { return l.client.State() != centrifuge.StateConnecting })
	if l.client.State() == centrifuge.StateConnected {
		return 0
	}
	codes := l.codes()
	return int(codes[len(codes)-1])
}

func TestEveryLimitIsKept(t *testing.T) {
	t.Parallel()
	table := server.Limits{}.Table()
	for setting := range overLimit {
		if !slices.ContainsFunc(table, func(row server.Limit) bool { return row.Setting == setting }) {
			t.Errorf("%s is not in the table", setting)
		}
	}
	for _, row := range table {
		t.Run(row.What, func(t *testing.T) {
			t.Parallel()
			over, ok := overLimit[row.Setting]
			if !ok {
				t.Fatalf("nothing goes over %s", row.Setting)
			}
			row.Bound = over.bound
			w := newWorld(t, row.Setting, strconv.Itoa(over.bound))
			if got := over.hit(t, w, row); got != int(row.Code) {
				t.Errorf("closed with %d, want %d", got, row.Code)
			}
		})
	}
}

// The seats of an instance that died without a word are free again when they expire.
func TestSeatsExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_CONNECTIONS_PER_ACCOUNT", "2")
	s := w.started(t)
	client := w.redis(t)
	key := w.settings["REDIS_PREFIX"] + "rt:seats:{acc_1}"
	for i, until := range []time.Time{time.Now().Add(-time.Second), time.Now().Add(time.Hour)} {
		check(t, client.ZAdd(t.Context(), key, redis.Z{Score: float64(until.UnixMilli()), Member: strconv.Itoa(i)}).Err())
	}
	w.listen(t, s, person("acc_1", account.Viewer)) // in the place of the one that expired
	if got := refusal(t, w, s, w.issue(t, person("acc_1", account.Viewer))); got != 4502 {
		t.Errorf("got %d, want 4502", got)
	}
	if left := client.PTTL(t.Context(), key).Val(); left <= 0 || left > time.Minute {
		t.Errorf("the set lasts for %s, want at most a minute", left)
	}
}
