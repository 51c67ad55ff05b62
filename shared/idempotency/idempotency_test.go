package idempotency_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/emulator"
)

type stores struct {
	*idempotency.Store
	clock   *clock.Manual
	project string
	in      *instance.Instance
}

func newStore(t *testing.T, secret string) *stores {
	t.Helper()
	emulator.Firestore(t)
	s := &stores{clock: clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), project: emulator.Project(t)}
	s.Store = s.with(t, secret)
	return s
}

// with returns a store of the same records with another secret.
func (s *stores) with(t *testing.T, secret string) *idempotency.Store {
	t.Helper()
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": s.project, "REDIS_URL": "redis://127.0.0.1:1", "SESSION_SIGNING_KEY": secret,
	}), s.clock, instance.Logger(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	s.in = in
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	store, err := idempotency.New(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func pemKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

var (
	request = idempotency.Request{Account: "acc_one", Principal: "u1/", Operation: "create-thing", Key: "the-key", Content: []byte("body")}
	answer  = idempotency.Answer{Status: 201, Type: "application/json", Location: "/things/1", Body: []byte(`{"secret":"hunter2"}`)}
)

func begin(t *testing.T, s *idempotency.Store, r idempotency.Request) *idempotency.Attempt {
	t.Helper()
	attempt, answer, err := s.Begin(t.Context(), r)
	if err != nil || answer != nil || attempt == nil || attempt.ID == "" {
		t.Fatalf("got %+v, %+v, %v, want an attempt", attempt, answer, err)
	}
	return attempt
}

func wantAnswer(t *testing.T, s *idempotency.Store, r idempotency.Request) {
	t.Helper()
	attempt, got, err := s.Begin(t.Context(), r)
	if err != nil || attempt != nil {
		t.Fatalf("got %+v, %v, want the answer of before", attempt, err)
	}
	if diff := cmp.Diff(&answer, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func wantRunning(t *testing.T, s *idempotency.Store, left time.Duration) {
	t.Helper()
	_, _, err := s.Begin(t.Context(), request)
	var running *idempotency.RunningError
	if !errors.As(err, &running) || running.Left != left {
		t.Errorf("got %v, want that it runs for %s", err, left)
	}
}

func TestTheAnswerIsRemembered(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	attempt := begin(t, s.Store, request)
	s.clock.Advance(10 * time.Second)
	wantRunning(t, s.Store, 50*time.Second)
	if err := s.Keep(t.Context(), attempt, answer); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, s.Store, request)
	other := request
	other.Content = []byte("another body")
	if _, _, err := s.Begin(t.Context(), other); !errors.Is(err, idempotency.ErrOther) {
		t.Errorf("another content: got %v", err)
	}
	s.clock.Advance(idempotency.Lifetime - 11*time.Second)
	wantAnswer(t, s.Store, request)
	s.clock.Advance(time.Second)
	if again := begin(t, s.Store, other); again.ID == attempt.ID {
		t.Error("what another request creates has the id of what the first one did")
	}
}

func TestRequestsAreApart(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	if err := s.Keep(t.Context(), begin(t, s.Store, request), answer); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*idempotency.Request){
		func(r *idempotency.Request) { r.Account = "acc_two" }, func(r *idempotency.Request) { r.Principal = "u2/" },
		func(r *idempotency.Request) { r.Operation = "create-other" }, func(r *idempotency.Request) { r.Key = "another-key" },
	} {
		r := request
		change(&r)
		begin(t, s.Store, r)
	}
	wantAnswer(t, s.Store, request)
}

// A request that dies runs again after its lease, with the id of before.
func TestALeaseEnds(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	dead := begin(t, s.Store, request)
	s.clock.Advance(idempotency.Lease - time.Second)
	wantRunning(t, s.Store, time.Second)
	s.clock.Advance(time.Second)
	second := begin(t, s.Store, request)
	if second.ID != dead.ID {
		t.Errorf("got id %q, want %q again", second.ID, dead.ID)
	}
	// The first one was slow, not dead. It may not speak for the second.
	late := answer
	late.Body = []byte("too late")
	if err := errors.Join(s.Keep(t.Context(), dead, late), s.Release(t.Context(), dead)); err != nil {
		t.Fatal(err)
	}
	wantRunning(t, s.Store, idempotency.Lease)
	if err := s.Keep(t.Context(), second, answer); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, s.Store, request)
}

func TestReleaseLetsItBeTriedAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	first := begin(t, s.Store, request)
	if err := s.Release(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if again := begin(t, s.Store, request); again.ID != first.ID {
		t.Errorf("got id %q, want %q again", again.ID, first.ID)
	}
}

func TestOneOfManyRuns(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	var mu sync.Mutex
	var attempts int
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			attempt, _, err := s.Begin(t.Context(), request)
			var running *idempotency.RunningError
			if err != nil && !errors.As(err, &running) {
				t.Error(err)
			}
			if attempt != nil {
				mu.Lock()
				attempts++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if attempts != 1 {
		t.Errorf("%d run, want 1", attempts)
	}
}

func TestTheSecretChanges(t *testing.T) {
	t.Parallel()
	before, after := pemKey(t), pemKey(t)
	s := newStore(t, before)
	if err := s.Keep(t.Context(), begin(t, s.Store, request), answer); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, s.with(t, before+after), request)
	wantAnswer(t, s.with(t, after+before), request)
	// Without the old secret nobody can tell whether it is the same request. It must not be done again.
	if attempt, got, err := s.with(t, after).Begin(t.Context(), request); err == nil || attempt != nil || got != nil {
		t.Errorf("got %+v, %+v, %v, want it refused", attempt, got, err)
	}
}

// What is stored shows neither the key nor the answer nor the content, also to those who know all but the key.
func TestNothingIsShown(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	r := request
	r.Content = []byte("body with nia@example.test")
	if err := s.Keep(t.Context(), begin(t, s.Store, r), answer); err != nil {
		t.Fatal(err)
	}
	fs, err := s.in.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := fs.Collection("accounts/acc_one/idempotency").Documents(t.Context()).GetAll()
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	var text bytes.Buffer
	text.WriteString(found[0].Ref.ID)
	for _, value := range found[0].Data() {
		if b, ok := value.([]byte); ok {
			text.Write(b)
			continue
		}
		fmt.Fprint(&text, value)
	}
	for _, secret := range []string{"the-key", "hunter2", "nia", "things", "body"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("stored is %q: %q", secret, text.String())
		}
	}
}

func TestAnAnswerThatIsTooLarge(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	attempt := begin(t, s.Store, request)
	large := answer
	large.Body = make([]byte, 1<<20)
	if err := s.Keep(t.Context(), attempt, large); err == nil {
		t.Error("it was kept")
	}
}

// Where nothing can be looked up, nothing is begun.
func TestTheStoreDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := newStore(t, pemKey(t))
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	attempt, got, err := s.Begin(ctx, request)
	if attempt != nil || got != nil || err == nil || problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("got %+v, %+v, %v, want it unavailable", attempt, got, err)
	}
}
