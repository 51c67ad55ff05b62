package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/centrifugal/centrifuge-go"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/realtime-run/server"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// patience bounds what a test waits for. It is reached only when something is broken.
const patience = 60 * time.Second

// plainRequest is what the servers of the tests give a request that is answered at once.
const plainRequest = 2 * time.Second

// outlast waits for longer than that.
func outlast(tb testing.TB) {
	tb.Helper()
	time.Sleep(plainRequest + time.Second/2)
}

// world is a test's own topic, subscription and Redis prefix, and the tokens that its people have.
type world struct {
	*tokens
	settings map[string]string
	project  string
	admin    *pubsub.Client
	topic    *pubsub.Publisher
	log      *logBook
}

// newWorld returns a world on the shared Pub/Sub emulator and Redis. The settings override its own.
func newWorld(tb testing.TB, settings ...string) *world {
	tb.Helper()
	emulator.PubSub(tb)
	project := emulator.Project(tb)
	w := &world{log: &logBook{tb: tb}, settings: map[string]string{
		"GOOGLE_CLOUD_PROJECT": project, "REDIS_PREFIX": emulator.Prefix(tb), "PUBLIC_URL": "https://board.example",
		"SESSION_SIGNING_KEY": signingKey(tb),
	}}
	for i := 0; i < len(settings); i += 2 {
		w.settings[settings[i]] = settings[i+1]
	}
	if w.settings["REDIS_URL"] == "" {
		w.settings["REDIS_URL"] = emulator.Redis(tb)
	}
	tb.Cleanup(w.log.show)
	w.tokens = newTokens(tb, w.settings)
	client, err := pubsub.NewClient(tb.Context(), project)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { check(tb, client.Close()) })
	topic := "projects/" + project + "/topics/events"
	if _, err := client.TopicAdminClient.CreateTopic(tb.Context(), &pubsubpb.Topic{Name: topic}); err != nil {
		tb.Fatal(err)
	}
	w.admin, w.project = client, project
	w.subscribe(tb, "realtime")
	w.topic = client.Publisher("events")
	w.topic.EnableMessageOrdering = true
	w.topic.PublishSettings.DelayThreshold = 1
	tb.Cleanup(w.topic.Stop)
	return w
}

// subscribe makes a subscription to the events.
func (w *world) subscribe(tb testing.TB, name string) {
	tb.Helper()
	if _, err := w.admin.SubscriptionAdminClient.CreateSubscription(tb.Context(), &pubsubpb.Subscription{
		Name: "projects/" + w.project + "/subscriptions/" + name, Topic: "projects/" + w.project + "/topics/events",
		AckDeadlineSeconds: 10, EnableMessageOrdering: true,
	}); err != nil {
		tb.Fatal(err)
	}
}

// send publishes messages as they are, one after the other.
func (w *world) send(tb testing.TB, messages ...[]byte) {
	tb.Helper()
	for _, m := range messages {
		if _, err := w.topic.Publish(tb.Context(), &pubsub.Message{Data: m, OrderingKey: "one"}).Get(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
}

func (w *world) publish(tb testing.TB, events ...event.Event) {
	tb.Helper()
	for _, e := range events {
		w.send(tb, encode(tb, e))
	}
}

// service is one running instance.
type service struct {
	url   string
	drain func() // begins to end it, as SIGTERM does
	stop  func() // ends it, and waits
}

func (w *world) start(tb testing.TB, settings ...string) *service {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	own := maps.Clone(w.settings)
	for i := 0; i < len(settings); i += 2 {
		own[settings[i]] = settings[i+1]
	}
	in, err := instance.New(ctx, envconfig.MapLookuper(own), clock.System, slog.New(slog.NewTextHandler(w.log, nil)))
	if err != nil {
		tb.Fatal(err)
	}
	srv, err := server.New(in, w.tokens, w.tokens)
	if err != nil {
		tb.Fatal(err)
	}
	web := httptest.NewUnstartedServer(srv.Handler())
	web.Config.ReadTimeout, web.Config.WriteTimeout = plainRequest, plainRequest
	web.Start()
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	s := &service{url: web.URL, drain: cancel, stop: sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			check(tb, err)
		case <-time.After(patience):
			tb.Error("Run did not return after its context was done")
		}
		web.CloseClientConnections()
		web.Close()
		check(tb, in.Cloud.Close())
	})}
	tb.Cleanup(s.stop)
	return s
}

