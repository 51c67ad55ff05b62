package mail_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/mail"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newSender(t *testing.T, server, from string) (*mail.Sender, error) {
	t.Helper()
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-mail", "REDIS_URL": "redis://127.0.0.1:1", "SMTP_URL": server, "MAIL_FROM": from,
	}), clock.NewManual(now), instance.Logger(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return mail.New(t.Context(), in)
}

func sender(t *testing.T, server string) *mail.Sender {
	t.Helper()
	s, err := newSender(t, server, "Fieldboard <no-reply@fieldboard.test>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSend(t *testing.T) {
	t.Parallel()
	s := sender(t, "smtp://"+emulator.Mail(t))
	to := strings.ToLower(emulator.Prefix(t)[:21]) + "@example.test"
	text := "Zoë invites you.\n\nhttps://fieldboard.test/join#" + strings.Repeat("aB3-_", 40) + "\n.\nA line with one dot, above.\n"
	err := s.Send(t.Context(), mail.Message{
		To: telemetry.Personal(to), Subject: "Zoë & Söhne\r\nBcc: everybody@example.test invites you", Text: text, HTML: "<p>Zoë &amp; you</p>",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := emulator.AwaitMail(t, to)
	want := emulator.Letter{
		From: "Fieldboard no-reply@fieldboard.test", To: to, Subject: "Zoë & Söhne Bcc: everybody@example.test invites you",
		Text: text, HTML: "<p>Zoë &amp; you</p>",
	}
	trimmed := cmp.Transformer("trim", strings.TrimSpace)
	if diff := cmp.Diff(want, got, trimmed, cmpopts.IgnoreFields(emulator.Letter{}, "Headers")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, name := range []string{"bcc", "user-agent", "x-mailer"} {
		if value, there := got.Headers[name]; there {
			t.Errorf("the header %s is %v, want none", name, value)
		}
	}
	if id, _ := got.Headers["message-id"].(string); !strings.HasSuffix(id, "@fieldboard.test>") {
		t.Errorf("got message id %q", id)
	}
	if got.Headers["auto-submitted"] != "auto-generated" {
		t.Errorf("got headers %v", got.Headers)
	}
}

func TestOff(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " \n"} {
		s, err := newSender(t, text, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), mail.Message{To: "a@example.test"}); s.On() || !errors.Is(err, mail.ErrOff) {
			t.Errorf("%q: on %t, %v", text, s.On(), err)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	const from = "Fieldboard <no-reply@fieldboard.test>"
	for _, tt := range []struct{ server, from, want string }{
		{"smtp://127.0.0.1:1025", from, ""},
		{"smtps://user:p%40ss@mail.example.test", from, ""},
		{"smtp://[::1]:1025/", from, ""},
		{"mail.example.test:25", from, "SMTP_URL"},
		{"http://mail.example.test", from, "SMTP_URL"},
		{"smtp://user:hunter2@", from, "SMTP_URL"},
		{"smtp://user:hunter2@mail.example.test:0", from, "SMTP_URL"},
		{"smtp://user:hunter2@mail.example.test:x", from, "SMTP_URL"},
		{"smtp://user:hunter2@mail.example.test/inbox", from, "SMTP_URL"},
		{"smtp://user:hunter2@mail.example.test?tls=no", from, "SMTP_URL"},
		{"smtp://127.0.0.1:1025", "", "MAIL_FROM"},
		{"smtp://127.0.0.1:1025", "nobody", "MAIL_FROM"},
	} {
		_, err := newSender(t, tt.server, tt.from)
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s from %q: got %v, want %q", tt.server, tt.from, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is told: %v", err)
		}
	}
}

// listen runs a server that says what answer returns to each line, and "" to hang up. It returns what it heard.
func listen(t *testing.T, greeting string, answer func(line string) string) (addr string, heard func() string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	var mu sync.Mutex
	var said strings.Builder
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, greeting)
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					mu.Lock()
					said.WriteString(lines.Text() + "\n")
					mu.Unlock()
					reply := answer(lines.Text())
					if reply == "" {
						return
					}
					_, _ = io.WriteString(conn, reply)
				}
			}()
		}
	}()
	return listener.Addr().String(), func() string {
		mu.Lock()
		defer mu.Unlock()
		return said.String()
	}
}

