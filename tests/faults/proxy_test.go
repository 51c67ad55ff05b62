package faults_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// proxy is a plain TCP proxy without sticky sessions: each connection goes to a backend of its choice, or to another one when
// that does not answer.
type proxy struct {
	backends []string
	mu       sync.Mutex
	open     map[net.Conn]bool
	cuts     int
}

func newProxy(t *testing.T, address string, backends ...string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{backends: backends, open: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				return
			}
			serving.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		p.cut()
		serving.Wait()
	})
	return p
}

func (p *proxy) serve(conn net.Conn) {
	defer conn.Close()
	for _, i := range rand.Perm(len(p.backends)) {
		backend, err := net.Dial("tcp", p.backends[i])
		if err != nil {
			continue
		}
		p.join(conn, backend)
		return
	}
}

// join passes on until either side ends.
func (p *proxy) join(a, b net.Conn) {
	defer b.Close()
	p.mu.Lock()
	p.open[a], p.open[b] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, a)
		delete(p.open, b)
	}()
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // how a connection ended does not matter here
		_ = to.Close()
		_ = from.Close()
	}
	both.Go(func() { pass(a, b) })
	both.Go(func() { pass(b, a) })
	both.Wait()
}

// cut ends all connections, in the middle of what they carry.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
	p.cuts++
}
