package harness_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/tests/harness"
)

// figures are those parts of the summary that the Jobber emulator's truth has too.
type figures map[string]json.RawMessage

// The whole way: connect, copy, show the true figures, then follow what happens in Jobber.
func TestCopyAndFollow(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)
	sameAsTruth(t, stack, 1)

	stack.Control(t, http.MethodPost, "accounts/1/visits/any/complete", nil, nil)
	stack.Control(t, http.MethodPost, "accounts/1/clients", nil, nil)
	sameAsTruth(t, stack, 1)

	stack.Schedule(t, "relay")
	stack.Schedule(t, "sealevents")
	stack.Schedule(t, "schedulesync")
}

// A stack can stand at any time, also far from the machine's.
func TestClockOfTheTest(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(time.Now().Add(-100 * 24 * time.Hour).Truncate(time.Second))
	stack := harness.New(t, harness.Options{Clock: clk})
	stack.Connect(t, 2)
	stack.WaitCopied(t, 2)
	sameAsTruth(t, stack, 2)
}

func TestRoles(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	for _, who := range []string{"owner", "admin", "dispatcher", "technician", "viewer", "other"} {
		var me struct {
			Member struct{ Email string }
		}
		stack.Get(t, who, "/api/v1/me", &me)
		if !strings.Contains(me.Member.Email, "@") {
			t.Errorf("%s is %+v", who, me)
		}
	}
	var refused *demo.StatusError
	err := demo.Anonymous(stack.URL).Call(t.Context(), http.MethodGet, "/api/v1/me", nil, nil)
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("someone who is not signed in: %v, want 401", err)
	}
}

// sameAsTruth waits until the dashboard shows business n's true figures.
func sameAsTruth(t *testing.T, stack *harness.Stack, n int) {
	t.Helper()
	who := map[int]string{1: "owner", 2: "other"}[n]
	harness.Eventually(t, func() error {
		for _, period := range []string{"today", "7d", "30d", "mtd", "ytd"} {
			var got, want figures
			stack.Control(t, http.MethodGet, fmt.Sprintf("accounts/%d/truth?period=%s", n, period), nil, &want)
			stack.Get(t, who, "/api/v1/dashboard/summary?period="+period, &got)
			delete(got, "asOf")
			if diff := cmp.Diff(want, got, cmp.Transformer("text", func(m json.RawMessage) string { return string(m) })); diff != "" {
				return fmt.Errorf("%s of business %d differs from the truth (-truth +shown):\n%s", period, n, diff)
			}
		}
		return nil
	})
}
