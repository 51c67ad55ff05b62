package load_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// TestMain is also the bare loop, as a process of its own whose CPU can be told from the clients'.
func TestMain(m *testing.M) {
	if job := os.Getenv("FLOOR"); job != "" {
		if err := floor(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// floor writes to as many sockets as there shall be, at a rate, for a time, and stays until it is ended.
func floor(job string) error {
	var address string
	var sockets, rate, seconds, size int
	if _, err := fmt.Sscanf(job, "%s %d %d %d %d", &address, &sockets, &rate, &seconds, &size); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	conns := make([]net.Conn, sockets)
	for i := range conns {
		if conns[i], err = listener.Accept(); err != nil {
			return err
		}
	}
	message := bytes.Repeat([]byte("x"), size)
	every := time.NewTicker(time.Second / time.Duration(rate))
	for range rate * seconds {
		<-every.C
		for _, conn := range conns {
			if _, err := conn.Write(message); err != nil {
				return err
			}
		}
	}
	for _, conn := range conns {
		if err := conn.Close(); err != nil {
			return err
		}
	}
	select {}
}

// measureFloor returns the CPU microseconds that one write takes.
func measureFloor(b *testing.B, sockets, rate, seconds, size int) float64 {
	b.Helper()
	address, err := parts.FreeAddress(b.Context())
	must(b, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("FLOOR=%s %d %d %d %d", address, sockets, rate, seconds, size))
	p := start(b, cmd)
	ended := make(chan error, sockets)
	for i := range sockets {
		var conn net.Conn
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if conn, err = net.Dial("tcp", address); err == nil || i > 0 || time.Now().After(deadline) {
				break
			}
		}
		must(b, err)
		go func() {
			_, err := io.Copy(io.Discard, conn)
			_ = conn.Close() // the other side has
			ended <- err
		}()
	}
	for range sockets {
		must(b, <-ended)
	}
	return float64(p.cpu(b).Microseconds()) / float64(sockets*rate*seconds)
}

// process is a program whose use of the machine is looked at.
type process struct{ cmd *exec.Cmd }

func start(b *testing.B, cmd *exec.Cmd) *process {
	b.Helper()
	cmd.Stderr = os.Stderr
	must(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // by that
	})
	return &process{cmd: cmd}
}

// cpu is what the process has used so far.
func (p *process) cpu(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	must(b, err)
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	var ticks int
	for _, f := range fields[11:13] { // in the program, and in the kernel for it
		n, err := strconv.Atoi(f)
		must(b, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memory is the kilobytes of the machine's memory that the process has.
func (p *process) memory(b *testing.B) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(b, err)
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	must(b, err)
	return kilobytes
}
