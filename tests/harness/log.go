package harness

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"testing"

	"fieldboard.dev/fieldboard/shared/instance"
)

// maxLog is how much of a stack's log a failed test shows, its end.
const maxLog = 64 << 10

// testLog returns a logger whose lines are shown when the test fails. It may be used after the test's end.
func testLog(tb testing.TB) *slog.Logger {
	tb.Helper()
	tail := &tail{}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the end of the stack's log:\n%s", tail.content())
		}
	})
	return instance.Logger(tail)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

var _ io.Writer = (*tail)(nil)

func (l *tail) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"severity":"INFO","message":"request"`)) {
		return len(p), nil // an answered request is no clue, and a waiting test makes many
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, p...)
	if len(l.kept) > 2*maxLog {
		l.kept = append([]byte(nil), l.kept[len(l.kept)-maxLog:]...)
	}
	return len(p), nil
}

func (l *tail) content() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept[max(0, len(l.kept)-maxLog):])
}
