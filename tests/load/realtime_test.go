package load_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/gorilla/websocket"
	"github.com/sethvargo/go-envconfig"
	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const (
	accountID = "acc_1"
	userID    = "bench"
)

// BenchmarkRealtime measures one instance of the realtime service, a process of its own, with CLIENTS connections of one
// business and EVENTS_PER_SECOND events for all of them, for SECONDS. In the same run it measures a bare loop that writes the
// same bytes to as many sockets, and how long the Pub/Sub emulator takes by itself.
//
// What bounds it: half of the service's CPU is the kernel's write to each socket, which the floor has too. The rest is the
// price of a queue for each connection, so that a slow one holds up nobody: its writer is woken, a deadline set, a frame made.
// An event reaches the last of its connections when all others were written to, which is what receipt's p99 shows.
func BenchmarkRealtime(b *testing.B) {
	clients, rate, seconds := number(b, "CLIENTS", 2000), number(b, "EVENTS_PER_SECOND", 20), number(b, "SECONDS", 15)
	run := newRun(b, clients, rate*seconds)
	before := run.service.memory(b)
	run.connect(b, clients)
	time.Sleep(3 * time.Second) // what connecting took is given back
	b.ReportMetric(float64(run.service.memory(b)-before)/float64(clients), "KB/connection")
	cpu := run.service.cpu(b)
	run.publish(b, rate)
	run.settle(b, clients)
	spent := run.service.cpu(b) - cpu
	deliveries := run.arrived.Load()
	perDelivery := float64(spent.Microseconds()) / float64(deliveries)
	b.ReportMetric(perDelivery, "us-cpu/delivery")
	b.ReportMetric(float64(clients*rate*seconds)-float64(deliveries), "lost")
	run.fromReceipt.report(b, "receipt-")
	run.fromPublish.report(b, "publish-")
	run.atWitness.report(b, "pubsub-")
	b.ReportMetric(float64(run.bytes), "B/message")
	floor := measureFloor(b, clients, rate, min(seconds, 10), run.bytes)
	b.ReportMetric(floor, "us-cpu/floor")
	b.ReportMetric(perDelivery/floor, "x-floor")
	b.ReportMetric(0, "ns/op")
}

func number(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

// run is one measurement.
type run struct {
	service *process
	url     string
	token   string
	admin   *pubsub.Client
	events  []event.Event
	sent    []atomic.Int64 // when each event was published, Unix microseconds
	arrived atomic.Int64
	bytes   int

	fromReceipt, fromPublish, atWitness delays
}

func newRun(b *testing.B, clients, events int) *run {
	b.Helper()
	emulator.PubSub(b)
	emulator.Firestore(b)
	address, err := parts.FreeAddress(b.Context())
	must(b, err)
	_, port, _ := strings.Cut(address, ":")
	most := strconv.Itoa(clients + 10)
	env := map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(b), "REDIS_URL": emulator.Redis(b), "REDIS_PREFIX": emulator.Prefix(b),
		"PUBLIC_URL": "https://board.example", "SESSION_SIGNING_KEY": signingKey(b), "PORT": port, "REALTIME_STAMP": "true",
		"REALTIME_CONNECTIONS_PER_USER": most, "REALTIME_CONNECTIONS_PER_ACCOUNT": most,
	}
	in, err := instance.New(b.Context(), envconfig.MapLookuper(env), clock.System, slog.New(slog.DiscardHandler))
	must(b, err)
	r := &run{url: "ws://" + address + "/connection/websocket", sent: make([]atomic.Int64, events)}
	issuer, err := session.NewIssuer(b.Context(), in)
	must(b, err)
	sid := emulator.Seat(b, in.Cloud, accountID, userID, account.Viewer)
	r.token, _, err = issuer.Issue(httpapi.Principal{
		UserID: userID, AccountID: accountID, Role: account.Viewer, SessionID: sid, ExpiresAt: time.Now().Add(time.Hour),
	})
	must(b, err)
	r.admin, err = in.Cloud.PubSub(b.Context())
	must(b, err)
	project := "projects/" + env["GOOGLE_CLOUD_PROJECT"]
	_, err = r.admin.TopicAdminClient.CreateTopic(b.Context(), &pubsubpb.Topic{Name: project + "/topics/events"})
	must(b, err)
	for _, name := range []string{"realtime", "witness"} {
		_, err := r.admin.SubscriptionAdminClient.CreateSubscription(b.Context(), &pubsubpb.Subscription{
			Name: project + "/subscriptions/" + name, Topic: project + "/topics/events", AckDeadlineSeconds: 10,
		})
		must(b, err)
	}
	for range events {
		e := event.New(accountID, "visit.completed", time.Now())
		e.Collection, e.EntityID = "visits", "Visit_1"
		r.events = append(r.events, e)
	}
	for i := range r.events {
		r.events[i].ID = fmt.Sprintf("bench-%08d", i)
	}
	r.service = startService(b, env)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			must(b, response.Body.Close())
			if response.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			b.Fatal("the service is not ready")
		}
	}
	r.witness(b)
	return r
}

