package parts_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// parentVariable makes the test's program the parent of TestDiesWithItsParent instead of running tests.
const parentVariable = "FIELDBOARD_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) != "" {
		if err := parent(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// parent starts a process that would run for long, tells its id, and waits to be killed.
func parent() error {
	cmd := exec.Command("sleep", "600")
	process, err := parts.Start(cmd)
	if err != nil {
		return err
	}
	fmt.Println(cmd.Process.Pid)
	<-process.Done()
	return nil
}

func TestDiesWithItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), parentVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := readPID(t, bufio.NewReader(out))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the parent ended by itself")
	}
	awaitGone(t, child)
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	process, err := parts.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	child := readPID(t, bufio.NewReader(out))
	if err := process.Stop(10 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, cmd.Process.Pid)
	awaitGone(t, child)
}

func TestMissingPartSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for install, part := range map[string]parts.Part{
		"redis-server":   parts.Redis(),
		"a Java runtime": parts.Firestore(),
		"Node.js":        parts.Auth("demo-x"),
		"(17 or later)":  parts.PubSub(),
	} {
		_, err := part.Command(t.Context(), "127.0.0.1:1")
		if !errors.Is(err, parts.ErrMissing) || !strings.Contains(err.Error(), install) {
			t.Errorf("%s: %v, want one that says to install %s", part.Name, err, install)
		}
	}
}

func readPID(t *testing.T, from *bufio.Reader) int {
	t.Helper()
	line, err := from.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// awaitGone returns when a process is no more, or only a zombie that its new parent has yet to collect.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || isZombie(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("process %d lives on", pid)
}

func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}
