package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// grace is how long a process may take to end by itself.
const grace = 5 * time.Second

// processes are the programs that the stack started, with their logs in one folder.
type processes struct {
	logs   string
	screen *screen

	mu      sync.Mutex
	running []*parts.Process
	ending  bool
}

// log returns the file of what a process writes.
func (p *processes) log(name string) string {
	file := strings.NewReplacer("/", "", " ", "-").Replace(strings.ToLower(name))
	return filepath.Join(p.logs, file+".log")
}

// start starts a program whose output goes to its log.
func (p *processes) start(name string, cmd *exec.Cmd) (*parts.Process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return nil, context.Canceled
	}
	out, err := os.OpenFile(p.log(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	process, err := parts.Start(cmd)
	if err != nil {
		return nil, err
	}
	p.running = append(p.running, process)
	return process, nil
}

// watch returns when the process or ctx ends; with an error in the first case.
func (p *processes) watch(ctx context.Context, name string, process *parts.Process) error {
	select {
	case <-ctx.Done():
	case <-process.Done():
		if ctx.Err() == nil {
			return &endedError{name, process.Err(), p.log(name)}
		}
	}
	return nil
}

// endedError says that a process ended that was to stay.
type endedError struct {
	name  string
	cause error // nil for a clean end
	log   string
}

func (e *endedError) Error() string {
	return fmt.Sprintf("%s ended (%v); its log is %s", e.name, e.cause, e.log)
}

func (e *endedError) Unwrap() error { return e.cause }

// keep runs a program until ctx ends, and starts it anew when it ends before, as Cloud Run does with its instances.
func (p *processes) keep(ctx context.Context, name string, command func() *exec.Cmd) error {
	for {
		process, err := p.start(name, command())
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		var ended *endedError
		if err := p.watch(ctx, name, process); !errors.As(err, &ended) {
			return err
		}
		p.screen.say("%v. Starting it again.", ended)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// stop ends every program and returns when all are gone.
func (p *processes) stop() {
	p.mu.Lock()
	p.ending = true
	running := p.running
	p.mu.Unlock()
	var ending sync.WaitGroup
	for _, process := range running {
		ending.Go(func() {
			if err := process.Stop(grace); err != nil {
				p.screen.say("%v", err)
			}
		})
	}
	ending.Wait()
}
