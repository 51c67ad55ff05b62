package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/emulators/gateway"
	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/emulators/openid"
	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/emulators/settings"
	"fieldboard.dev/fieldboard/emulators/signin"
	"fieldboard.dev/fieldboard/functions/apikeys"
	"fieldboard.dev/fieldboard/functions/audit"
	"fieldboard.dev/fieldboard/functions/batches"
	"fieldboard.dev/fieldboard/functions/dashboard"
	"fieldboard.dev/fieldboard/functions/fireschedule"
	"fieldboard.dev/fieldboard/functions/jobberconnect"
	"fieldboard.dev/fieldboard/functions/jobberwebhook"
	"fieldboard.dev/fieldboard/functions/live"
	"fieldboard.dev/fieldboard/functions/members"
	"fieldboard.dev/fieldboard/functions/onwebhook"
	"fieldboard.dev/fieldboard/functions/records"
	"fieldboard.dev/fieldboard/functions/relay"
	"fieldboard.dev/fieldboard/functions/reports"
	"fieldboard.dev/fieldboard/functions/runsync"
	"fieldboard.dev/fieldboard/functions/schedules"
	"fieldboard.dev/fieldboard/functions/schedulesync"
	"fieldboard.dev/fieldboard/functions/sealevents"
	"fieldboard.dev/fieldboard/functions/session"
	"fieldboard.dev/fieldboard/functions/tasks"
	"fieldboard.dev/fieldboard/functions/telldue"
	"fieldboard.dev/fieldboard/functions/tendschedules"
	"fieldboard.dev/fieldboard/functions/tendtasks"
	"fieldboard.dev/fieldboard/functions/tidytrail"
	"fieldboard.dev/fieldboard/functions/workbatches"
	"fieldboard.dev/fieldboard/functions/workemail"
	"fieldboard.dev/fieldboard/functions/workreports"
	"fieldboard.dev/fieldboard/functions/worktrail"
	"fieldboard.dev/fieldboard/realtime-run/server"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/instance"
	tokens "fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// httpFunctions and eventFunctions are all functions of the manifest, by name.
var (
	httpFunctions = map[string]instance.BuildHTTP{
		"apikeys":       apikeys.Build,
		"audit":         audit.Build,
		"live":          live.Build,
		"dashboard":     dashboard.Build,
		"fireschedule":  fireschedule.Build,
		"jobberconnect": jobberconnect.Build,
		"jobberwebhook": jobberwebhook.Build,
		"members":       members.Build,
		"records":       records.Build,
		"relay":         relay.Build,
		"reports":       reports.Build,
		"runsync":       runsync.Build,
		"schedules":     schedules.Build,
		"schedulesync":  schedulesync.Build,
		"sealevents":    sealevents.Build,
		"session":       session.Build,
		"tasks":         tasks.Build,
		"telldue":       telldue.Build,
		"tendschedules": tendschedules.Build,
		"tendtasks":     tendtasks.Build,
		"tidytrail":     tidytrail.Build,
		"batches":       batches.Build,
		"workbatches":   workbatches.Build,
		"workemail":     workemail.Build,
		"workreports":   workreports.Build,
		"worktrail":     worktrail.Build,
	}
	eventFunctions = map[string]instance.BuildEvent{
		"onwebhook": onwebhook.Build,
	}
)

// The servers that are no functions.
const (
	gatewayServer  = "gateway"
	jobberServer   = "jobber"
	realtimeServer = "realtime-run"
	issuerServer   = "issuer"
	openidServer   = "openid"
	queueServer    = "queue" // hands tasks to runsync with a token of the stack's clock; only with a clock of the test's
)

// reserve gives everything its address, so that each can be told where the others are before it starts.
func (b *builder) reserve() {
	names := []string{gatewayServer, jobberServer, realtimeServer, issuerServer, openidServer, queueServer}
	for _, f := range b.stack.manifest.Functions {
		names = append(names, f.Name)
	}
	for _, name := range names {
		b.servers[name] = httptest.NewUnstartedServer(nil)
	}
	for _, f := range b.stack.manifest.Functions {
		b.stack.Functions[f.Name] = b.address(f.Name)
	}
	b.stack.URL = b.address(gatewayServer)
	b.stack.JobberURL = b.address(jobberServer)
	b.stack.RealtimeURL = strings.Replace(b.address(realtimeServer), "http", "ws", 1)
}

