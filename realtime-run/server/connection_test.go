package server_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

func TestChannelsFollowTheRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	tests := []struct {
		role account.Role
		want []string // besides the person's own
	}{
		{"owner", []string{"account:acc_1:finance", "account:acc_1:operations", "account:acc_1:security"}},
		{"admin", []string{"account:acc_1:finance", "account:acc_1:operations", "account:acc_1:security"}},
		{"dispatcher", []string{"account:acc_1:operations"}},
		{"technician", []string{"account:acc_1:changes"}},
		{"viewer", []string{"account:acc_1:operations"}},
	}
	for _, tt := range tests {
		t.Run(string(tt.role), func(t *testing.T) {
			t.Parallel()
			p := person("acc_1", tt.role)
			l := w.listen(t, s, p)
			want := append(tt.want, "user:acc_1:"+p.UserID)
			eventually(t, "all channels are subscribed", func() bool { return len(l.channels()) >= len(want) })
			if diff := cmp.Diff(want, l.channels()); diff != "" {
				t.Errorf("channels (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	good := w.issue(t, person("acc_1", "owner"))
	past := person("acc_1", "owner")
	past.ExpiresAt = time.Now().Add(-time.Hour)
	const tokenExpired = 109
	tests := []struct {
		name, token string
		want        uint32 // the error's code, 0 for none
	}{
		{"good", good, 0},
		{"expired", w.issue(t, past), tokenExpired},
		{"forged", good + "x", tokenExpired},
		{"absent", "", tokenExpired},
		{"of another key", newTokens(t, map[string]string{
			"GOOGLE_CLOUD_PROJECT": "demo-other", "REDIS_URL": w.settings["REDIS_URL"], "PUBLIC_URL": w.settings["PUBLIC_URL"],
			"SESSION_SIGNING_KEY": signingKey(t),
		}).issue(t, person("acc_1", "owner")), tokenExpired},
		{"no account", w.issue(t, person("", "owner")), tokenExpired},
		{"an account that would name another channel", w.issue(t, person("acc_2:operations", "owner")), tokenExpired},
		{"nobody", w.issue(t, httpapi.Principal{AccountID: "acc_1", Role: "owner", SessionID: "s"}), tokenExpired},
		{"no such role", w.issue(t, person("acc_1", "stranger")), tokenExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reply := handshake(t, s, tt.token)
			var got uint32
			if reply.Error != nil {
				got = reply.Error.Code
			}
			if got != tt.want || (reply.Connect != nil) != (tt.want == 0) {
				t.Errorf("got error %d and connection %t, want error %d", got, reply.Connect != nil, tt.want)
			}
		})
	}
}

func TestAnExpiredTokenIsReplacedByAGoodOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	p := person("acc_1", "viewer")
	l := dial(t, s.url, centrifuge.Config{
		Token:    "of yesterday",
		GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) { return w.issue(t, p), nil },
	})
	l.connected()
	e := happened("acc_1")
	w.publish(t, e)
	l.await(e)
}

func TestATokenThatCannotBeCheckedIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	w.fail(problem.Wrap(errors.New("no answer"), problem.Unavailable, "Sessions cannot be checked."))
	l := dial(t, s.url, centrifuge.Config{Token: w.issue(t, person("acc_1", "viewer"))})
	eventually(t, "the check failed", func() bool { return w.log.count("an access token could not be checked") > 0 })
	if l.client.State() == centrifuge.StateConnected {
		t.Fatal("connected with a token that nobody checked")
	}
	w.fail(nil)
	l.connected()
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	short := func(role account.Role) httpapi.Principal {
		p := person("acc_1", role)
		p.ExpiresAt = time.Now().Add(12 * time.Second)
		return p
	}
	later := func(p httpapi.Principal) httpapi.Principal {
		p.ExpiresAt = time.Now().Add(time.Hour)
		return p
	}
	// connect returns a client whose token is refreshed by the principal that next makes of its own.
	connect := func(t *testing.T, p httpapi.Principal, next func(httpapi.Principal) httpapi.Principal) (*listener, chan struct{}) {
		t.Helper()
		asked := make(chan struct{}, 100)
		l := dial(t, s.url, centrifuge.Config{Token: w.issue(t, p), GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) {
			asked <- struct{}{}
			return w.issue(t, next(p)), nil
		}})
		l.connected()
		select {
		case <-asked:
		case <-time.After(patience):
			t.Fatal("the client was never asked for another token")
		}
		return l, asked
	}
	t.Run("same person", func(t *testing.T) {
		t.Parallel()
		p := short("viewer")
		l, _ := connect(t, p, later)
		// The first token's end, and the grace after it, pass while the connection stands.
		time.Sleep(time.Until(p.ExpiresAt.Add(time.Second)))
		e := happened("acc_1")
		w.publish(t, e)
		l.await(e)
		if diff := cmp.Diff([]uint32{0}, l.codes()); diff != "" {
			t.Errorf("codes of a connection that stands (-want +got):\n%s", diff)
		}
	})
	t.Run("another person", func(t *testing.T) {
		t.Parallel()
		l, _ := connect(t, short("viewer"), func(httpapi.Principal) httpapi.Principal { return later(person("acc_1", "viewer")) })
		l.ended(3500)
	})
	t.Run("another account", func(t *testing.T) {
		t.Parallel()
		l, _ := connect(t, short("viewer"), func(p httpapi.Principal) httpapi.Principal { p.AccountID = "acc_2"; return later(p) })
		l.ended(3500)
	})
	t.Run("another role", func(t *testing.T) {
		t.Parallel()
		l, _ := connect(t, short("owner"), func(p httpapi.Principal) httpapi.Principal { p.Role = "viewer"; return later(p) })
		l.ended(3011)
		l.connected()
		secret, open := paid("acc_1"), happened("acc_1")
		w.publish(t, secret, open)
		l.await(open)
		witness := w.listen(t, s, person("acc_1", "owner"))
		last := paid("acc_1")
		w.publish(t, last)
		witness.await(last)
		if l.has(secret) || l.has(last) {
			t.Error("an event for finance reached someone who is no longer an owner")
		}
	})
	t.Run("no longer signed in", func(t *testing.T) {
		t.Parallel()
		p := short("viewer")
		asked := make(chan struct{}, 100)
		l := dial(t, s.url, centrifuge.Config{Token: w.issue(t, p), GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) {
			asked <- struct{}{}
			if len(asked) == 1 {
				return "revoked", nil
			}
			return "", centrifuge.ErrUnauthorized
		}})
		l.connected()
		l.ended(3005)
		eventually(t, "the client gives up", func() bool { return l.client.State() == centrifuge.StateDisconnected })
	})
	t.Run("no other token", func(t *testing.T) {
		t.Parallel()
		conn := socket(t, s, nil)
		write(t, conn, connectCommand(w.issue(t, short("viewer"))))
		if code := closeCode(t, conn); code != 3005 {
			t.Errorf("closed with %d, want 3005", code)
		}
	})
}