// started returns an instance that takes clients. The settings override the world's.
func (w *world) started(tb testing.TB, settings ...string) *service {
	tb.Helper()
	s := w.start(tb, settings...)
	eventually(tb, "the service is ready", func() bool { return s.status(tb, "/readyz") == http.StatusOK })
	return s
}

func (s *service) status(tb testing.TB, path string) int {
	tb.Helper()
	response, err := http.Get(s.url + path)
	if err != nil {
		tb.Fatal(err)
	}
	check(tb, response.Body.Close())
	return response.StatusCode
}

func (s *service) health(tb testing.TB) map[string]string {
	tb.Helper()
	response, err := http.Get(s.url + "/healthz")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { check(tb, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		tb.Errorf("/healthz answered %d, want 200", response.StatusCode)
	}
	var body map[string]string
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		tb.Fatal(err)
	}
	return body
}

// tokens issues and verifies access tokens as the product does, and fails on demand.
type tokens struct {
	issuer   *session.Issuer
	verifier *session.TokenVerifier
	mu       sync.Mutex
	fault    error // returned for every token, when set
	over     map[string]bool
	ended    []func(session.Ended)
	resumed  []func()
}

func (v *tokens) issue(tb testing.TB, p httpapi.Principal) string {
	tb.Helper()
	token, _, err := v.issuer.Issue(p)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func (v *tokens) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = err
}

func (v *tokens) Verify(ctx context.Context, token string) (httpapi.Principal, error) {
	v.mu.Lock()
	fault := v.fault
	v.mu.Unlock()
	if fault != nil {
		return httpapi.Principal{}, fault
	}
	return v.verifier.Verify(ctx, token)
}

func (v *tokens) Stands(_ context.Context, p httpapi.Principal) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.over[p.SessionID], v.fault
}

// Seat calls members by the name that person gave them, which is their id's.
func (v *tokens) Seat(_ context.Context, _, userID string) (account.Seat, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return account.Seat{Member: account.Member{UserID: userID, Name: telemetry.Personal(nameOf(userID))}}, v.fault
}

func nameOf(userID string) string { return "Name of " + userID }

func (v *tokens) Watch(ctx context.Context, ended func(session.Ended), resumed func()) {
	v.mu.Lock()
	v.ended, v.resumed = append(v.ended, ended), append(v.resumed, resumed)
	v.mu.Unlock()
	resumed()
	<-ctx.Done()
}

// end tells every instance of an end.
func (v *tokens) end(e session.Ended) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, tell := range v.ended {
		tell(e)
	}
}

// endUnheard ends a session without a word; then the instances hear again.
func (v *tokens) endUnheard(sid string) {
	v.mu.Lock()
	v.over[sid] = true
	resumed := slices.Clone(v.resumed)
	v.mu.Unlock()
	for _, r := range resumed {
		r()
	}
}

