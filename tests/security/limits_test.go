package security_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/tests/harness"
)

// The product's own quotas, on the whole way. The stack's people come from one address, as those of an office do.
func TestLimits(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{Settings: map[string]string{"RATE_LIMIT_FACTOR": "1", "RATE_LIMIT_TIMEOUT": "1m"}})

	t.Run("one person, over all functions", func(t *testing.T) {
		token := stack.As(t, "owner").AccessToken
		paths := []string{"/api/v1/me", "/api/v1/visits", "/api/v1/dashboard/summary?period=7d", "/api/v1/jobber/connection"}
		answers := map[int]int{}
		for i := range 140 {
			res := try(t, stack, attempt{path: paths[i%len(paths)], token: token})
			answers[res.status]++
			if res.header.Get("RateLimit") == "" || res.header.Get("RateLimit-Policy") == "" {
				t.Fatalf("an answer of %d does not tell of the limits: %v", res.status, res.header)
			}
			if (res.status == http.StatusTooManyRequests) != (res.header.Get("Retry-After") != "") {
				t.Fatalf("an answer of %d has Retry-After %q", res.status, res.header.Get("Retry-After"))
			}
		}
		// The clock runs on: what it gives back meanwhile is let in too.
		if answers[http.StatusOK] < 100 || answers[http.StatusOK]+answers[http.StatusTooManyRequests] != 140 {
			t.Errorf("got %v, want 100 successes or some more, and 429 for the others", answers)
		}
	})
	t.Run("who goes on gets less, and it is told", func(t *testing.T) {
		token := stack.As(t, "owner").AccessToken
		const abnormal = "abnormal-usage-detected"
		said := ""
		for range 300 {
			if got := try(t, stack, attempt{path: "/api/v1/me", token: token}); strings.Contains(got.body, abnormal) {
				said = got.body
				break
			}
		}
		if said == "" {
			t.Error("300 more requests were refused as any others")
		}
		if told := eventsOf(t, stack, "security.limit_tightened"); !slices.Equal(told, []string{"security demo-owner"}) {
			t.Errorf("told %q", told)
		}
	})
	t.Run("another person is not concerned", func(t *testing.T) {
		if res := try(t, stack, attempt{path: "/api/v1/me", token: stack.As(t, "viewer").AccessToken}); res.status != http.StatusOK {
			t.Errorf("got %d, want 200", res.status)
		}
	})
	t.Run("guesses, each from an address that it made up", func(t *testing.T) {
		answers := map[int]int{}
		for i := range 200 {
			forged := http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", i)}, "X-Real-Ip": {fmt.Sprintf("203.0.113.%d", i)}}
			answers[try(t, stack, attempt{path: "/api/v1/me", token: fmt.Sprintf("fbk_guess%d", i), header: forged}).status]++
		}
		if answers[http.StatusUnauthorized] < 30 || answers[http.StatusTooManyRequests] == 0 || len(answers) != 2 {
			t.Errorf("got %v, want some 30 answers of 401, and 429 for the others", answers)
		}
	})
	t.Run("Jobber's webhooks are never too many", func(t *testing.T) {
		for range 300 {
			if res := try(t, stack, attempt{method: "POST", path: "/api/webhooks/jobber", body: "{}"}); res.status != http.StatusUnauthorized {
				t.Fatalf("got %d, want 401: it is not signed", res.status)
			}
		}
	})
}
