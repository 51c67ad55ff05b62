package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// workshop is an API of one operation that creates things, and what it did.
type workshop struct {
	handler http.Handler
	api     *httpapi.API
	clock   *clock.Manual
	answers *idempotency.Store
	log     lines

	mu   sync.Mutex
	ids  []string // of what was created, in order
	next func() error
}

type creation struct {
	Location string `header:"Location"`
	Body     struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
}

type wanted struct {
	Shelf string `query:"shelf"`
	Body  struct {
		Name string `json:"name" minLength:"1"`
	}
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	emulator.Firestore(t)
	w := &workshop{clock: clock.NewManual(logStart)}
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": "redis://127.0.0.1:1", "SESSION_SIGNING_KEY": "a secret of the server",
	}), w.clock, instance.Logger(&w.log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if w.answers, err = idempotency.New(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	may := httpapi.Grants{"thing:make": httpapi.WholeAccount}
	people := tokens{
		"ann": {UserID: "ann", AccountID: "acc_one", Grants: may}, "bob": {UserID: "bob", AccountID: "acc_one", Grants: may},
		"key": {UserID: "ann", KeyID: "k1", AccountID: "acc_one", Grants: may}, "far": {UserID: "ann", AccountID: "acc_two", Grants: may},
		"nobody": {UserID: "nobody", AccountID: "acc_one"},
	}
	w.api = httpapi.New(in, httpapi.Options{Name: "workshop", Verifier: people})
	for _, name := range []string{"thing", "other"} {
		httpapi.RegisterCreate(w.api, w.answers, huma.Operation{
			OperationID: "create-" + name, Method: http.MethodPost, Path: "/api/v1/" + name + "s", DefaultStatus: http.StatusCreated,
		}, httpapi.Needs("thing:make"), w.create)
	}
	w.handler = w.api.Handler()
	return w
}

func (w *workshop) create(ctx context.Context, in *wanted) (*creation, error) {
	w.mu.Lock()
	next := w.next
	w.ids = append(w.ids, httpapi.IdempotentID(ctx))
	out := &creation{Location: "/api/v1/things/" + w.ids[len(w.ids)-1]}
	out.Body.ID, out.Body.Secret = w.ids[len(w.ids)-1], "<hunter2> of "+in.Body.Name
	w.mu.Unlock()
	if next != nil {
		if err := next(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// then says what the operation's next calls end with.
func (w *workshop) then(next func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = next
}

func (w *workshop) created() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.ids...)
}

type result struct {
	status int
	header http.Header
	body   string
}

func (w *workshop) post(t *testing.T, who, path, body string, keys ...string) result {
	t.Helper()
	header := as(who)
	if len(keys) > 0 {
		header["Idempotency-Key"] = keys
	}
	res := call{method: "POST", path: path, body: body, header: header}.do(t, w.handler)
	return result{res.StatusCode, res.Header, readAll(t, res)}
}

func (r result) code(t *testing.T) problem.Code {
	t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Fatalf("%v: %d %s", err, r.status, r.body)
	}
	return p.Code
}

const shop, nail = "/api/v1/things", `{"name":"nail"}`

func TestARequestSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	first := w.post(t, "ann", shop, nail, "k1")
	if first.status != http.StatusCreated || first.header.Get("Idempotency-Replayed") != "" || !strings.Contains(first.body, "hunter2") {
		t.Fatalf("got %+v", first)
	}
	w.clock.Advance(23 * time.Hour)
	again := w.post(t, "ann", shop, nail, "k1")
	if again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got headers %v, want it said that this was done before", again.header)
	}
	for _, name := range []string{"Content-Type", "Location", "Content-Length", "Cache-Control"} {
		if got, want := again.header.Get(name), first.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if again.status != first.status || again.body != first.body {
		t.Errorf("got %d %s, want %d %s", again.status, again.body, first.status, first.body)
	}
	if ids := w.created(); len(ids) != 1 {
		t.Errorf("created %v, want one", ids)
	}
	w.clock.Advance(time.Hour)
	if later := w.post(t, "ann", shop, nail, "k1"); later.status != http.StatusCreated || later.body == first.body {
		t.Errorf("after a day: got %d %s, want a new one", later.status, later.body)
	}
}

func TestRequestsThatAreNotTheSame(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.post(t, "ann", shop, nail, "k1")
	for name, got := range map[string]result{
		"another body": w.post(t, "ann", shop, `{"name":"screw"}`, "k1"), "another query": w.post(t, "ann", shop+"?shelf=2", nail, "k1"),
	} {
		if got.status != http.StatusUnprocessableEntity || got.code(t) != problem.Invalid || !strings.Contains(got.body, "header.Idempotency-Key") {
			t.Errorf("%s: got %d %s, want it refused", name, got.status, got.body)
		}
	}
	for name, got := range map[string]result{
		"another key": w.post(t, "ann", shop, nail, "k2"), "another member": w.post(t, "bob", shop, nail, "k1"),
		"an API key": w.post(t, "key", shop, nail, "k1"), "another account": w.post(t, "far", shop, nail, "k1"),
		"another operation": w.post(t, "ann", "/api/v1/others", nail, "k1"),
		"no key":            w.post(t, "ann", shop, nail), "no key again": w.post(t, "ann", shop, nail),
	} {
		if got.status != http.StatusCreated || got.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s: got %d %s, want one of its own", name, got.status, got.body)
		}
	}
	seen := map[string]bool{}
	for _, id := range w.created() {
		if seen[id] {
			t.Errorf("two requests have the id %s", id)
		}
		seen[id] = true
	}
	if len(seen) != 8 {
		t.Errorf("created %d, want 8", len(seen))
	}
	if got := w.post(t, "nobody", shop, nail, "k1"); got.status != http.StatusForbidden {
		t.Errorf("without the permission: got %d", got.status)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, keys := range [][]string{{""}, {"a b"}, {"ä"}, {"a\x7f"}, {strings.Repeat("k", 256)}, {"k1", "k2"}} {
		got := w.post(t, "ann", shop, `{"name":""}`, keys...)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "header.Idempotency-Key") || !strings.Contains(got.body, "body.name") {
			t.Errorf("%q: got %d %s, want all that is wrong", keys, got.status, got.body)
		}
	}
	if got := w.post(t, "ann", shop, nail, strings.Repeat("~", 255)); got.status != http.StatusCreated {
		t.Errorf("the longest key: got %d %s", got.status, got.body)
	}
	if ids := w.created(); len(ids) != 1 {
		t.Errorf("created %v", ids)
	}
}

