package scheduler_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	api "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

const (
	account  = "invoker@demo.example"
	location = "projects/demo-x/locations/us-central1"
)

// newScheduler returns a scheduler behind its gRPC surface, as a client of Cloud Scheduler sees it.
func newScheduler(t *testing.T, issuer *scheduler.Issuer, clk clock.Clock) (*scheduler.Scheduler, *api.CloudSchedulerClient) {
	t.Helper()
	if issuer == nil {
		var err error
		if issuer, err = scheduler.NewIssuer("http://issuer.example", clk); err != nil {
			t.Fatal(err)
		}
	}
	s := scheduler.New(issuer, clk, slog.New(slog.DiscardHandler))
	server := httptest.NewUnstartedServer(s.Handler())
	server.Config.Protocols = scheduler.Protocols()
	server.Start()
	t.Cleanup(server.Close)
	clients := cloud.New(cloud.Config{Project: "demo-x", SchedulerEmulatorHost: server.Listener.Addr().String()})
	t.Cleanup(func() {
		if err := clients.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := clients.Scheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

// job is one that posts to a target.
func job(id, line, zone, target string, change ...func(*schedulerpb.Job)) *schedulerpb.CreateJobRequest {
	j := &schedulerpb.Job{
		Name: location + "/jobs/" + id, Schedule: line, TimeZone: zone,
		Target: &schedulerpb.Job_HttpTarget{HttpTarget: &schedulerpb.HttpTarget{
			Uri: target, HttpMethod: schedulerpb.HttpMethod_POST, Body: []byte(`{"n":1}`),
			Headers: map[string]string{"Content-Type": "application/json"},
			AuthorizationHeader: &schedulerpb.HttpTarget_OidcToken{OidcToken: &schedulerpb.OidcToken{
				ServiceAccountEmail: account, Audience: target,
			}},
		}},
	}
	for _, f := range change {
		f(j)
	}
	return &schedulerpb.CreateJobRequest{Parent: location, Job: j}
}

// A worker that verifies its callers as the deployed ones do takes the scheduler's calls and no others.
func TestCallIsVerifiable(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC))
	issuer, err := scheduler.NewIssuer("http://issuer.example", clk)
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(issuer)
	defer keys.Close()

	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1/0",
	}), clk, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int32
	worker := httptest.NewUnstartedServer(nil)
	workerURL := "http://" + worker.Listener.Addr().String() + "/"
	functions := httpapi.New(in, httpapi.Options{Name: "worker"})
	access := httpapi.OIDC(httpapi.OIDCConfig{
		Issuer: "http://issuer.example", JWKSURL: keys.URL, Invoker: account, Audience: workerURL,
	}, clk)
	httpapi.Register(functions, huma.Operation{OperationID: "work", Method: http.MethodPost, Path: "/"}, access,
		func(context.Context, *struct{}) (*struct{}, error) { calls.Add(1); return nil, nil })
	worker.Config.Handler = functions.Handler()
	worker.Start()
	defer worker.Close()

	s, client := newScheduler(t, issuer, clk)
	for id, as := range map[string]string{"good": account, "stranger": "someone@else.example"} {
		request := job(id, "* * * * *", "UTC", workerURL, func(j *schedulerpb.Job) {
			j.GetHttpTarget().GetOidcToken().ServiceAccountEmail = as
			j.GetHttpTarget().Body = nil
		})
		if _, err := client.CreateJob(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Call(t.Context(), location+"/jobs/good"); err != nil {
		t.Error(err)
	}
	if err := s.Call(t.Context(), location+"/jobs/stranger"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("another account's call: %v, want a 403", err)
	}
	if got := calls.Load(); got != 1 {
		t.Errorf("%d calls reached the worker, want 1", got)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	_, client := newScheduler(t, nil, clock.System)
	for name, request := range map[string]*schedulerpb.CreateJobRequest{
		"a broken line":      job("x", "often", "UTC", "http://a.example"),
		"a macro":            job("x", "@daily", "UTC", "http://a.example"),
		"an unknown zone":    job("x", "* * * * *", "Mars/Base", "http://a.example"),
		"the machine's zone": job("x", "* * * * *", "Local", "http://a.example"),
		"a broken address":   job("x", "* * * * *", "UTC", "a.example"),
		"a broken name":      job("x y", "* * * * *", "UTC", "http://a.example"),
		"too many retries":   job("x", "* * * * *", "UTC", "http://a.example", func(j *schedulerpb.Job) { j.RetryConfig = &schedulerpb.RetryConfig{RetryCount: 6} }),
		"another location":   {Parent: "projects/p/locations/l", Job: job("x", "* * * * *", "UTC", "http://a.example").GetJob()},
	} {
		if _, err := client.CreateJob(t.Context(), request); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want InvalidArgument", name, err)
		}
	}
}

// A job's life as its owner sees it through the client.
func TestLifeOfAJob(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC))
	_, client := newScheduler(t, nil, clk)
	ctx := t.Context()
	name := location + "/jobs/report"
	made, err := client.CreateJob(ctx, job("report", "30 8 * * 1", "America/Denver", "http://a.example"))
	if err != nil {
		t.Fatal(err)
	}
	next := func(j *schedulerpb.Job) string { return j.GetScheduleTime().AsTime().Format(time.RFC3339) }
	if got := next(made); got != "2031-05-05T14:30:00Z" || made.GetState() != schedulerpb.Job_ENABLED {
		t.Errorf("made: next at %s, %s; want 2031-05-05T14:30:00Z, enabled", got, made.GetState())
	}
	if _, err := client.CreateJob(ctx, job("report", "* * * * *", "UTC", "http://a.example")); status.Code(err) != codes.AlreadyExists {
		t.Errorf("made twice: %v, want AlreadyExists", err)
	}
	changed, err := client.UpdateJob(ctx, &schedulerpb.UpdateJobRequest{
		Job:        &schedulerpb.Job{Name: name, TimeZone: "Europe/Berlin", Description: "not in the mask"},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_zone"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := next(changed); got != "2031-05-05T06:30:00Z" || changed.GetDescription() != "" || changed.GetSchedule() != "30 8 * * 1" {
		t.Errorf("changed: next at %s, %v", got, changed)
	}
	for step, want := range []codes.Code{codes.OK, codes.FailedPrecondition} {
		paused, err := client.PauseJob(ctx, &schedulerpb.PauseJobRequest{Name: name})
		if status.Code(err) != want || (err == nil && paused.GetState() != schedulerpb.Job_PAUSED) {
			t.Errorf("pause %d: %v %v", step, paused, err)
		}
	}
	for step, want := range []codes.Code{codes.OK, codes.FailedPrecondition} {
		if _, err := client.ResumeJob(ctx, &schedulerpb.ResumeJobRequest{Name: name}); status.Code(err) != want {
			t.Errorf("resume %d: %v, want %v", step, err, want)
		}
	}
	for _, id := range []string{"b", "a", "c"} {
		if _, err := client.CreateJob(ctx, job(id, "* * * * *", "UTC", "http://a.example")); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.DeleteJob(ctx, &schedulerpb.DeleteJobRequest{Name: location + "/jobs/b"}); err != nil {
		t.Error(err)
	}
	if _, err := client.GetJob(ctx, &schedulerpb.GetJobRequest{Name: location + "/jobs/b"}); status.Code(err) != codes.NotFound {
		t.Errorf("deleted: %v, want NotFound", err)
	}
	var listed []string
	for it := client.ListJobs(ctx, &schedulerpb.ListJobsRequest{Parent: location, PageSize: 2}); ; {
		j, err := it.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, strings.TrimPrefix(j.GetName(), location+"/jobs/"))
	}
	if diff := cmp.Diff([]string{"a", "c", "report"}, listed); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

// The wall clock of the zone decides: a time that the clocks leave out does not come, one that they show twice comes twice.
func TestTickFollowsTheWallClock(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line     string
		from, to string
		want     []string
	}{
		"clocks go forward": {"30 2 * * *", "2031-03-08T12:00:00Z", "2031-03-10T12:00:00Z", []string{"2031-03-10T08:30:00Z"}},
		"clocks go back":    {"30 1 * * *", "2031-11-01T12:00:00Z", "2031-11-02T12:00:00Z", []string{"2031-11-02T07:30:00Z", "2031-11-02T08:30:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := func(text string) time.Time {
				parsed, err := time.Parse(time.RFC3339, text)
				if err != nil {
					t.Fatal(err)
				}
				return parsed
			}
			clk := clock.NewManual(at(test.from))
			s, client := newScheduler(t, nil, clk)
			got := make(chan string, 10)
			worker := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got <- r.Header.Get("X-CloudScheduler-ScheduleTime")
			}))
			defer worker.Close()
			if _, err := client.CreateJob(t.Context(), job("report", test.line, "America/Denver", worker.URL)); err != nil {
				t.Fatal(err)
			}
			for ; clk.Now().Before(at(test.to)); clk.Advance(10 * time.Minute) {
				if err := s.Tick(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			close(got)
			var times []string
			for slot := range got {
				times = append(times, slot)
			}
			if diff := cmp.Diff(test.want, times); diff != "" {
				t.Errorf("called (-want +got):\n%s", diff)
			}
		})
	}
}

