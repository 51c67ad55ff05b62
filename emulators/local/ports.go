package main

import (
	"context"
	"net"
	"strconv"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// ports gives out loopback addresses, each once.
type ports struct {
	given map[string]bool
}

// listen listens on the customary port, or on a free one where that is taken.
func (p *ports) listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		l, err = config.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, err
	}
	p.given[l.Addr().String()] = true
	return l, nil
}

// at returns, for another program to listen there, the address with the customary port, or with a free one where that is taken.
func (p *ports) at(ctx context.Context, port int) (string, error) {
	usual := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if !p.given[usual] && isFree(ctx, usual) {
		p.given[usual] = true
		return usual, nil
	}
	for {
		addr, err := parts.FreeAddress(ctx)
		if err != nil {
			return "", err
		}
		if !p.given[addr] {
			p.given[addr] = true
			return addr, nil
		}
	}
}

func isFree(ctx context.Context, addr string) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	return l.Close() == nil
}