func TestWhatIsRemembered(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		status int
		again  bool // the operation runs again
	}{
		"success":       {nil, 201, false},
		"a conflict":    {problem.New(problem.Conflict, "There is one."), 409, false},
		"not found":     {problem.New(problem.NotFound, "There is none."), 404, false},
		"too fast":      {problem.New(problem.RateLimited, "Slower."), 429, true},
		"a failure":     {io.ErrUnexpectedEOF, 500, true},
		"not available": {problem.New(problem.Unavailable, "Later."), 503, true},
		"signed out":    {problem.New(problem.Unauthenticated, "Sign in."), 401, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			w.then(func() error { return tt.err })
			first := w.post(t, "ann", shop, nail, "k1")
			w.then(nil)
			again := w.post(t, "ann", shop, nail, "k1")
			ids := w.created()
			if first.status != tt.status {
				t.Errorf("got %d %s, want %d", first.status, first.body, tt.status)
			}
			if tt.again {
				if again.status != http.StatusCreated || len(ids) != 2 || ids[0] != ids[1] {
					t.Errorf("got %d and created %v, want it to run again with the same id", again.status, ids)
				}
				return
			}
			if again.status != first.status || again.body != first.body || len(ids) != 1 {
				t.Errorf("got %d %s, want %d %s", again.status, again.body, first.status, first.body)
			}
		})
	}
}

func TestARequestThatRuns(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	w.then(func() error {
		close(began)
		<-goOn
		return nil
	})
	done := make(chan result)
	go func() { done <- w.post(t, "ann", shop, nail, "k1") }()
	<-began
	busy := w.post(t, "ann", shop, nail, "k1")
	if busy.status != http.StatusConflict || busy.code(t) != problem.Conflict || busy.header.Get("Retry-After") != "5" {
		t.Errorf("got %d %s with %v, want to be told to come again", busy.status, busy.body, busy.header)
	}
	close(goOn)
	first := <-done
	if again := w.post(t, "ann", shop, nail, "k1"); again.status != http.StatusCreated || again.body != first.body {
		t.Errorf("got %d %s, want %s", again.status, again.body, first.body)
	}
}

// A handler that panics has died half-way: what it did may be there. The next attempt finds it by the id.
func TestARequestThatDies(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.then(func() error { panic("half-way") })
	if got := w.post(t, "ann", shop, nail, "k1"); got.status != http.StatusInternalServerError {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	w.then(nil)
	if got := w.post(t, "ann", shop, nail, "k1"); got.status != http.StatusCreated {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if ids := w.created(); len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("created %v, want one id", ids)
	}
}

// The client hangs up while the request runs. It is done all the same, and the answer waits for the client.
func TestAClientThatHangsUp(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	ctx, hangUp := context.WithCancel(t.Context())
	w.then(func() error {
		hangUp()
		return nil
	})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://fieldboard.test"+shop, strings.NewReader(nail))
	r.Header = as("ann", "Idempotency-Key", "k1")
	lost := httptest.NewRecorder()
	w.handler.ServeHTTP(lost, r)
	w.then(nil)
	again := w.post(t, "ann", shop, nail, "k1")
	if again.status != http.StatusCreated || again.body != lost.Body.String() || len(w.created()) != 1 {
		t.Errorf("got %d %s, want %s", again.status, again.body, lost.Body)
	}
}

func TestWhatABadRequestLeaves(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	if got := w.post(t, "ann", shop, `{}`, "k1"); got.status != http.StatusUnprocessableEntity {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	// It was not begun, so the corrected request may have the key.
	if got := w.post(t, "ann", shop, nail, "k1"); got.status != http.StatusCreated {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestTheKeyIsDescribedAndNotLogged(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.post(t, "ann", shop, nail, "the-secret-key")
	w.post(t, "ann", shop, nail, "the-secret-key")
	if log := w.log.String(); strings.Contains(log, "the-secret-key") || strings.Contains(log, "hunter2") || !strings.Contains(log, `"status":201`) {
		t.Errorf("the log has it: %s", log)
	}
	text, err := w.api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	want := []struct{ Name, In string }{{"Idempotency-Key", "header"}, {"shelf", "query"}}
	if diff := cmp.Diff(want, doc.Paths[shop]["post"].Parameters); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestOnlyAPrincipalsRequestsAreRemembered(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	defer func() {
		if recover() == nil {
			t.Error("a public operation was registered")
		}
	}()
	httpapi.RegisterCreate(w.api, w.answers, huma.Operation{OperationID: "public", Method: http.MethodPost, Path: "/public"}, httpapi.Public,
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
}