func (b *builder) address(name string) string {
	return "http://" + b.servers[name].Listener.Addr().String()
}

// apart reports whether the test runs a function or service by itself; then its address is given back to it.
func (b *builder) apart(name string) bool {
	if !slices.Contains(b.opts.Apart, name) {
		return false
	}
	b.servers[name].Close()
	return true
}

// serve starts a server on its address. It ends with the test.
func (b *builder) serve(name string, handler http.Handler) {
	server := b.servers[name]
	server.Config.Handler = handler
	server.Start()
	b.tb.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
}

// settle decides the settings that everything gets.
func (b *builder) settle() {
	b.tb.Helper()
	secrets, err := settings.NewSecrets()
	b.must(err)
	b.stack.Secrets = secrets
	s := b.stack
	b.opts.Jobber = jobberOptions(b.opts, s.URL, secrets.JobberClientSecret)
	s.env = settings.Stack{
		Project:        s.Project,
		PublicURL:      s.URL,
		RealtimeURL:    s.RealtimeURL,
		RedisURL:       emulator.Redis(b.tb),
		RedisPrefix:    emulator.Prefix(b.tb),
		SMTPURL:        "smtp://" + emulator.Mail(b.tb),
		FirestoreHost:  emulator.Firestore(b.tb),
		PubSubHost:     emulator.PubSub(b.tb),
		AuthHost:       emulator.Auth(b.tb),
		StorageHost:    emulator.Storage(b.tb),
		TasksHost:      emulator.Tasks(b.tb),
		SchedulerHost:  b.servers[issuerServer].Listener.Addr().String(),
		Functions:      maps.Clone(s.Functions),
		Workers:        s.manifest.Workers(),
		QueueIssuer:    settings.Issuer{URL: emulator.TasksIssuer(b.tb), Keys: emulator.TasksIssuer(b.tb) + "/jwks"},
		ScheduleIssuer: settings.Issuer{URL: b.address(issuerServer), Keys: b.address(issuerServer) + "/jwks"},
		SyncSlice:      b.opts.SyncSlice,
		LimitFactor:    1000, // a test asks as often as it likes, from one address
		Jobber: settings.Jobber{
			URL: s.JobberURL, ClientID: b.opts.Jobber.ClientID, Version: b.opts.Jobber.GraphQLVersion,
			RequestLimit: b.opts.Jobber.RequestLimit, RequestWindow: b.opts.Jobber.RequestWindow,
		},
		Secrets: secrets,
	}
	s.env.Provider = b.provider().Setting()
	if b.opts.Clock != clock.System {
		s.env.Functions["runsync"] = b.address(queueServer)
		s.env.QueueIssuer = s.env.ScheduleIssuer
	}
	s.Auth = signin.Auth{Host: s.env.AuthHost, Project: s.Project}
	s.Cloud = cloud.New(cloud.Config{
		Project: s.Project, Location: settings.Location,
		RedisURL: s.env.RedisURL, RedisPrefix: s.env.RedisPrefix,
		TasksEmulatorHost: s.env.TasksHost, SchedulerEmulatorHost: s.env.SchedulerHost,
	})
	b.tb.Cleanup(func() {
		if err := s.Cloud.Close(); err != nil {
			b.tb.Error(err)
		}
	})
}

// provider says what stands in for Google.
func (b *builder) provider() openid.Options {
	return openid.Options{
		Issuer: b.address(openidServer), Name: "Google", ClientID: "fieldboard-tests", PublicURL: b.stack.URL,
		Clock: b.opts.Clock, Log: b.log,
	}
}

func (b *builder) startOpenID() { b.serve(openidServer, openid.New(b.provider()).Handler()) }

// jobberOptions fills in what the test left open.
func jobberOptions(opts Options, publicURL, secret string) jobber.Options {
	const generous = 100
	o := opts.Jobber
	o.Clock = opts.Clock
	o.ClientID, o.ClientSecret = "fieldboard-tests", secret
	o.RedirectURI = publicURL + "/connect/jobber"
	o.WebhookURL = publicURL + "/api/webhooks/jobber"
	if o.Scale == 0 {
		o.Scale = 0.02
	}
	if o.Bucket == 0 {
		o.Bucket = jobber.DefaultBucket * generous
	}
	if o.RestoreRate == 0 {
		o.RestoreRate = jobber.DefaultRestoreRate * generous
	}
	if o.RequestLimit == 0 {
		o.RequestLimit = jobber.DefaultRequestLimit * generous
	}
	if o.RequestWindow == 0 {
		o.RequestWindow = jobber.DefaultRequestWindow
	}
	if o.GraphQLVersion == "" {
		o.GraphQLVersion = jobber.DefaultVersion
	}
	return o
}

