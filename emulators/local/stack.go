package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/sethvargo/go-envconfig"
	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/emulators/settings"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/manifest"
)

const project = "demo-fieldboard"

// startLimit bounds the start of everything on a busy machine.
const startLimit = 3 * time.Minute

// The customary ports of what is no part of package parts.
const (
	gatewayPort   = 5000
	functionsPort = 5001 // of the first function; the others follow
	jobberPort    = 7070
	openidPort    = 7072
	realtimePort  = 8090
	issuerPort    = 8126 // of the Cloud Tasks emulator's tokens
	mailboxPort   = 1080 // where a person reads what was mailed
	schedulerPort = 8124
)

// part is an emulator at its address.
type part struct {
	parts.Part
	addr  string
	given bool // by its environment variable: it runs already
}

// stack is the product on this machine.
type stack struct {
	root      string
	programs  string // the folder of this program, where the functions' host and the realtime service are too
	opts      options
	started   time.Time
	screen    *screen
	processes *processes
	log       *slog.Logger
	closeLog  func() error

	manifest  *manifest.Manifest
	env       settings.Stack
	parts     map[string]*part        // by variable
	addresses map[string]string       // of everything but the parts
	listeners map[string]net.Listener // of what this program serves itself
	clients   *cloud.Clients
	scheduler *scheduler.Scheduler
}

// newStack decides where everything will be. Nothing is started yet.
func newStack(ctx context.Context, root string, opts options) (*stack, error) {
	m, err := manifest.Load()
	if err != nil {
		return nil, err
	}
	logs := filepath.Join(opts.State, "logs")
	if err := errors.Join(os.RemoveAll(logs), os.MkdirAll(logs, 0o755)); err != nil {
		return nil, err
	}
	logFile, err := os.Create(filepath.Join(logs, "local.log"))
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, errors.Join(err, logFile.Close())
	}
	s := &stack{
		root: root, programs: filepath.Dir(self), opts: opts, started: time.Now(), manifest: m,
		screen:   &screen{out: os.Stdout},
		log:      instance.Logger(logFile),
		closeLog: logFile.Close,
	}
	s.processes = &processes{logs: logs, screen: s.screen}
	if err := s.place(ctx); err != nil {
		return nil, errors.Join(err, logFile.Close())
	}
	return s, nil
}

// place gives everything its address.
func (s *stack) place(ctx context.Context) error {
	free := &ports{given: map[string]bool{}}
	s.addresses, s.listeners = map[string]string{}, map[string]net.Listener{}
	for name, port := range map[string]int{"gateway": gatewayPort, "jobber": jobberPort, "openid": openidPort, "scheduler": schedulerPort} {
		listener, err := free.listen(ctx, port)
		if err != nil {
			return err
		}
		s.listeners[name] = listener
		s.addresses[name] = listener.Addr().String()
	}
	for name, port := range map[string]int{"realtime": realtimePort, "issuer": issuerPort, "mailbox": mailboxPort} {
		addr, err := free.at(ctx, port)
		if err != nil {
			return err
		}
		s.addresses[name] = addr
	}
	functions := map[string]string{}
	for i, f := range s.manifest.Functions {
		addr, err := free.at(ctx, functionsPort+i)
		if err != nil {
			return err
		}
		s.addresses[f.Name] = addr
		functions[f.Name] = "http://" + addr
	}
	s.parts = map[string]*part{}
	lookup := envconfig.OsLookuper()
	for _, p := range []parts.Part{
		parts.Firestore(), parts.PubSub(), parts.Auth(project), parts.Tasks("http://" + s.addresses["issuer"]), parts.Storage(), parts.Redis(),
		parts.Mail(s.addresses["mailbox"]),
	} {
		if addr, given := lookup.Lookup(p.Variable); given && addr != "" {
			s.parts[p.Variable] = &part{Part: p, addr: addr, given: true}
			continue
		}
		addr, err := free.at(ctx, p.Port)
		if err != nil {
			return err
		}
		s.parts[p.Variable] = &part{Part: p, addr: addr}
	}
	return s.settle(functions)
}

