// Package parts knows the emulators and servers that stand in for Google Cloud on one machine: how each is found, started
// on an address, awaited and stopped. It serves the local stack and the tests.
package parts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"
)

// Part is one emulator or server.
type Part struct {
	Name     string // for people: "Firestore emulator"
	Port     int    // where it listens by custom
	Variable string // the environment variable by which clients find it; its value is the part's address

	command func(ctx context.Context, host, port string) (*exec.Cmd, error)
	answers func(ctx context.Context, addr string) error
}

// ErrMissing says that a part is not installed. The message that wraps it says what to install.
var ErrMissing = errors.New("not installed")

// Command returns the command that runs the part on addr ("127.0.0.1:8080"), not yet started; the end of ctx kills it. It
// fails with ErrMissing where the part is not installed.
func (p Part) Command(ctx context.Context, addr string) (*exec.Cmd, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s: address %q: %w", p.Name, addr, err)
	}
	cmd, err := p.command(ctx, host, port)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	return cmd, nil
}

// Await returns when the part answers on addr, or with an error when ctx ends first.
func (p Part) Await(ctx context.Context, addr string) error {
	const pause = 50 * time.Millisecond
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := p.answers(attempt, addr)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer on %s: %w", p.Name, addr, err)
		case <-time.After(pause):
		}
	}
}

// FreeAddress returns a loopback address that was free a moment ago.
func FreeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	addr := l.Addr().String()
	return addr, l.Close()
}

func answersHTTP(path string) func(context.Context, string) error {
	return func(ctx context.Context, addr string) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := res.Body.Close(); err != nil {
			return err
		}
		if res.StatusCode >= http.StatusInternalServerError {
			return fmt.Errorf("answered %s", res.Status)
		}
		return nil
	}
}

func answersTCP(ctx context.Context, addr string) error {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return c.Close()
}
