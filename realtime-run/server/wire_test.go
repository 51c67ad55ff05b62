package server_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// The protocol by hand, for what a client library would not do.

// answer is what these tests read of a reply.
type answer struct {
	Error *struct {
		Code uint32 `json:"code"`
	} `json:"error"`
	Connect *struct {
		Subs map[string]any `json:"subs"`
	} `json:"connect"`
}

func address(s *service) string {
	return "ws" + strings.TrimPrefix(s.url, "http") + "/connection/websocket"
}

func socket(tb testing.TB, s *service, header http.Header) *websocket.Conn {
	tb.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(tb.Context(), address(s), header)
	if err != nil {
		tb.Fatal(err)
	}
	check(tb, conn.SetReadDeadline(time.Now().Add(patience)))
	tb.Cleanup(func() {
		// The server may have closed it already; nothing is left to be wrong.
		_ = conn.Close()
	})
	return conn
}

func write(tb testing.TB, conn *websocket.Conn, frame string) {
	tb.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		tb.Fatal(err)
	}
}

func read(tb testing.TB, conn *websocket.Conn) answer {
	tb.Helper()
	_, frame, err := conn.ReadMessage()
	if err != nil {
		tb.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(frame, &a); err != nil {
		tb.Fatalf("%v in %s", err, frame)
	}
	return a
}

// closeCode reads until the server closes, and returns the code it gives.
func closeCode(tb testing.TB, conn *websocket.Conn) int {
	tb.Helper()
	for {
		_, _, err := conn.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			return closed.Code
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func connectCommand(token string) string { return `{"id":1,"connect":{"token":"` + token + `"}}` }

// handshake connects with a token and returns the server's reply.
func handshake(tb testing.TB, s *service, token string) answer {
	tb.Helper()
	conn := socket(tb, s, nil)
	write(tb, conn, connectCommand(token))
	return read(tb, conn)
}
