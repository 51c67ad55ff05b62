// Package emulator gives a test the real servers behind the product: the Firestore, Pub/Sub, Auth and Cloud Tasks emulators,
// Redis and a mail server. Each is started by the first test of a `go test` run that asks for it, is shared by all packages of that run
// and ends with it. One that is named by its environment variable is used as it is. Tests stay apart by Project and
// Prefix, never by emptying a server.
package emulator

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"sync"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/parts"
)

// startLimit bounds the start of one part on a busy machine.
const startLimit = 2 * time.Minute

// BrowserProject is the one project in which a browser can sign in: a page has nothing but an API key, for which the Auth
// emulator gives tokens of the project that it was started with.
const BrowserProject = "demo-fieldboard-tests"

// Firestore returns the address of the Firestore emulator and sets FIRESTORE_EMULATOR_HOST to it.
func Firestore(tb testing.TB) string {
	tb.Helper()
	return get(tb, "firestore", parts.Firestore()).address
}

// PubSub returns the address of the Pub/Sub emulator and sets PUBSUB_EMULATOR_HOST to it.
func PubSub(tb testing.TB) string {
	tb.Helper()
	return get(tb, "pubsub", parts.PubSub()).address
}

// Auth returns the address of the Firebase Auth emulator and sets FIREBASE_AUTH_EMULATOR_HOST to it. It serves every
// project; SignIn gets a token of any.
func Auth(tb testing.TB) string {
	tb.Helper()
	return get(tb, "auth", parts.Auth(BrowserProject)).address
}

// Storage returns the address of the Cloud Storage emulator and sets STORAGE_EMULATOR_HOST to it.
func Storage(tb testing.TB) string {
	tb.Helper()
	return get(tb, "storage", parts.Storage()).address
}

// Redis returns the URL of a Redis server and sets REDIS_URL to it.
func Redis(tb testing.TB) string {
	tb.Helper()
	return get(tb, "redis", parts.Redis()).value
}

// Tasks returns the address of the Cloud Tasks emulator and sets CLOUD_TASKS_EMULATOR_HOST to it. Queues are made through
// its API, one for each test's project.
func Tasks(tb testing.TB) string {
	tb.Helper()
	return tasks(tb).address
}

// TasksIssuer returns the issuer of the OIDC tokens that the Cloud Tasks emulator sends. Its keys are at issuer + "/jwks".
// For an emulator that was started by hand it is OIDC_ISSUER.
func TasksIssuer(tb testing.TB) string {
	tb.Helper()
	return tasks(tb).second
}

func tasks(tb testing.TB) server {
	tb.Helper()
	addr, err := parts.FreeAddress(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	issuer := "http://" + addr
	return get(tb, "tasks", parts.Tasks(issuer), issuer)
}

// Mail returns the address of an SMTP server that delivers to nobody. AwaitMail reads what it took.
func Mail(tb testing.TB) string {
	tb.Helper()
	return mailServer(tb).address
}

// Mailbox returns the address at which the mail server's people and programs read what it took.
func Mailbox(tb testing.TB) string {
	tb.Helper()
	return mailServer(tb).second
}

func mailServer(tb testing.TB) server {
	tb.Helper()
	web, err := parts.FreeAddress(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	return get(tb, "mail", parts.Mail(web), web)
}

// Project returns the id of a project that no other test uses. It needs no credentials, as its "demo-" tells the emulators.
func Project(testing.TB) string { return "demo-" + random() }

// Prefix returns a prefix for Redis keys that no other test uses.
func Prefix(testing.TB) string { return "test-" + random() + ":" }

func random() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// server is a part that runs.
type server struct {
	address string // host:port
	value   string // of the part's variable; the address, but for Redis its URL
	second  string // the issuer of the Cloud Tasks emulator's tokens, the mail server's address for people
}

var (
	mu      sync.Mutex
	servers = map[string]server{}
)

// secondVariables say where the second address of a part is that was started by hand.
var secondVariables = map[string]string{"tasks": "OIDC_ISSUER", "mail": "MAIL_EMULATOR_WEB"}

func get(tb testing.TB, name string, part parts.Part, second ...string) server {
	tb.Helper()
	mu.Lock()
	defer mu.Unlock()
	if s, ok := servers[name]; ok {
		return s
	}
	if given := os.Getenv(part.Variable); given != "" {
		servers[name] = server{address: given, value: given, second: os.Getenv(secondVariables[name])}
		return servers[name]
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	s, err := shared(ctx, name, part, second)
	if err != nil {
		tb.Fatal(err)
	}
	s.value = s.address
	if name == "redis" {
		s.value = parts.RedisURL(s.address)
	}
	err = os.Setenv(part.Variable, s.value) //nolint:usetesting // the server outlives this test: the process's others use it
	if err != nil {
		tb.Fatal(err)
	}
	servers[name] = s
	return s
}
