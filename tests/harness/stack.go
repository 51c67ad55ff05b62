package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/api/iterator"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/emulators/settings"
)

// As returns a signed-in person of the large business by role ("owner", "admin", "dispatcher", "technician", "viewer"), or
// "other" for the owner of the small one. It signs in once for some minutes of the stack's clock.
func (s *Stack) As(tb testing.TB, who string) *demo.Client {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	const fresh = 10 * time.Minute // less than an access token's life
	if known, ok := s.clients[who]; ok && s.Clock.Now().Sub(known.at) < fresh {
		return known.client
	}
	ctx, cancel := context.WithTimeout(tb.Context(), startLimit)
	defer cancel()
	client, err := demo.SignIn(ctx, s.URL, s.Auth, emailOf(tb, who))
	if err != nil {
		tb.Fatal(err)
	}
	s.clients[who] = signedIn{client, s.Clock.Now()}
	return client
}

func emailOf(tb testing.TB, who string) string {
	tb.Helper()
	businesses := demo.Businesses()
	if who == "other" {
		return businesses[1].People[0].Email
	}
	for _, p := range businesses[0].People {
		if string(p.Role) == who {
			return p.Email
		}
	}
	tb.Fatalf("nobody is called %q", who)
	return ""
}

// ownerOf returns who connects the business of a Jobber account.
func ownerOf(n int) string {
	if n == 2 {
		return "other"
	}
	return "owner"
}

// Get reads a path of the API as somebody into result. Anything but success ends the test.
func (s *Stack) Get(tb testing.TB, who, path string, result any) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), startLimit)
	defer cancel()
	if err := s.As(tb, who).Call(ctx, http.MethodGet, path, nil, result); err != nil {
		tb.Fatal(err)
	}
}

// Connect connects business n to account n of the Jobber emulator, as its owner does in a browser.
func (s *Stack) Connect(tb testing.TB, n int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), startLimit)
	defer cancel()
	if err := s.As(tb, ownerOf(n)).Connect(ctx, n); err != nil {
		tb.Fatal(err)
	}
}

// WaitCopied returns when the first copy of business n is complete.
func (s *Stack) WaitCopied(tb testing.TB, n int) {
	tb.Helper()
	Eventually(tb, func() error {
		var state struct {
			FinishedAt  *time.Time `json:"finishedAt"`
			Collections []struct {
				Collection, State, Error string
				Copied                   int
			} `json:"collections"`
		}
		s.Get(tb, ownerOf(n), "/api/v1/dashboard/sync", &state)
		for _, c := range state.Collections {
			if c.State != "live" {
				return fmt.Errorf("%s is %s after %d records %s", c.Collection, c.State, c.Copied, c.Error)
			}
		}
		if state.FinishedAt == nil {
			return fmt.Errorf("the run is not finished")
		}
		return nil
	})
}

// Eventually calls check until it returns nil. The test ends with its last error when that takes more than two minutes.
func Eventually(tb testing.TB, check func() error) {
	tb.Helper()
	EventuallyWithin(tb, startLimit, check)
}

// EventuallyWithin is Eventually with another limit.
func EventuallyWithin(tb testing.TB, limit time.Duration, check func() error) {
	tb.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Control calls the Jobber emulator's control API: Control(t, "POST", "accounts/1/visits/any/complete", nil, &done).
func (s *Stack) Control(tb testing.TB, method, path string, body, result any) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), startLimit)
	defer cancel()
	client := demo.Anonymous(s.JobberURL)
	if err := client.Call(ctx, method, "/_control/"+strings.TrimPrefix(path, "/"), body, result); err != nil {
		tb.Fatal(err)
	}
}

// Schedule calls a scheduled function now, as Cloud Scheduler does at its times.
func (s *Stack) Schedule(tb testing.TB, function string) {
	tb.Helper()
	f, ok := s.manifest.Function(function)
	if !ok || f.Schedule == "" {
		tb.Fatalf("%s is no scheduled function", function)
	}
	if err := s.scheduler.Call(tb.Context(), s.job(f.Name)); err != nil {
		tb.Fatal(err)
	}
}

// job returns the full name of a job of Cloud Scheduler.
func (s *Stack) job(id string) string {
	return fmt.Sprintf("projects/%s/locations/%s/jobs/%s", s.Project, settings.Location, id)
}

// CallJobs calls every job of Cloud Scheduler whose id begins so, one after the other, and returns how many there are.
func (s *Stack) CallJobs(tb testing.TB, prefix string) int {
	tb.Helper()
	client, err := s.Cloud.Scheduler(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	called := 0
	for jobs := client.ListJobs(tb.Context(), &schedulerpb.ListJobsRequest{Parent: strings.TrimSuffix(s.job(""), "/jobs/")}); ; {
		job, err := jobs.Next()
		if errors.Is(err, iterator.Done) {
			return called
		}
		if err != nil {
			tb.Fatal(err)
		}
		if !strings.HasPrefix(job.GetName(), s.job(prefix)) {
			continue
		}
		called++
		if err := s.scheduler.Call(tb.Context(), job.GetName()); err != nil {
			tb.Fatal(err)
		}
	}
}

// WorkerToken returns a token as Cloud Scheduler has it for a function; of another caller than the invoker where one is named.
func (s *Stack) WorkerToken(tb testing.TB, function, caller string) string {
	tb.Helper()
	if caller == "" {
		caller = settings.Invoker
	}
	token, err := s.issuer.Token(caller, s.Functions[function])
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// Environment returns the environment of a function or service that the test runs by itself, and its address, "127.0.0.1:…".
func (s *Stack) Environment(tb testing.TB, name string) (env map[string]string, address string) {
	tb.Helper()
	var err error
	if f, ok := s.manifest.Function(name); ok {
		env, err = s.env.Function(f)
		env["FUNCTION_TARGET"] = f.EntryPoint
	} else {
		for _, service := range s.manifest.Services {
			if service.Name == name {
				env, err = s.env.Service(service)
			}
		}
	}
	if err != nil || env == nil {
		tb.Fatalf("the environment of %s: %v", name, err)
	}
	maps.Copy(env, s.settings)
	address = s.servers[name].Listener.Addr().String()
	_, env["PORT"], _ = strings.Cut(address, ":")
	return env, address
}

// BreakOff ends everything that a function is doing, as when its instance dies. What it holds, such as a lease, stays held.
func (s *Stack) BreakOff(tb testing.TB, function string) {
	tb.Helper()
	server, ok := s.servers[function]
	if !ok {
		tb.Fatalf("there is no function %s", function)
	}
	server.CloseClientConnections()
}