func startService(b *testing.B, env map[string]string) *process {
	b.Helper()
	root, err := parts.Root()
	must(b, err)
	program := filepath.Join(b.TempDir(), "realtime-run")
	build := exec.Command("go", "build", "-o", program, "./realtime-run")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Env = os.Environ()
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return start(b, cmd)
}

// witness notes how long Pub/Sub alone takes.
func (r *run) witness(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- r.admin.Subscriber("witness").Receive(ctx, func(_ context.Context, m *pubsub.Message) {
			if i, ok := index(m.Data); ok {
				r.atWitness.add(time.Now().UnixMicro() - r.sent[i].Load())
			}
			m.Ack()
		})
	}()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
}

// connect opens n connections, each with a goroutine that reads.
func (r *run) connect(b *testing.B, n int) {
	b.Helper()
	var g errgroup.Group
	g.SetLimit(32)
	conns := make([]*websocket.Conn, n)
	for i := range n {
		g.Go(func() error {
			dialer := websocket.Dialer{ReadBufferSize: 1 << 10, WriteBufferSize: 256, HandshakeTimeout: time.Minute}
			conn, _, err := dialer.Dial(r.url, nil)
			if err != nil {
				return err
			}
			conns[i] = conn
			if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"id":1,"connect":{"token":"`+r.token+`"}}`)); err != nil {
				return err
			}
			_, reply, err := conn.ReadMessage()
			if err == nil && !bytes.Contains(reply, []byte(`"connect"`)) {
				err = fmt.Errorf("refused: %s", reply)
			}
			return err
		})
	}
	must(b, g.Wait())
	var reading sync.WaitGroup
	for _, conn := range conns {
		reading.Go(func() { r.read(conn) })
	}
	b.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close() // the measurement is over
		}
		reading.Wait()
	})
}

func (r *run) read(conn *websocket.Conn) {
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return
		}
		now := time.Now().UnixMicro()
		for line := range bytes.Lines(frame) {
			i, ok := index(line)
			if !ok {
				if bytes.Equal(bytes.TrimSpace(line), []byte("{}")) {
					_ = conn.WriteMessage(websocket.TextMessage, []byte("{}")) // a failure shows as the next read's
				}
				continue
			}
			_, after, _ := bytes.Cut(line, []byte(`"received":"`))
			at, _, _ := bytes.Cut(after, []byte(`"`))
			received, err := strconv.ParseInt(string(at), 10, 64)
			if err != nil {
				return
			}
			r.fromReceipt.add(now - received)
			r.fromPublish.add(now - r.sent[i].Load())
			r.arrived.Add(1)
		}
	}
}

// index returns which event a message is of.
func index(message []byte) (int, bool) {
	_, after, ok := bytes.Cut(message, []byte(`"id":"bench-`))
	if !ok || len(after) < 8 {
		return 0, false
	}
	i, err := strconv.Atoi(string(after[:8]))
	return i, err == nil
}

func (r *run) publish(b *testing.B, rate int) {
	b.Helper()
	topic := r.admin.Publisher("events")
	topic.PublishSettings.DelayThreshold = 1
	defer topic.Stop()
	every := time.NewTicker(time.Second / time.Duration(rate))
	defer every.Stop()
	for i, e := range r.events {
		<-every.C
		e.Time = time.Now().UTC()
		body, err := json.Marshal(e)
		must(b, err)
		r.bytes = len(body)
		r.sent[i].Store(time.Now().UnixMicro())
		topic.Publish(b.Context(), &pubsub.Message{Data: body})
	}
}

// settle waits until every client has everything, or nothing has come for some seconds.
func (r *run) settle(b *testing.B, clients int) {
	b.Helper()
	want, last, quiet := int64(clients*len(r.events)), int64(-1), 0
	for r.arrived.Load() < want && quiet < 100 {
		time.Sleep(50 * time.Millisecond)
		if now := r.arrived.Load(); now == last {
			quiet++
		} else {
			last, quiet = now, 0
		}
	}
}

func signingKey(b *testing.B) string {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(b, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
