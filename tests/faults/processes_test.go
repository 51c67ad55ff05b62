package faults_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// programs are the repository's, built once.
var programs = sync.OnceValues(func() (string, error) {
	root, err := parts.Root()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "fieldboard-faults-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", dir+"/", "./emulators/functionhost", "./realtime-run")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", &buildError{err, string(out)}
	}
	return dir, nil
})

type buildError struct {
	err error
	out string
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.out }

// kept is a program that is started again whenever it has ended.
type kept struct {
	name    string
	command func() *exec.Cmd

	mu      sync.Mutex
	process *parts.Process
	over    bool
	kills   int
	down    time.Duration // how long it stays away after the next kill
	log     *tail
}

// keep starts a program and keeps it until the test ends.
func keep(t *testing.T, name string, command func() *exec.Cmd) *kept {
	t.Helper()
	k := &kept{name: name, command: command, log: &tail{}}
	if err := k.start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.watch(t)
	}()
	t.Cleanup(func() {
		k.mu.Lock()
		k.over = true
		process := k.process
		k.mu.Unlock()
		if err := process.Kill(); err != nil {
			t.Error(err)
		}
		<-done
		if t.Failed() {
			t.Logf("the end of what %s logged:\n%s", name, k.log)
		}
	})
	return k
}

// service keeps one of the repository's programs with an environment.
func service(t *testing.T, name, program string, env map[string]string) *kept {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return keep(t, name, func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(dir, program))
		for variable, value := range env {
			cmd.Env = append(cmd.Env, variable+"="+value)
		}
		return cmd
	})
}

func (k *kept) start() error {
	cmd := k.command()
	cmd.Stdout, cmd.Stderr = k.log, k.log
	process, err := parts.Start(cmd)
	k.process = process
	return err
}

func (k *kept) watch(t *testing.T) {
	t.Helper()
	for {
		k.mu.Lock()
		process := k.process
		k.mu.Unlock()
		<-process.Done()
		k.mu.Lock()
		down := k.down
		k.down = 0
		k.mu.Unlock()
		time.Sleep(down)
		k.mu.Lock()
		if k.over {
			k.mu.Unlock()
			return
		}
		err := k.start()
		k.mu.Unlock()
		if err != nil {
			t.Errorf("starting %s again: %v", k.name, err)
			return
		}
	}
}

// kill ends it as when its machine fails; it is back after down.
func (k *kept) kill(t *testing.T, down time.Duration) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = down
	k.kills++
	if err := k.process.Kill(); err != nil {
		t.Error(err)
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	const most = 16 << 10
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > most {
		l.b.Next(l.b.Len() - most/2)
	}
	return l.b.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