func TestClientsMayOnlyListen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	l := w.listen(t, s, person("acc_1", "owner"))
	ctx := t.Context()
	tests := map[string]func() error{
		"publish to its own channel":   func() error { _, err := l.client.Publish(ctx, "account:acc_1:operations", []byte(`{}`)); return err },
		"publish to another's channel": func() error { _, err := l.client.Publish(ctx, "account:acc_2:operations", []byte(`{}`)); return err },
		"call":                         func() error { _, err := l.client.RPC(ctx, "anything", []byte(`{}`)); return err },
		"read another's history":       func() error { _, err := l.client.History(ctx, "account:acc_2:operations"); return err },
		"see who is there":             func() error { _, err := l.client.Presence(ctx, "account:acc_1:operations"); return err },
	}
	for name, try := range tests {
		t.Run(name, func(t *testing.T) {
			var refused *centrifuge.Error
			if err := try(); !errors.As(err, &refused) {
				t.Errorf("got %v, want the server to refuse", err)
			}
		})
	}
	t.Run("subscribe to another's channel", func(t *testing.T) {
		sub, err := l.client.NewSubscription("account:acc_2:operations")
		if err != nil {
			t.Fatal(err)
		}
		refused := make(chan uint32, 1)
		sub.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) { refused <- e.Code })
		sub.OnSubscribed(func(centrifuge.SubscribedEvent) { t.Error("subscribed") })
		check(t, sub.Subscribe())
		select {
		case <-refused:
		case <-time.After(patience):
			t.Error("no answer")
		}
	})
	t.Run("ask for another's channel when connecting", func(t *testing.T) {
		conn := socket(t, s, nil)
		write(t, conn, `{"id":1,"connect":{"token":"`+w.issue(t, person("acc_1", "viewer"))+
			`","subs":{"account:acc_2:operations":{"recover":true},"account:acc_1:finance":{"recover":true}}}}`)
		reply := read(t, conn)
		for _, channel := range []string{"account:acc_2:operations", "account:acc_1:finance"} {
			if _, ok := reply.Connect.Subs[channel]; ok {
				t.Errorf("subscribed to %s", channel)
			}
		}
	})
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_ALLOWED_ORIGINS", "http://localhost:5173")
	s := w.started(t)
	tests := []struct {
		name   string
		header http.Header
		want   int
	}{
		{"the dashboard", http.Header{"Origin": {"https://board.example"}}, http.StatusSwitchingProtocols},
		{"the dashboard, with its port", http.Header{"Origin": {"https://board.example:443"}}, http.StatusSwitchingProtocols},
		{"one of the settings", http.Header{"Origin": {"http://localhost:5173"}}, http.StatusSwitchingProtocols},
		{"no browser", http.Header{}, http.StatusSwitchingProtocols},
		{"another site", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
		{"another scheme", http.Header{"Origin": {"http://board.example"}}, http.StatusForbidden},
		{"another port", http.Header{"Origin": {"https://board.example:8443"}}, http.StatusForbidden},
		{"a longer name", http.Header{"Origin": {"https://board.example.evil.example"}}, http.StatusForbidden},
		{"a sandboxed page", http.Header{"Origin": {"null"}}, http.StatusForbidden},
		{"empty", http.Header{"Origin": {""}}, http.StatusForbidden},
		{"two", http.Header{"Origin": {"https://board.example", "https://evil.example"}}, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), address(s), tt.header)
			if err == nil {
				check(t, conn.Close())
			}
			if response == nil {
				t.Fatal(err)
			}
			if response.StatusCode != tt.want {
				t.Errorf("answered %d, want %d", response.StatusCode, tt.want)
			}
		})
	}
}

func TestBoundsOfAConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_CONNECTIONS_PER_USER", "2")
	s := w.started(t)
	t.Run("a frame too large", func(t *testing.T) {
		t.Parallel()
		conn := socket(t, s, nil)
		err := conn.WriteMessage(websocket.TextMessage, []byte(connectCommand(strings.Repeat("x", 20<<10))))
		if err == nil {
			_, _, err = conn.ReadMessage()
		}
		if err == nil {
			t.Error("the connection stands")
		}
	})
	t.Run("no token in time", func(t *testing.T) {
		t.Parallel()
		if code := closeCode(t, socket(t, s, nil)); code != 3502 {
			t.Errorf("closed with %d, want 3502", code)
		}
	})
	t.Run("not the protocol", func(t *testing.T) {
		t.Parallel()
		conn := socket(t, s, nil)
		write(t, conn, "hello")
		if code := closeCode(t, conn); code != 3501 {
			t.Errorf("closed with %d, want 3501", code)
		}
	})
	t.Run("too many of one person", func(t *testing.T) {
		t.Parallel()
		p := person("acc_1", "viewer")
		w.listen(t, s, p)
		w.listen(t, s, p)
		third := dial(t, s.url, centrifuge.Config{Token: w.issue(t, p)})
		third.ended(3504)
		w.listen(t, s, person("acc_1", "viewer"))
	})
}
