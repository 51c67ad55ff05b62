package emulator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// shared returns the part of this `go test` run, which the first process that asks starts. Processes find each other
// through a folder named by the run; a lock there lets one at a time look and start.
func shared(ctx context.Context, name string, part parts.Part, second []string) (_ server, err error) {
	run := runID()
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("fieldboard-tests-%d", os.Getuid()), strconv.Itoa(run))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return server{}, err
	}
	unlock, err := lock(filepath.Join(dir, name+".lock"))
	if err != nil {
		return server{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	record := filepath.Join(dir, name+".address")
	if s, ok := running(ctx, record, part); ok {
		return s, nil
	}
	addr, err := parts.FreeAddress(ctx)
	if err != nil {
		return server{}, err
	}
	log := filepath.Join(dir, name+".log")
	if err := keep(ctx, run, part, addr, log); err != nil {
		return server{}, err
	}
	if err := part.Await(ctx, addr); err != nil {
		return server{}, fmt.Errorf("%w; its log is %s", err, log)
	}
	s := server{address: addr, second: strings.Join(second, "")}
	return s, os.WriteFile(record, []byte(s.address+"\n"+s.second), 0o600)
}

// running returns the part that the record names, if it still answers. A record can be older than this run, where process
// ids have come round.
func running(ctx context.Context, record string, part parts.Part) (server, bool) {
	content, err := os.ReadFile(record)
	if err != nil {
		return server{}, false
	}
	address, second, _ := strings.Cut(string(content), "\n")
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if part.Await(ctx, address) != nil {
		return server{}, false
	}
	return server{address: address, second: second}, true
}

// keeper runs a command until it ends or the process named first has gone. It is a shell, because it must outlive the test
// process that starts it: the next package's tests use the same part.
const keeper = `
"$@" & child=$!
trap 'kill -KILL $child' TERM INT HUP
while kill -0 "$0" 2>/dev/null && kill -0 $child 2>/dev/null; do sleep 1; done
kill -KILL $child 2>/dev/null
`

func keep(ctx context.Context, run int, part parts.Part, addr, log string) error {
	cmd, err := part.Command(context.WithoutCancel(ctx), addr)
	if err != nil {
		return err
	}
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	shell := exec.CommandContext(context.WithoutCancel(ctx), "sh", append([]string{"-c", keeper, strconv.Itoa(run), cmd.Path}, cmd.Args[1:]...)...)
	shell.Dir, shell.Env = cmd.Dir, cmd.Env
	shell.Stdout, shell.Stderr = out, out
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := shell.Start(); err != nil {
		return fmt.Errorf("starting the %s: %w", part.Name, err)
	}
	return shell.Process.Release()
}

// runID is the process that the run ends with: the `go` command that runs this test, or the test itself when it was started
// by hand.
func runID() int {
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err == nil && strings.TrimSpace(string(name)) == "go" {
		return parent
	}
	return os.Getpid()
}

func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
