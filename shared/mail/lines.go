package mail

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Connections are kept for what follows soon, as servers count how often one connects. One that has been idle for long, or has
// carried much, is closed: servers do so too, and say so at an inconvenient time.
const (
	mostIdle    = 4
	idleFor     = 30 * time.Second
	mostCarried = 100
)

// line is one connection to the server.
type line struct {
	client  *gomail.Client
	talk    *smtp.Client
	conn    atomic.Pointer[net.Conn]
	carried int
	since   time.Time // when it became idle, by the machine's clock: it is the server's patience that is measured
}

// lines keeps idle connections.
type lines struct {
	mu   sync.Mutex
	idle []*line
}

// take returns a connection that works: one that is kept, or a new one.
func (ls *lines) take(ctx context.Context, s *Sender) (*line, error) {
	for {
		ls.mu.Lock()
		n := len(ls.idle)
		if n == 0 {
			ls.mu.Unlock()
			return s.connect(ctx)
		}
		l := ls.idle[n-1]
		ls.idle = ls.idle[:n-1]
		ls.mu.Unlock()
		if time.Since(l.since) < idleFor && l.works(ctx) {
			return l, nil
		}
		l.hangUp()
	}
}

// giveBack keeps a connection that carried a message, and ends one that failed.
func (ls *lines) giveBack(l *line, failed error) {
	l.carried++
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if failed != nil || l.carried >= mostCarried || len(ls.idle) >= mostIdle {
		if failed == nil {
			_ = l.talk.Quit() // the server has the message, whatever it says to this
		}
		l.hangUp()
		return
	}
	l.since = time.Now()
	ls.idle = append(ls.idle, l)
}

// connect dials the server and signs in. The end of ctx ends it: the library leaves a connection open where it fails half-way,
// and grants every step of it the whole time anew.
func (s *Sender) connect(ctx context.Context) (*line, error) {
	l := &line{}
	dial := func(dialing context.Context, network, _ string) (net.Conn, error) {
		conn, err := s.server.dial(dialing, network)
		if err == nil {
			l.conn.Store(&conn)
		}
		return conn, err
	}
	client, err := gomail.NewClient(s.server.host, s.options(dial)...)
	if err != nil {
		return nil, err
	}
	l.client = client
	stop := context.AfterFunc(ctx, l.hangUp)
	defer stop()
	if l.talk, err = client.DialToSMTPClientWithContext(ctx); err != nil {
		l.hangUp()
		return nil, err
	}
	return l, nil
}

func (s *server) dial(ctx context.Context, network string) (net.Conn, error) {
	address := net.JoinHostPort(s.host, strconv.Itoa(s.port))
	if s.tls {
		dialer := &tls.Dialer{Config: &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}}
		return dialer.DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// works tells whether the server still answers on a connection that was idle.
func (l *line) works(ctx context.Context) bool {
	return l.within(ctx, func() error { return l.talk.Noop() }) == nil
}

func (l *line) send(ctx context.Context, message *gomail.Msg) error {
	return l.within(ctx, func() error { return l.client.SendWithSMTPClient(l.talk, message) })
}

// within ends what is done on a connection when ctx ends.
func (l *line) within(ctx context.Context, f func() error) error {
	stop := context.AfterFunc(ctx, l.hangUp)
	defer stop()
	if err := l.talk.UpdateDeadline(sendTimeout); err != nil {
		return err
	}
	return f()
}

func (l *line) hangUp() {
	if conn := l.conn.Load(); conn != nil {
		_ = (*conn).Close() // closed already, unless sending failed
	}
}
