package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/emulators/gateway"
	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/emulators/openid"
	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/shared/clock"
)

// serve answers on the address of name until ctx ends.
func (s *stack) serve(ctx context.Context, running *errgroup.Group, name string, handler http.Handler) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, Protocols: scheduler.Protocols(),
	}
	running.Go(func() error {
		if err := server.Serve(s.listeners[name]); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	running.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
}

// serveJobber starts the Jobber emulator. Its limits are Jobber's times opts.Speed, so that the first copy takes seconds.
func (s *stack) serveJobber(ctx context.Context, running *errgroup.Group) error {
	emulator, err := jobber.New(jobber.Options{
		Clock:         clock.System,
		Log:           s.log,
		Scale:         s.opts.Scale,
		Bucket:        jobber.DefaultBucket * s.opts.Speed,
		RestoreRate:   jobber.DefaultRestoreRate * s.opts.Speed,
		RequestLimit:  s.env.Jobber.RequestLimit,
		RequestWindow: s.env.Jobber.RequestWindow,
		ClientID:      s.env.Jobber.ClientID,
		ClientSecret:  s.env.Secrets.JobberClientSecret,
		RedirectURI:   s.env.PublicURL + "/connect/jobber",
		WebhookURL:    s.env.PublicURL + "/api/webhooks/jobber",
		Live:          s.opts.Live,
	})
	if err != nil {
		return err
	}
	running.Go(func() error {
		defer emulator.Close()
		return emulator.Run(ctx)
	})
	s.serve(ctx, running, "jobber", emulator.Handler())
	return nil
}

// provider says what stands in for Google.
func (s *stack) provider() openid.Options {
	return openid.Options{
		Issuer:    "http://" + s.addresses["openid"],
		Name:      "Google",
		ClientID:  "fieldboard-local",
		PublicURL: s.env.PublicURL,
		Clock:     clock.System,
		Log:       s.log,
	}
}

func (s *stack) serveOpenID(ctx context.Context, running *errgroup.Group) {
	s.serve(ctx, running, "openid", openid.New(s.provider()).Handler())
}

func (s *stack) serveGateway(ctx context.Context, running *errgroup.Group) error {
	hosting, err := gateway.ReadHosting(filepath.Join(s.root, "firebase.json"))
	if err != nil {
		return err
	}
	functions := map[string]*url.URL{}
	for name, address := range s.env.Functions {
		if functions[name], err = url.Parse(address); err != nil {
			return err
		}
	}
	handler, err := gateway.New(gateway.Config{
		Hosting:        hosting,
		Files:          os.DirFS(filepath.Join(s.root, "web", "dist")),
		Functions:      functions,
		ConnectSources: []string{"http://" + s.env.AuthHost, s.env.RealtimeURL, "http://" + s.addresses["realtime"]},
		Log:            s.log,
	})
	if err != nil {
		return err
	}
	s.serve(ctx, running, "gateway", handler)
	return nil
}

// serveScheduler answers for Cloud Scheduler. It calls nothing before runScheduler.
func (s *stack) serveScheduler(ctx context.Context, running *errgroup.Group) error {
	issuer, err := scheduler.NewIssuer(s.env.ScheduleIssuer.URL, clock.System)
	if err != nil {
		return err
	}
	s.scheduler = scheduler.New(issuer, clock.System, s.log)
	s.serve(ctx, running, "scheduler", s.scheduler.Handler())
	return nil
}

func (s *stack) runScheduler(ctx context.Context, running *errgroup.Group) {
	running.Go(func() error {
		s.scheduler.Run(ctx)
		return nil
	})
}