// settle decides the settings that every program gets.
func (s *stack) settle(functions map[string]string) error {
	secrets, err := settings.NewSecrets()
	if err != nil {
		return err
	}
	var run [4]byte
	rand.Read(run[:]) // never fails
	s.env = settings.Stack{
		Project:        project,
		PublicURL:      "http://" + s.addresses["gateway"],
		RealtimeURL:    "ws://" + s.addresses["realtime"],
		RedisURL:       s.redisURL(),
		RedisPrefix:    "fb-" + hex.EncodeToString(run[:]) + ":", // a Redis that was there before keeps what older runs wrote
		SMTPURL:        "smtp://" + s.parts["MAIL_EMULATOR_HOST"].addr,
		FirestoreHost:  s.parts["FIRESTORE_EMULATOR_HOST"].addr,
		PubSubHost:     s.parts["PUBSUB_EMULATOR_HOST"].addr,
		AuthHost:       s.parts["FIREBASE_AUTH_EMULATOR_HOST"].addr,
		StorageHost:    s.parts["STORAGE_EMULATOR_HOST"].addr,
		TasksHost:      s.parts["CLOUD_TASKS_EMULATOR_HOST"].addr,
		SchedulerHost:  s.addresses["scheduler"],
		Functions:      functions,
		Workers:        s.manifest.Workers(),
		QueueIssuer:    settings.Issuer{URL: "http://" + s.addresses["issuer"], Keys: "http://" + s.addresses["issuer"] + "/jwks"},
		ScheduleIssuer: settings.Issuer{URL: "http://" + s.addresses["scheduler"], Keys: "http://" + s.addresses["scheduler"] + "/jwks"},
		Jobber: settings.Jobber{
			URL:           "http://" + s.addresses["jobber"],
			ClientID:      "fieldboard-local",
			Version:       jobber.DefaultVersion,
			RequestLimit:  jobber.DefaultRequestLimit * s.opts.Speed,
			RequestWindow: jobber.DefaultRequestWindow,
		},
		Secrets: secrets,
	}
	s.env.Provider = s.provider().Setting()
	// The official clients of this very program read the emulators' addresses from the environment.
	for variable, p := range s.parts {
		if err := os.Setenv(variable, p.addr); err != nil {
			return err
		}
	}
	s.clients = cloud.New(cloud.Config{
		Project: project, Location: settings.Location,
		RedisURL: s.env.RedisURL, RedisPrefix: s.env.RedisPrefix,
		TasksEmulatorHost: s.env.TasksHost, SchedulerEmulatorHost: s.env.SchedulerHost,
	})
	return nil
}

func (s *stack) redisURL() string {
	redis := s.parts["REDIS_URL"]
	if redis.given {
		return redis.addr // the variable holds a URL
	}
	return parts.RedisURL(redis.addr)
}

// run starts everything, tells when it is ready, and ends all of it when ctx does or when a part dies.
func (s *stack) run(ctx context.Context) (err error) {
	s.screen.say("Starting Fieldboard. What its parts write is in %s.", s.processes.logs)
	ctx, cancel := context.WithCancel(ctx)
	running, ctx := errgroup.WithContext(ctx)
	defer func() {
		cancel()
		s.screen.say("Stopping.")
		err = errors.Join(err, running.Wait())
		s.processes.stop()
		err = errors.Join(err, s.clients.Close(), s.closeLog())
		if errors.Is(err, context.Canceled) {
			err = nil
		}
	}()
	starting, stop := context.WithTimeout(ctx, startLimit)
	defer stop()
	if err := s.start(starting, ctx, running); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	s.announce()
	<-ctx.Done()
	return nil
}

// start returns when the product is ready. What runs on after that is in running and ends with ctx.
func (s *stack) start(starting, ctx context.Context, running *errgroup.Group) error {
	if err := s.startParts(ctx, running); err != nil {
		return err
	}
	if err := s.startFunctions(ctx, running); err != nil {
		return err
	}
	if err := s.serveScheduler(ctx, running); err != nil {
		return err
	}
	group, waiting := errgroup.WithContext(starting)
	group.Go(func() error { return buildDashboard(waiting, s.root, s.processes.log("dashboard")) })
	group.Go(func() error { return s.serveJobber(ctx, running) })
	group.Go(func() error { return s.prepareCloud(waiting) })
	if err := group.Wait(); err != nil {
		return err
	}
	s.serveOpenID(ctx, running)
	if err := s.serveGateway(ctx, running); err != nil {
		return err
	}
	s.runScheduler(ctx, running)
	if err := s.awaitFunctions(starting); err != nil {
		return err
	}
	if err := s.connect(starting); err != nil {
		return err
	}
	running.Go(func() error {
		if err := s.linkTechnicians(ctx); err != nil && ctx.Err() == nil {
			s.screen.say("The technicians see no visits: %v", err) // the product runs all the same
		}
		return nil
	})
	return nil
}
