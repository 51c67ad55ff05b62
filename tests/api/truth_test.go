// Package api tests the product through its HTTP API, from Jobber's webhook to the dashboard's figures.
package api_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/tests/harness"
)

var periods = []string{"today", "7d", "30d", "mtd", "ytd"}

// afternoon is a working day's middle in both businesses' zones.
var afternoon = time.Date(2026, time.June, 10, 17, 0, 0, 0, time.UTC)

// owners of the two businesses.
var owners = map[int]string{1: "owner", 2: "other"}

// sameAsTruth waits until the dashboard shows business n's true figures of every period.
func sameAsTruth(t *testing.T, stack *harness.Stack, n int) {
	t.Helper()
	sameAsTruthWith(t, stack, n, func() {})
}

// healing is how long that may take: a notice of a deletion that was lost, as where a machine is too busy to answer Jobber within
// its second, is found by three runs after each other.
const healing = 6 * time.Minute

// sameAsTruthWith does so while time goes on: tick is called at each look.
func sameAsTruthWith(t *testing.T, stack *harness.Stack, n int, tick func()) {
	t.Helper()
	harness.EventuallyWithin(t, healing, func() error {
		tick()
		for _, period := range periods {
			var want, got map[string]any
			stack.Control(t, http.MethodGet, fmt.Sprintf("accounts/%d/truth?period=%s", n, period), nil, &want)
			stack.Get(t, owners[n], "/api/v1/dashboard/summary?period="+period, &got)
			delete(got, "asOf")
			if diff := cmp.Diff(want, got); diff != "" {
				return fmt.Errorf("%s of business %d (-truth +shown):\n%s", period, n, diff)
			}
		}
		return nil
	})
}

func TestFiguresAreTrueAfterTheCopyAndAfterChanges(t *testing.T) {
	t.Parallel()
	clk := clock.NewShifted(afternoon)
	stack := harness.New(t, harness.Options{Clock: clk, Jobber: jobber.Options{Scale: 0.1, Seed: 7}})
	for n := range owners {
		stack.Connect(t, n)
	}
	for n := range owners {
		stack.WaitCopied(t, n)
		sameAsTruth(t, stack, n)
	}
	for n := range owners {
		stack.Control(t, http.MethodPost, fmt.Sprintf("accounts/%d/random?seed=%d&count=500", n, n), nil, nil)
	}
	// Jobber tells of most changes by webhook. Of the rest the next run learns, and the schedule hands on the notices that a
	// busy machine could not publish within the second that Jobber waits.
	ticked := time.Time{}
	for n := range owners {
		sameAsTruthWith(t, stack, n, func() {
			if time.Since(ticked) > 15*time.Second {
				clk.Advance(6 * time.Minute)
				stack.Schedule(t, "schedulesync")
				ticked = time.Now()
			}
		})
	}
}

// Workers die at random moments of the copy, Jobber fails now and then, and people go on working meanwhile.
func TestFiguresAreTrueAfterAnInterruptedCopy(t *testing.T) {
	t.Parallel()
	clk := clock.NewShifted(afternoon)
	stack := harness.New(t, harness.Options{Clock: clk, Jobber: jobber.Options{Scale: 0.05, Seed: 3}})
	random := rand.New(rand.NewPCG(20, 26))
	stack.Control(t, http.MethodPost, "faults", map[string]any{"kind": "500", "probability": 0.05}, nil)
	stack.Connect(t, 1)
	for range 3 {
		before := copied(t, stack)
		harness.Eventually(t, func() error {
			if now := copied(t, stack); now < before+50+random.IntN(300) {
				return fmt.Errorf("%d records are copied, %d before", now, before)
			}
			return nil
		})
		stack.BreakOff(t, "runsync")
		stack.Control(t, http.MethodPost, "accounts/1/random?seed=5&count=20", nil, nil)
		clk.Advance(3 * time.Minute) // longer than a dead worker's lease
	}
	stack.Control(t, http.MethodDelete, "faults", nil, nil)
	stack.WaitCopied(t, 1)
	sameAsTruth(t, stack, 1)
}

func copied(t *testing.T, stack *harness.Stack) int {
	t.Helper()
	var state struct {
		Collections []struct {
			Copied int `json:"copied"`
		} `json:"collections"`
	}
	stack.Get(t, "owner", "/api/v1/dashboard/sync", &state)
	sum := 0
	for _, c := range state.Collections {
		sum += c.Copied
	}
	return sum
}
