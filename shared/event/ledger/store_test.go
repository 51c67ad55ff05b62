package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"golang.org/x/mod/sumdb/note"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/emulator"
)

type place struct {
	clients *cloud.Clients
	events  *event.Store
	ledger  *Ledger
	keys    note.Verifiers
	signing SigningConfig
	cfg     Config
}

func newPlace(t *testing.T) place {
	t.Helper()
	clients := emulator.Clients(t)
	signing, cfg, keys := testKeys(t)
	l, err := New(clients, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return place{clients, event.NewStore(clients, event.Config{Topic: "events"}, slog.New(slog.DiscardHandler)), l, keys, signing, cfg}
}

func (p place) sealer(t *testing.T) *Sealer {
	t.Helper()
	s, err := NewSealer(p.clients, p.signing, p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores events without publishing them.
func (p place) put(t *testing.T, events ...event.Event) {
	t.Helper()
	client, err := p.clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = client.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		for _, e := range events {
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

// Sealers that work at once and one that dies before its commit, while events come in: in the end each event is sealed
// exactly once, and every proof holds.
func TestEachEventIsSealedOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	accounts := []string{"one", "two"}
	ids := map[string][]string{}
	add := func(count int) {
		for _, account := range accounts {
			events := make([]event.Event, count)
			for i := range events {
				events[i] = full(account, len(ids[account])+i)
			}
			for _, e := range events {
				ids[account] = append(ids[account], e.ID)
			}
			p.put(t, events...)
		}
	}
	add(150)
	dying := p.sealer(t)
	died := errors.New("died")
	dying.beforeCommit = func() error { return died }
	if n, err := dying.Seal(t.Context(), 3); n != 0 || !errors.Is(err, died) {
		t.Fatalf("the dying one sealed %d, %v", n, err)
	}
	var kept string
	for range 2 {
		var wait sync.WaitGroup
		for range 2 {
			s := p.sealer(t)
			wait.Go(func() {
				if _, err := s.Seal(t.Context(), 5); err != nil {
					t.Log(err) // one that lost every race; the next minute is another
				}
			})
		}
		wait.Wait()
		if kept == "" {
			if _, err := p.sealer(t).Seal(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			var err error
			if kept, err = p.ledger.Checkpoint(t.Context(), "one"); err != nil {
				t.Fatal(err)
			}
		}
		add(60)
	}
	if _, err := p.sealer(t).Seal(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if n, err := p.sealer(t).Seal(t.Context(), 10); n != 0 || err != nil {
		t.Fatalf("with nothing left it sealed %d, %v", n, err)
	}
	for _, account := range accounts {
		p.sealedOnce(t, account, ids[account])
	}
	c, err := p.ledger.Consistency(t.Context(), "one", 150)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(kept, p.keys); err != nil {
		t.Error(err)
	}
	var none *problem.Error
	if _, err := p.ledger.Consistency(t.Context(), "one", 149); !errors.As(err, &none) || none.Code != problem.NotFound {
		t.Errorf("of a size without a checkpoint: %v", err)
	}
}

// sealedOnce checks that an account's events are those of the ids, at the indexes from 0, and verifies all of it.
func (p place) sealedOnce(t *testing.T, account string, ids []string) {
	t.Helper()
	stored, err := p.ledger.store.sealed(t.Context(), account, 0, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, e := range stored {
		if e.Seal.Index != int64(i) || e.Unsealed {
			t.Fatalf("%s: event %d of the tree has index %d, unsealed %t", account, i, e.Seal.Index, e.Unsealed)
		}
		got = append(got, e.ID)
	}
	want := slices.Sorted(slices.Values(ids))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %d events are sealed, of %d", account, len(got), len(want))
	}
	report, problems := check(t, exported(t, p.ledger, account), p.keys, "")
	if len(problems) > 0 || report.Events != int64(len(ids)) {
		t.Errorf("%s: %+v: %v", account, report, problems)
	}
	for _, id := range []string{ids[0], ids[len(ids)/2], ids[len(ids)-1]} {
		proof, err := p.ledger.Proof(t.Context(), account, id, everybody)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.Verify(p.keys); err != nil {
			t.Errorf("%s: event %s: %v", account, id, err)
		}
	}
}

// An account whose ledger somebody changed is not sealed on, and the others' events are.
func TestABrokenLedgerStopsItsAccountAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.put(t, full("bad", 0), full("good", 0))
	if n, err := p.sealer(t).Seal(t.Context(), 1); n != 2 || err != nil {
		t.Fatalf("sealed %d, %v", n, err)
	}
	client, err := p.clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Doc("accounts/bad/tiles/0-0").Set(t.Context(), map[string]any{"hashes": bytes.Repeat([]byte{7}, 32)}); err != nil {
		t.Fatal(err)
	}
	p.put(t, full("bad", 1), full("good", 1))
	if n, err := p.sealer(t).Seal(t.Context(), 1); n != 1 || err == nil {
		t.Errorf("sealed %d, %v", n, err)
	}
}

func TestErasingInTheStore(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	events := []event.Event{full("acc", 0), full("acc", 1), full("acc", 2)}
	p.put(t, events[:2]...)
	var conflict *problem.Error
	if _, err := p.ledger.Proof(t.Context(), "acc", events[0].ID, everybody); !errors.As(err, &conflict) || conflict.Code != problem.Conflict {
		t.Errorf("before it is sealed: %v", err)
	}
	if _, err := p.ledger.Checkpoint(t.Context(), "acc"); !errors.As(err, &conflict) || conflict.Code != problem.NotFound {
		t.Errorf("before anything is sealed: %v", err)
	}
	if _, err := p.sealer(t).Seal(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p.put(t, events[2]) // erased before it is sealed
	for _, i := range []int{1, 2} {
		if err := p.ledger.Erase(t.Context(), "acc", events[i].ID); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := p.sealer(t).Seal(t.Context(), 1); n != 1 || err != nil {
		t.Fatalf("sealed %d, %v", n, err)
	}
	client, err := p.clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		proof, err := p.ledger.Proof(t.Context(), "acc", e.ID, everybody)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.Verify(p.keys); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
		snap, err := event.Ref(client, "acc", e.ID).Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if there := bytes.Contains(fmt.Append(nil, snap.Data()), []byte("192.0.2.7")); there != (i == 0) {
			t.Errorf("event %d: the address is there: %t", i, there)
		}
		if snap.Data()["pending"] != true {
			t.Errorf("event %d is taken for published", i)
		}
	}
	if _, problems := check(t, exported(t, p.ledger, "acc"), p.keys, ""); len(problems) > 0 {
		t.Error(problems)
	}
}

// Both keys of a change of keys sign, and who has only one of them verifies.
func TestChangeOfKeys(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	next, nextCfg, nextKeys := testKeys(t)
	p.put(t, full("acc", 0))
	if _, err := p.sealer(t).Seal(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	both := Config{PublicKeys: p.cfg.PublicKeys + "\n" + nextCfg.PublicKeys}
	if _, err := NewSealer(p.clients, next, p.cfg); err == nil {
		t.Error("it signs with a key that no reader has")
	}
	s, err := NewSealer(p.clients, SigningConfig{Keys: p.signing.Keys + next.Keys}, both)
	if err != nil {
		t.Fatal(err)
	}
	p.put(t, full("acc", 1))
	if n, err := s.Seal(t.Context(), 1); n != 1 || err != nil {
		t.Fatalf("sealed %d, %v", n, err)
	}
	export := exported(t, p.ledger, "acc")
	for _, keys := range []note.Verifiers{p.keys, nextKeys} {
		if _, problems := check(t, export, keys, ""); len(problems) > 0 {
			t.Error(problems)
		}
	}
	if alone, err := NewSealer(p.clients, next, both); err != nil {
		t.Error(err)
	} else if p.put(t, full("acc", 2)); true {
		if n, err := alone.Seal(t.Context(), 1); n != 1 || err != nil {
			t.Errorf("the new key alone sealed %d, %v", n, err)
		}
	}
}