func newTokens(tb testing.TB, settings map[string]string) *tokens {
	tb.Helper()
	in, err := instance.New(tb.Context(), envconfig.MapLookuper(settings), clock.System, slog.Default())
	if err != nil {
		tb.Fatal(err)
	}
	v := &tokens{over: map[string]bool{}}
	if v.issuer, err = session.NewIssuer(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
	if v.verifier, err = session.NewTokenVerifier(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
	return v
}

func signingKey(tb testing.TB) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func person(accountID string, role account.Role) httpapi.Principal {
	return httpapi.Principal{UserID: "u" + rand.Text(), AccountID: accountID, Role: role, SessionID: "s" + rand.Text()}
}

// happened returns an event for everyone in an account.
func happened(accountID string) event.Event {
	e := event.New(accountID, "visit.completed", time.Now())
	e.Collection, e.EntityID, e.Title = "visits", "Visit_12", "Gutter cleaning"
	return e
}

// paid returns an event for those who may see money.
func paid(accountID string) event.Event {
	e := event.New(accountID, "invoice.paid", time.Now())
	cents := int64(12345)
	e.Audience, e.Collection, e.EntityID, e.AmountCents = event.Finance, "invoices", "Invoice_7", &cents
	return e
}

// listener is a client as integrators have it.
type listener struct {
	tb     testing.TB
	client *centrifuge.Client
	mu     sync.Mutex
	got    []arrival
	subs   []centrifuge.ServerSubscribedEvent
	ends   []uint32 // codes by which it was disconnected or sent to connect again
	arrive func()   // called at each arrival, when set
}

type arrival struct {
	channel string
	event   event.Event
	raw     string
}

// dial returns a client that begins to connect.
func dial(tb testing.TB, url string, config centrifuge.Config) *listener {
	tb.Helper()
	config.MinReconnectDelay, config.MaxReconnectDelay = 20*time.Millisecond, 200*time.Millisecond
	config.HandshakeTimeout, config.ReadTimeout = patience, patience
	l := &listener{tb: tb, client: centrifuge.NewJsonClient("ws"+strings.TrimPrefix(url, "http")+"/connection/websocket", config)}
	l.client.OnPublication(l.publication)
	l.client.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.subs = append(l.subs, e)
	})
	l.client.OnConnecting(func(e centrifuge.ConnectingEvent) { l.end(e.Code) })
	l.client.OnDisconnected(func(e centrifuge.DisconnectedEvent) { l.end(e.Code) })
	if err := l.client.Connect(); err != nil {
		tb.Log(err) // of the first try; the client goes on trying
	}
	tb.Cleanup(l.client.Close)
	return l
}

// listen returns a connected client of a person.
func (w *world) listen(tb testing.TB, s *service, p httpapi.Principal) *listener {
	tb.Helper()
	l := dial(tb, s.url, centrifuge.Config{Token: w.issue(tb, p)})
	l.connected()
	return l
}

func (l *listener) publication(p centrifuge.ServerPublicationEvent) {
	a := arrival{channel: p.Channel, raw: string(p.Data)}
	if err := json.Unmarshal(p.Data, &a.event); err != nil {
		l.tb.Errorf("%s: %v in %s", p.Channel, err, p.Data)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, a)
	if l.arrive != nil {
		l.arrive()
	}
}

func (l *listener) end(code uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends = append(l.ends, code)
}

func (l *listener) connected() {
	l.tb.Helper()
	eventually(l.tb, "the client is connected", func() bool { return l.client.State() == centrifuge.StateConnected })
}

func (l *listener) ended(code uint32) {
	l.tb.Helper()
	eventually(l.tb, "the client is told the code", func() bool { return slices.Contains(l.codes(), code) })
}

func (l *listener) codes() []uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ends)
}

// ids returns the ids of all events so far, in the order of their arrival.
func (l *listener) ids() []string {
	ids := []string{}
	for _, a := range l.arrivals() {
		ids = append(ids, a.event.ID)
	}
	return ids
}

func (l *listener) has(e event.Event) bool { return slices.Contains(l.ids(), e.ID) }

// await returns once the events have arrived, in any order.
func (l *listener) await(events ...event.Event) {
	l.tb.Helper()
	for _, e := range events {
		eventually(l.tb, e.Type+" "+e.ID+" arrives", func() bool { return l.has(e) })
	}
}

// arrivals returns what has arrived so far.
func (l *listener) arrivals() []arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got)
}

// onArrival sets what is called at each arrival.
func (l *listener) onArrival(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrive = f
}

// subscribed returns the latest word on a channel.
func (l *listener) subscribed(channel string) (centrifuge.ServerSubscribedEvent, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range slices.Backward(l.subs) {
		if s.Channel == channel {
			return s, true
		}
	}
	return centrifuge.ServerSubscribedEvent{}, false
}

func (l *listener) channels() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	channels := []string{}
	for _, s := range l.subs {
		channels = append(channels, s.Channel)
	}
	slices.Sort(channels)
	return slices.Compact(channels)
}

// logBook keeps what the services log, and shows it when the test fails.
type logBook struct {
	tb testing.TB
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) show() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tb.Failed() {
		l.tb.Log(l.b.String())
	}
}

func (l *logBook) count(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), message)
}

func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			tb.Fatalf("never happened: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func encode(tb testing.TB, e event.Event) []byte {
	tb.Helper()
	b, err := json.Marshal(e)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Error(err)
	}
}
