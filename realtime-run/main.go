// Command realtime-run is the Cloud Run service that carries events to browsers over WebSocket.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/realtime-run/server"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/session"
)

type settings struct {
	Port string `env:"PORT, default=8090"`
}

func main() {
	log := instance.Logger(os.Stderr)
	slog.SetDefault(log)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, log); err != nil {
		log.Error("realtime service stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger) (err error) {
	in, err := instance.New(ctx, envconfig.OsLookuper(), clock.System, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Cloud.Close()) }()
	var cfg settings
	if err := in.Config(ctx, &cfg); err != nil {
		return err
	}
	verifier, err := session.NewVerifier(ctx, in)
	if err != nil {
		return err
	}
	srv, err := server.New(in, verifier, account.NewStore(in.Cloud, in.Clock))
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+cfg.Port)
	if err != nil {
		return err
	}
	return serve(ctx, srv, listener, log)
}

// serve answers until ctx is done, then lets the clients go and closes the listener. Cloud Run kills an instance 10 s after
// SIGTERM, so all of it takes less.
func serve(ctx context.Context, srv *server.Server, listener net.Listener, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	web := &http.Server{
		Handler:           srv.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second, // of a plain answer; a WebSocket has deadlines of its own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	served := make(chan error, 1)
	go func() {
		served <- web.Serve(listener)
		cancel()
	}()
	log.InfoContext(ctx, "realtime service listening", "address", listener.Addr().String())
	runErr := srv.Run(ctx)
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	closeErr := web.Shutdown(stopping)
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		closeErr = errors.Join(closeErr, err)
	}
	return errors.Join(runErr, closeErr)
}