func TestAPasswordIsNotSentInTheClear(t *testing.T) {
	t.Parallel()
	addr, heard := listen(t, "220 mail.example.test\r\n", func(line string) string {
		if strings.HasPrefix(line, "EHLO") {
			return "250-mail.example.test\r\n250 AUTH PLAIN LOGIN\r\n"
		}
		return "235 good\r\n"
	})
	err := sender(t, "smtp://user:hunter2@"+addr).Send(t.Context(), mail.Message{To: "a@example.test", Subject: "x", Text: "x", HTML: "x"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want it refused", err)
	}
	if strings.Contains(heard(), "AUTH") || strings.Contains(heard(), "MAIL") {
		t.Errorf("the server heard %q", heard())
	}
}

func TestBrokenServers(t *testing.T) {
	t.Parallel()
	mute, _ := listen(t, "", func(string) string { return "\r\n" })
	refusing, _ := listen(t, "220 hello\r\n", func(line string) string {
		if strings.HasPrefix(line, "RCPT") {
			return "550 no such user, secret-token\r\n"
		}
		return "250 good\r\n"
	})
	leaving, _ := listen(t, "220 hello\r\n", func(string) string { return "" })
	for name, server := range map[string]string{
		"says nothing": "smtp://" + mute, "says nothing over TLS": "smtps://" + mute, "refuses": "smtp://" + refusing, "hangs up": "smtp://" + leaving,
		"is not there": "smtp://127.0.0.1:1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			done := make(chan error, 1)
			go func() {
				done <- sender(t, server).Send(ctx, mail.Message{To: "a@example.test", Subject: "x", Text: "x", HTML: "x"})
			}()
			select {
			case err := <-done:
				if err == nil || strings.Contains(err.Error(), "a@example.test") {
					t.Errorf("got %v, want a failure that names nobody", err)
				}
			case <-time.After(time.Minute):
				t.Error("it waits on and on")
			}
		})
	}
	if err := sender(t, "smtp://"+refusing).Send(t.Context(), mail.Message{To: "nobody", Subject: "x"}); err == nil || strings.Contains(err.Error(), "nobody") {
		t.Errorf("no address: got %v", err)
	}
}

// Servers count how often one connects: what follows soon goes over the same connection, and one that died meanwhile is not
// noticed by who sends.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	server := emulator.Mail(t)
	var mu sync.Mutex
	var conns []net.Conn
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var carried sync.WaitGroup
	defer carried.Wait()
	defer listener.Close()
	carried.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", server)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			conns = append(conns, client, upstream)
			mu.Unlock()
			carried.Go(func() { _, _ = io.Copy(upstream, client); _ = upstream.Close() })
			carried.Go(func() { _, _ = io.Copy(client, upstream); _ = client.Close() })
		}
	})
	closeAll := func() int {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			_ = c.Close()
		}
		return len(conns) / 2
	}
	defer closeAll()
	s := sender(t, "smtp://"+listener.Addr().String())
	to := strings.ToLower(emulator.Prefix(t)[:21]) + "@example.test"
	for i := range 12 {
		if i == 6 {
			if n := closeAll(); n != 1 {
				t.Errorf("six messages took %d connections, want 1", n)
			}
		}
		m := mail.Message{To: telemetry.Personal(to), Subject: "One of many", Text: "x", HTML: "<p>x</p>",
			Attachments: []mail.Attachment{{Name: "figures.csv", Content: []byte("a,b\n")}}}
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if n := closeAll(); n != 2 {
		t.Errorf("twelve messages with a break took %d connections, want 2", n)
	}
}
