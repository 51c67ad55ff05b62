package trail_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/trail"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const (
	exporting = "acc_1"
	leased    = 5 * time.Minute  // how long a dead worker's step is left alone
	forgotten = 15 * time.Minute // when a step that nobody works on is taken up
)

// exported is an export of an account's events that was asked for, and not worked on.
func exported(t *testing.T, events int) (place, trail.Task, httpapi.Principal) {
	t.Helper()
	// The queue's messages go nowhere: the test is its own queue.
	nowhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(nowhere.Close)
	emulator.Storage(t)
	bucket := "bucket-" + emulator.Project(t)
	p := newPlace(t, map[string]string{
		"CLOUD_TASKS_EMULATOR_HOST": emulator.Tasks(t), "TRAIL_WORKER_URL": nowhere.URL, "EXPORTS_BUCKET": bucket,
	})
	storage, err := p.cloud.Storage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.Bucket(bucket).Create(t.Context(), p.cloud.Config().Project, nil); err != nil {
		t.Fatal(err)
	}
	queues, err := p.cloud.Tasks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parent := "projects/" + p.cloud.Config().Project + "/locations/us-central1"
	if _, err := queues.CreateQueue(t.Context(), &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{Name: parent + "/queues/trail"}}); err != nil {
		t.Fatal(err)
	}
	p.put(t, exporting, -events, 0)
	by := httpapi.Principal{UserID: "owner", AccountID: exporting, Role: account.Owner, Grants: account.GrantsOf(account.Owner)}
	task, err := p.trail.StartExport(t.Context(), "export", by, trail.Export{
		Format: trail.CSV, Search: event.Search{Type: "client.updated", Audiences: []event.Audience{event.Operations}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, task, by
}

func (p place) step(ctx context.Context, step int64) error {
	return p.trail.Work(ctx, trail.Message{Account: exporting, ID: "export", Step: step})
}

// isWhole tells whether an export is done and has each event once.
func (p place) isWhole(t *testing.T, by httpapi.Principal, events int) {
	t.Helper()
	_, write, err := p.trail.Open(t.Context(), by, "export", true)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := write(&file); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(file.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, row := range rows[1:] {
		times[row[0]]++
	}
	if len(rows) != events+1 || len(times) != events {
		t.Errorf("%d rows of %d events, want %d", len(rows)-1, len(times), events)
	}
}

// What a worker that died has in its hands is left alone while it may still write, and then another goes on where it stopped.
func TestAnExportOutlivesItsWorker(t *testing.T) {
	t.Parallel()
	const events = 1200 // three pages
	p, _, by := exported(t, events)
	dying, die := context.WithCancel(t.Context())
	go func() { // it dies when the first page is stored
		defer die()
		for dying.Err() == nil {
			task, err := p.trail.Get(dying, exporting, trail.Exports, "export")
			if err != nil || task.Done > 0 {
				return
			}
		}
	}()
	if err := p.step(dying, 0); err == nil {
		t.Fatal("the worker was done before it died")
	}
	ref := p.client.Doc("accounts/" + exporting + "/trail/export")
	if _, err := ref.Update(t.Context(), []firestore.Update{ // what it could not take back
		{Path: "state", Value: "running"}, {Path: "holder", Value: "a worker that is dead"}, {Path: "heldUntil", Value: p.clock.Now().Add(leased)},
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.step(t.Context(), 0); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("while the dead one may still write: %v", err)
	}
	p.clock.Advance(leased + time.Second)
	if err := p.step(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	p.isWhole(t, by, events)
}

// Of workers that are given the same step at the same time one works.
func TestAStepIsWorkedOnOnce(t *testing.T) {
	t.Parallel()
	const events, workers = 1100, 4
	p, _, by := exported(t, events)
	var group sync.WaitGroup
	errs := make([]error, workers)
	for i := range workers {
		group.Go(func() { errs[i] = p.step(t.Context(), 0) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil && problem.CodeOf(err) != problem.Unavailable {
			t.Error(err)
		}
	}
	if err := p.step(t.Context(), 0); err != nil { // delivered again, when all is done
		t.Error(err)
	}
	p.isWhole(t, by, events)
}

// A step whose message was lost is found, and its message does nothing when it comes after all.
func TestALostStepIsTakenUp(t *testing.T) {
	t.Parallel()
	const events = 30
	p, task, by := exported(t, events)
	revive := func(want int) {
		t.Helper()
		if n, err := p.trail.Revive(t.Context(), 10); err != nil || n != want {
			t.Errorf("took up %d, error %v, want %d", n, err, want)
		}
	}
	revive(0) // nothing is late
	p.clock.Advance(forgotten + time.Second)
	revive(1)
	revive(0)
	if err := p.step(t.Context(), 0); err != nil { // the old message: the new one is queued again
		t.Error(err)
	}
	if now, err := p.trail.Get(t.Context(), exporting, trail.Exports, task.ID); err != nil || now.State == trail.Done {
		t.Errorf("the old message did the work: %+v, %v", now, err)
	}
	if err := p.step(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p.isWhole(t, by, events)
	p.clock.Advance(forgotten + time.Second)
	revive(0)
}

// A file that ends too early is never taken for a whole one.
func TestAFileThatBreaksOff(t *testing.T) {
	t.Parallel()
	const events = 30
	p, _, by := exported(t, events)
	if err := p.step(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	_, write, err := p.trail.Open(t.Context(), by, "export", true)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("the reader is gone")
	if err := write(writerFunc(func([]byte) (int, error) { return 0, full })); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, fmt.Sprint(full))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