func (b *builder) startJobber() {
	b.tb.Helper()
	b.opts.Jobber.Log = b.log
	emulator, err := jobber.New(b.opts.Jobber)
	b.must(err)
	b.stack.Jobber = emulator
	b.serve(jobberServer, emulator.Handler())
	b.run(emulator.Run)
	b.tb.Cleanup(emulator.Close)
}

// run runs f until the test ends, and waits for it.
func (b *builder) run(f func(context.Context) error) {
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	b.tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			b.tb.Error(err)
		}
	})
}

func (b *builder) startFunctions() {
	b.tb.Helper()
	var err error
	b.issuer, err = scheduler.NewIssuer(b.address(issuerServer), b.opts.Clock)
	b.must(err)
	b.stack.issuer = b.issuer
	b.stack.scheduler = scheduler.New(b.issuer, b.opts.Clock, b.log)
	b.servers[issuerServer].Config.Protocols = scheduler.Protocols()
	b.serve(issuerServer, b.stack.scheduler.Handler())
	b.serve(queueServer, &redelivery{issuer: b.issuer, audience: b.address(queueServer), target: b.stack.Functions["runsync"]})
	for _, f := range b.stack.manifest.Functions {
		if b.apart(f.Name) {
			continue
		}
		env, err := b.stack.env.Function(f)
		b.must(err)
		in := b.instance(env)
		if build, ok := eventFunctions[f.Name]; ok {
			handle, err := build(b.ctx, in)
			b.must(err)
			b.serve(f.Name, push{handle: handle, timeout: time.Duration(f.Timeout) * time.Second})
			continue
		}
		build, ok := httpFunctions[f.Name]
		if !ok {
			b.tb.Fatalf("the harness does not know the function %s", f.Name)
		}
		handler, err := build(b.ctx, in)
		b.must(err)
		b.serve(f.Name, handler)
		b.describe(f.Name, handler)
	}
}

func (b *builder) startRealtime() {
	b.tb.Helper()
	for _, service := range b.stack.manifest.Services {
		if b.apart(service.Name) {
			continue
		}
		env, err := b.stack.env.Service(service)
		b.must(err)
		in := b.instance(env)
		verifier, err := tokens.NewVerifier(b.ctx, in)
		b.must(err)
		srv, err := server.New(in, verifier, account.NewStore(in.Cloud, in.Clock))
		b.must(err)
		b.serve(service.Name, srv.Handler())
		b.run(srv.Run)
	}
}

// awaitRealtime returns when the realtime service takes connections.
func (b *builder) awaitRealtime() {
	b.tb.Helper()
	Eventually(b.tb, func() error {
		req, err := http.NewRequestWithContext(b.ctx, http.MethodGet, b.address(realtimeServer)+"/readyz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			err = fmt.Errorf("the realtime service answers %s", res.Status)
		}
		return errors.Join(err, res.Body.Close())
	})
}

func (b *builder) startGateway() {
	b.tb.Helper()
	root, err := parts.Root()
	b.must(err)
	hosting, err := gateway.ReadHosting(filepath.Join(root, "firebase.json"))
	b.must(err)
	functions := map[string]*url.URL{}
	for name, address := range b.stack.Functions {
		functions[name], err = url.Parse(address)
		b.must(err)
	}
	handler, err := gateway.New(gateway.Config{
		Hosting: hosting, Files: builtDashboard(), Functions: functions, Log: b.log,
		ConnectSources: []string{"http://" + b.stack.env.AuthHost, b.stack.RealtimeURL, b.address(realtimeServer)},
	})
	b.must(err)
	b.serve(gatewayServer, handler)
}

// lookuper reads settings from the first map that has them, the overriding one first.
func lookuper(env, override map[string]string) envconfig.Lookuper {
	return envconfig.MultiLookuper(envconfig.MapLookuper(override), envconfig.MapLookuper(env))
}
