// Package scheduler is Cloud Scheduler on one machine: its gRPC surface, with jobs in memory that post to HTTP targets by their
// cron lines, each with an OIDC token that it signs itself.
//
// A job's cron line is read on the wall clock of its time zone, as Cloud Scheduler reads it
// (https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules#time_zone): a time that the clocks leave out does not
// come, and one that they show twice comes twice.
package scheduler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fieldboard.dev/fieldboard/shared/clock"
)

// Scheduler keeps jobs and calls them. It is safe for concurrent use.
type Scheduler struct {
	schedulerpb.UnimplementedCloudSchedulerServer

	issuer *Issuer
	clock  clock.Clock
	log    *slog.Logger

	changed chan struct{} // holds one when a job may be due sooner than Run thinks

	mu   sync.Mutex
	jobs map[string]*entry // by full name
}

// New returns a scheduler without jobs. Nothing is called before Run, but by Call and RunJob.
func New(issuer *Issuer, clk clock.Clock, log *slog.Logger) *Scheduler {
	return &Scheduler{issuer: issuer, clock: clk, log: log, changed: make(chan struct{}, 1), jobs: map[string]*entry{}}
}

// Handler serves the gRPC surface, and with it the issuer's keys at every other address. It needs HTTP/2 without TLS beside
// HTTP/1: see Protocols.
func (s *Scheduler) Handler() http.Handler {
	server := grpc.NewServer()
	schedulerpb.RegisterCloudSchedulerServer(server, s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && r.Header.Get("Content-Type") == "application/grpc" {
			server.ServeHTTP(w, r)
			return
		}
		s.issuer.ServeHTTP(w, r)
	})
}

// Protocols are what a server of Handler has to speak.
func Protocols() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return &p
}

// Run calls every job at its times until ctx ends, and returns when the last call has. A time that comes while the job's last
// call still runs waits for its end; of more such times only the latest does.
func (s *Scheduler) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		due, wait := s.takeDue()
		for _, job := range due {
			running.Go(func() { s.execute(ctx, job) })
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-s.changed:
			timer.Stop()
		}
	}
}

// longestWait bounds a sleep, so that a clock that is moved is noticed.
const longestWait = time.Minute

// takeDue marks the jobs whose time has come as running and returns them, and how long it is until the next may be due.
func (s *Scheduler) takeDue() ([]*entry, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	wait := longestWait
	var due []*entry
	for _, e := range s.jobs {
		switch {
		case e.job.GetState() != schedulerpb.Job_ENABLED || e.running:
		case e.next.After(now):
			wait = min(wait, e.next.Sub(now))
		default:
			e.begin(now)
			due = append(due, e)
		}
	}
	return due, wait
}

func (s *Scheduler) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// execute makes the attempts of one execution, the first and those that the job's retries allow before its next time.
func (s *Scheduler) execute(ctx context.Context, e *entry) {
	defer s.wake()
	defer s.finish(e)
	started := s.clock.Now()
	for attempt := 0; ; attempt++ {
		job, slot := s.snapshot(e)
		err := s.attempt(ctx, job, slot)
		s.record(e, err)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.log.WarnContext(ctx, "scheduled call failed", "job", job.GetName(), "attempt", attempt, "error", err)
		wait, again := backoff(job.GetRetryConfig(), attempt, s.clock.Now().Sub(started))
		if !again || !s.clock.Now().Add(wait).Before(s.nextOf(e)) {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (s *Scheduler) snapshot(e *entry) (*schedulerpb.Job, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return proto.CloneOf(e.job), e.slot
}

func (s *Scheduler) nextOf(e *entry) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.next
}

func (s *Scheduler) record(e *entry, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.job.LastAttemptTime = timestamppb.New(s.clock.Now())
	e.job.Status = status.New(codes.OK, "").Proto()
	if err != nil {
		e.job.Status = status.New(codes.Unknown, err.Error()).Proto()
	}
}

func (s *Scheduler) finish(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.running = false
}

// Call makes one attempt of a job now, whatever its state, and returns what became of it. The name is the full one.
func (s *Scheduler) Call(ctx context.Context, name string) error {
	s.mu.Lock()
	e, found := s.jobs[name]
	s.mu.Unlock()
	if !found {
		return fmt.Errorf("there is no job %s", name)
	}
	job, _ := s.snapshot(e)
	err := s.attempt(ctx, job, s.clock.Now())
	s.record(e, err)
	return err
}

// Tick executes every job that is due by the clock, and returns when they are done, with what failed. It is Run for a test
// that moves the clock itself.
func (s *Scheduler) Tick(ctx context.Context) error {
	due, _ := s.takeDue()
	errs := make([]error, len(due))
	var running sync.WaitGroup
	for i, e := range due {
		running.Go(func() {
			defer s.finish(e)
			job, slot := s.snapshot(e)
			errs[i] = s.attempt(ctx, job, slot)
			s.record(e, errs[i])
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// attempt sends the request of a job.
func (s *Scheduler) attempt(ctx context.Context, job *schedulerpb.Job, slot time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, job.GetAttemptDeadline().AsDuration())
	defer cancel()
	target := job.GetHttpTarget()
	req, err := http.NewRequestWithContext(ctx, methodOf(target), target.GetUri(), bytes.NewReader(target.GetBody()))
	if err != nil {
		return err
	}
	if len(target.GetBody()) > 0 {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	for name, value := range target.GetHeaders() {
		req.Header.Set(name, value)
	}
	if oidc := target.GetOidcToken(); oidc != nil {
		audience := oidc.GetAudience()
		if audience == "" {
			audience = target.GetUri()
		}
		token, err := s.issuer.Token(oidc.GetServiceAccountEmail(), audience)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("User-Agent", "Google-Cloud-Scheduler")
	req.Header.Set("X-CloudScheduler", "true")
	req.Header.Set("X-CloudScheduler-JobName", idOf(job.GetName()))
	req.Header.Set("X-CloudScheduler-ScheduleTime", slot.UTC().Format(time.RFC3339Nano))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 2<<10))
	if err != nil {
		return err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("%s answered %s: %s", idOf(job.GetName()), res.Status, answer)
	}
	return nil
}
