// Command local runs the whole product on this machine: the emulators, the functions, the realtime service and the dashboard,
// with two businesses that are connected to a living Jobber emulator. `make run` starts it, Ctrl-C ends all of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// options are the choices of who starts the stack.
type options struct {
	State string  `env:"STATE_DIR, default=.local"` // where the lock and the logs are, below the repository's folder or absolute
	Live  bool    `env:"LIVE, default=1"`           // things happen in the businesses by themselves
	Scale float64 `env:"DEMO_SCALE, default=1"`     // of the businesses' full size
	Speed int     `env:"JOBBER_SPEED, default=100"` // times Jobber's real limits
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	var opts options
	if err := envconfig.Process(ctx, &opts); err != nil {
		return err
	}
	root, err := parts.Root()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(opts.State) {
		opts.State = filepath.Join(root, opts.State)
	}
	unlock, err := lock(opts.State)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	s, err := newStack(ctx, root, opts)
	if err != nil {
		return err
	}
	return s.run(ctx)
}
