// Package local tests the program behind `make run` as a person uses it.
package local_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/emulators/signin"
)

// startLimit bounds the start on a busy machine.
const startLimit = 3 * time.Minute

// One start serves all steps: it is the whole product, in all its processes.
func TestRun(t *testing.T) {
	t.Parallel()
	root, err := parts.Root()
	if err != nil {
		t.Fatal(err)
	}
	programs := build(t, root)
	state := t.TempDir()
	run := start(t, root, programs, state)

	said := run.until(t, "Ctrl-C stops everything.")
	url := find(t, said, `Fieldboard is ready: (http://127\.0\.0\.1:\d+)`)
	auth := signin.Auth{Host: find(t, said, `Firebase Auth emulator +(\S+)`), Project: "demo-fieldboard"}

	t.Run("a second one says that one runs", func(t *testing.T) {
		second := command(t, root, programs, state)
		out, err := second.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "already runs") {
			t.Errorf("it ended with %v and said %q", err, out)
		}
	})
	t.Run("every sign-in that it printed works", func(t *testing.T) {
		for _, b := range demo.Businesses() {
			for _, p := range b.People {
				if !strings.Contains(said, p.Email) {
					t.Errorf("%s is not printed", p.Email)
				}
				if _, err := demo.SignIn(t.Context(), url, auth, p.Email); err != nil {
					t.Error(err)
				}
			}
		}
	})
	t.Run("both businesses are copied", func(t *testing.T) {
		for _, b := range demo.Businesses() {
			awaitCopy(t, url, auth, b.People[0].Email)
		}
	})
	t.Run("the technician has visits to look at", func(t *testing.T) {
		awaitVisits(t, url, auth, "technician@demo.fieldboard.test")
	})
	t.Run("an interrupt ends all of it", func(t *testing.T) {
		if err := run.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := run.cmd.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
		for _, address := range regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(said, -1) {
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
			if err != nil {
				t.Errorf("%s is still taken: %v", address, err)
				continue
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// running is a started stack and what it has said.
type running struct {
	cmd   *exec.Cmd
	lines chan string
}

func build(t *testing.T, root string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "./emulators/local", "./emulators/functionhost", "./realtime-run")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

func command(t *testing.T, root, programs, state string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "local"))
	cmd.Dir = root
	cmd.Env = append(ownParts(os.Environ()), "STATE_DIR="+state, "LIVE=0", "DEMO_SCALE=0.02")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// ownParts leaves out the addresses of emulators that other tests of this process use.
func ownParts(environment []string) []string {
	var kept []string
	for _, e := range environment {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasSuffix(name, "_EMULATOR_HOST") && name != "REDIS_URL" {
			kept = append(kept, e)
		}
	}
	return kept
}

func start(t *testing.T, root, programs, state string) *running {
	t.Helper()
	r := &running{cmd: command(t, root, programs, state), lines: make(chan string, 1000)}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stderr = r.cmd.Stdout
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			r.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		if r.cmd.ProcessState == nil {
			_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended meanwhile
			_ = r.cmd.Wait()
		}
	})
	return r
}

// until returns what the stack says up to a line.
func (r *running) until(t *testing.T, last string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	var said strings.Builder
	for {
		select {
		case line, more := <-r.lines:
			if !more {
				t.Fatalf("it ended; it said:\n%s", said.String())
			}
			said.WriteString(line + "\n")
			if strings.Contains(line, last) {
				return said.String()
			}
		case <-ctx.Done():
			t.Fatalf("not ready in time; it said:\n%s", said.String())
		}
	}
}

func find(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %q in:\n%s", pattern, text)
	}
	return found[1]
}

func awaitCopy(t *testing.T, url string, auth signin.Auth, email string) {
	t.Helper()
	client, err := demo.SignIn(t.Context(), url, auth, email)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(startLimit)
	for time.Now().Before(deadline) {
		var state struct {
			FinishedAt *time.Time `json:"finishedAt"`
		}
		if err := client.Call(t.Context(), http.MethodGet, "/api/v1/dashboard/sync", nil, &state); err != nil {
			t.Fatal(err)
		}
		if state.FinishedAt != nil {
			return
		}
		time.Sleep(time.Second) // the limits are the product's own
	}
	t.Fatalf("the copy of %s is not finished", email)
}

func awaitVisits(t *testing.T, url string, auth signin.Auth, email string) {
	t.Helper()
	client, err := demo.SignIn(t.Context(), url, auth, email)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(time.Second) {
		var page struct {
			Items []struct{ ID string }
		}
		if err := client.Call(t.Context(), http.MethodGet, "/api/v1/visits?limit=1", nil, &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Items) > 0 {
			return
		}
	}
	t.Fatalf("%s sees no visits", email)
}