// A run that lasts over its next times is not run beside itself, and what waited comes once.
func TestNoJobOverlapsItself(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(time.Date(2031, 5, 1, 12, 0, 30, 0, time.UTC))
	s, client := newScheduler(t, nil, clk)
	arrived, answer := make(chan string, 10), make(chan struct{})
	worker := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- r.Header.Get("X-CloudScheduler-ScheduleTime")
		<-answer
	}))
	defer worker.Close()
	if _, err := client.CreateJob(t.Context(), job("slow", "* * * * *", "UTC", worker.URL)); err != nil {
		t.Fatal(err)
	}
	clk.Advance(time.Minute)
	done := make(chan error)
	go func() { done <- s.Tick(t.Context()) }()
	first := <-arrived
	clk.Advance(3 * time.Minute)
	if err := s.Tick(t.Context()); err != nil { // while the first still runs
		t.Error(err)
	}
	close(answer)
	if err := <-done; err != nil {
		t.Error(err)
	}
	for range 2 { // after it: once, for the latest of the three
		if err := s.Tick(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(arrived)
	got := []string{first}
	for slot := range arrived {
		got = append(got, slot)
	}
	if diff := cmp.Diff([]string{"2031-05-01T12:01:00Z", "2031-05-01T12:04:00Z"}, got); diff != "" {
		t.Errorf("called (-want +got):\n%s", diff)
	}
}

// At the year's last second the next minute is less than a second away, so the call comes soon on any clock. It fails, and is
// made again.
func TestRunCallsAtTheTimeAndRetries(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(time.Date(2031, 12, 31, 23, 59, 59, 990_000_000, time.UTC))
	s, client := newScheduler(t, nil, clk)
	type call struct{ Name, Slot, Body, ContentType string }
	called := make(chan call, 100)
	var failed atomic.Bool
	worker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if failed.CompareAndSwap(false, true) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		called <- call{r.Header.Get("X-CloudScheduler-JobName"), r.Header.Get("X-CloudScheduler-ScheduleTime"), string(body), r.Header.Get("Content-Type")}
	}))
	defer worker.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	_, err := client.CreateJob(t.Context(), job("work", "0 0 1 1 *", "UTC", worker.URL, func(j *schedulerpb.Job) {
		j.RetryConfig = &schedulerpb.RetryConfig{RetryCount: 1, MinBackoffDuration: durationpb.New(time.Millisecond)}
	}))
	if err != nil {
		t.Fatal(err)
	}
	clk.Advance(10 * time.Millisecond)
	for range 2 {
		want := call{"work", "2032-01-01T00:00:00Z", `{"n":1}`, "application/json"}
		if diff := cmp.Diff(want, <-called); diff != "" {
			t.Errorf("called (-want +got):\n%s", diff)
		}
	}
	cancel()
	<-done
}

// RunJob calls a job even while it is paused.
func TestRunJob(t *testing.T) {
	t.Parallel()
	_, client := newScheduler(t, nil, clock.System)
	called := make(chan struct{}, 1)
	worker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- struct{}{} }))
	defer worker.Close()
	if _, err := client.CreateJob(t.Context(), job("work", "0 0 1 1 *", "UTC", worker.URL)); err != nil {
		t.Fatal(err)
	}
	name := location + "/jobs/work"
	if _, err := client.PauseJob(t.Context(), &schedulerpb.PauseJobRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RunJob(t.Context(), &schedulerpb.RunJobRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
	<-called
}
