package trail_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/shared/event/trail"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type place struct {
	trail  *trail.Trail
	events *event.Store
	ledger *ledger.Ledger
	sealer *ledger.Sealer
	public string
	clock  *clock.Manual
	cloud  *cloud.Clients
	client *firestore.Client
}

func newPlace(t *testing.T, settings map[string]string) place {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := evidence.PublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	p := place{clock: clock.NewManual(start), public: verifier}
	env := map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": "redis://127.0.0.1:1", "EVENT_PUBLIC_KEYS": verifier,
		"TRAIL_WORKER_URL": "https://worker.example", "TASKS_INVOKER": "invoker@demo.iam.gserviceaccount.com", "EXPORTS_BUCKET": "none",
	}
	maps.Copy(env, settings)
	in, err := instance.New(t.Context(), envconfig.MapLookuper(env), p.clock, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if p.trail, err = trail.New(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	p.cloud = in.Cloud
	p.events = event.NewStore(in.Cloud, event.Config{Topic: "events"}, in.Log)
	keys := ledger.Config{PublicKeys: verifier}
	if p.ledger, err = ledger.New(in.Cloud, keys); err != nil {
		t.Fatal(err)
	}
	secret := telemetry.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if p.sealer, err = ledger.NewSealer(in.Cloud, ledger.SigningConfig{Keys: secret}, keys); err != nil {
		t.Fatal(err)
	}
	if p.client, err = in.Cloud.Firestore(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// hold turns the legal hold of an account with the shortest retention on or off.
func (p place) hold(t *testing.T, account string, on bool) {
	t.Helper()
	_, err := p.client.Doc("accounts/"+account).Set(t.Context(), map[string]any{
		"name": account, "auditRetentionDays": 90, "legalHold": map[string]any{"on": on, "reason": "Case 12"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// put stores events of an account that happen a day apart, and seals them.
func (p place) put(t *testing.T, account string, from, to int) (ids []string) {
	t.Helper()
	for first := from; first < to; first += 400 { // a transaction has its bounds
		some := make([]event.Event, 0, 400)
		for day := first; day < min(first+400, to); day++ {
			e := event.New(account, "client.updated", start.AddDate(0, 0, day))
			e.ID, e.Title, e.Collection, e.EntityID = fmt.Sprintf("day-%d", day), "Ada Lane", "clients", "Client_1"
			ids = append(ids, e.ID)
			some = append(some, e)
		}
		err := p.client.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
			for _, e := range some {
				if err := p.events.Put(ctx, tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.seal(t)
	return ids
}

func (p place) seal(t *testing.T) {
	t.Helper()
	if _, err := p.sealer.Seal(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
}

func (p place) expire(t *testing.T, rounds int) int {
	t.Helper()
	n, err := p.trail.Expire(t.Context(), rounds)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Events go when their time is over and not before, nothing goes under the legal hold, and every proof of what is left holds.
func TestRetention(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	p.hold(t, "kept", true)
	p.hold(t, "short", false)
	ids := p.put(t, "short", 0, 100)
	p.put(t, "kept", 0, 100)
	old, err := p.ledger.Checkpoint(t.Context(), "short")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := evidence.ParseKeys(p.public)
	if err != nil {
		t.Fatal(err)
	}
	p.clock.Set(start.AddDate(0, 0, 90)) // the first event is 90 days old to the second, and not older
	if n := p.expire(t, 5); n != 0 {
		t.Errorf("%d events went before their time was over", n)
	}
	p.clock.Set(start.AddDate(0, 0, 130).Add(time.Second))
	if n := p.expire(t, 5); n != 41 {
		t.Errorf("%d events went, want the 41 of days 0 to 40", n)
	}
	if n := p.expire(t, 5); n != 0 {
		t.Errorf("%d went at the second time", n)
	}
	p.seal(t) // that they went is in the log
	left := func(account string) int {
		found, err := p.events.Find(t.Context(), account, event.Search{Type: "client.updated", Audiences: []event.Audience{event.Operations}}, event.Position{}, 500)
		if err != nil {
			t.Fatal(err)
		}
		return len(found.Events)
	}
	if a, b := left("short"), left("kept"); a != 59 || b != 100 {
		t.Errorf("%d and %d are left, want 59, and all of the account with the hold", a, b)
	}
	everything := func(event.Event) bool { return true }
	for _, id := range ids[41:] {
		proof, err := p.ledger.Proof(t.Context(), "short", id, everything)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.Verify(keys); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	onwards, err := p.ledger.Consistency(t.Context(), "short", 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := onwards.Verify(old, keys); err != nil {
		t.Error(err)
	}
	var file bytes.Buffer
	if _, err := p.ledger.Export(t.Context(), &file, "short", everything); err != nil {
		t.Fatal(err)
	}
	checked := func() (evidence.Report, int) {
		var wrong []string
		report, err := evidence.Check(bytes.NewReader(file.Bytes()), keys, old, func(x evidence.Problem) { wrong = append(wrong, x.String()) })
		if err != nil {
			t.Fatal(err)
		}
		return report, len(wrong)
	}
	if report, wrong := checked(); wrong > 0 || report.Expired != 41 || report.Events != 101 {
		t.Errorf("%d problems, %+v", wrong, report)
	}

	// What somebody else deletes is no expiry.
	if _, err := p.client.Doc("accounts/short/events/day-50").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	file.Reset()
	if _, err := p.ledger.Export(t.Context(), &file, "short", everything); err != nil {
		t.Fatal(err)
	}
	if _, wrong := checked(); wrong != 1 {
		t.Errorf("a deleted event is %d problems, want 1", wrong)
	}

	p.hold(t, "kept", false)
	if n := p.expire(t, 5); n != 41 {
		t.Errorf("%d events went when the hold ended, want 41", n)
	}
}
