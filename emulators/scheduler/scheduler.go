// Package scheduler is a small Cloud Scheduler: it posts to functions by their cron lines, with an OIDC token that it signs
// itself.
package scheduler

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"fieldboard.dev/fieldboard/shared/clock"
)

// Job is one function that is called by schedule.
type Job struct {
	Name     string
	Schedule string // a cron line, in UTC
	URL      string // the function's address, also the token's audience
	Timeout  time.Duration
}

// Scheduler calls jobs.
type Scheduler struct {
	issuer  *Issuer
	account string
	clock   clock.Clock
	log     *slog.Logger
	jobs    []scheduled
}

type scheduled struct {
	Job
	times cron.Schedule
}

// New returns a scheduler that calls as the service account. A broken cron line is an error.
func New(issuer *Issuer, account string, jobs []Job, clk clock.Clock, log *slog.Logger) (*Scheduler, error) {
	s := &Scheduler{issuer: issuer, account: account, clock: clk, log: log}
	for _, job := range jobs {
		times, err := cron.ParseStandard(job.Schedule)
		if err != nil {
			return nil, fmt.Errorf("%s: schedule %q: %w", job.Name, job.Schedule, err)
		}
		s.jobs = append(s.jobs, scheduled{job, times})
	}
	return s, nil
}

// Run calls every job at its times until ctx ends, and returns when the last call has. A time that comes while the job's
// last call still runs is left out, as Cloud Scheduler does.
func (s *Scheduler) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, job := range s.jobs {
		running.Go(func() { s.keepCalling(ctx, job) })
	}
	running.Wait()
}

func (s *Scheduler) keepCalling(ctx context.Context, job scheduled) {
	for {
		now := s.clock.Now()
		timer := time.NewTimer(job.times.Next(now).Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := s.Call(ctx, job.Job); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "scheduled call failed", "job", job.Name, "error", err)
		}
	}
}

// Call calls a job now.
func (s *Scheduler) Call(ctx context.Context, job Job) error {
	ctx, cancel := context.WithTimeout(ctx, job.Timeout)
	defer cancel()
	token, err := s.issuer.Token(s.account, job.URL)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, job.URL, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", "Google-Cloud-Scheduler")
	req.Header.Set("X-CloudScheduler-JobName", job.Name)
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
		return fmt.Errorf("%s answered %s: %s", job.Name, res.Status, answer)
	}
	return nil
}
