package task_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/task"
)

// A task for which nothing was ever sent is found, once it has waited longer than it should, and no task before.
func TestATaskThatWasNeverSentIsFound(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	p := newPlace(t, options{clock: now, tasks: "127.0.0.1:1", redis: "redis://127.0.0.1:1"}) // neither a queue nor turns
	kind := handle(t, p, task.Rules{Name: "greet"}, func(context.Context, *task.Run, note) error { return nil })
	x := kind.New(account, note{})
	x.ID = "one"
	p.enqueue(t, x)
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{30 * time.Second, 0}, {time.Minute, 1}, {time.Second, 0}, {6 * time.Minute, 1}} {
		now.Advance(step.after)
		if tended, err := p.engine.Tend(t.Context(), 100); err != nil || tended.Sent != step.want {
			t.Errorf("after %s more: %+v, error %v; want %d sent", step.after, tended, err, step.want)
		}
	}
	if err := p.worker.Work(t.Context(), task.Token{Account: account, ID: "one"}, false); err != nil {
		t.Fatal(err)
	}
	p.await(t, "one", task.Done)
}

// A worker that dies holds its task for a lease. Then the task goes on from its checkpoint, and the dead one's word no longer counts.
func TestAWorkerThatIsLost(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{clock: clock.NewManual(start), redis: "redis://127.0.0.1:1"}) // a token is for its own task
	p.broken.Store(true)
	var calls atomic.Int64
	began, release := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	kind := handle(t, p, task.Rules{Name: "long"}, func(ctx context.Context, r *task.Run, _ note) error {
		var step int
		if _, err := r.Restore(&step); err != nil {
			return err
		}
		if calls.Add(1) == 2 {
			if step != 1 {
				t.Errorf("it goes on from step %d, want 1", step)
			}
			return r.Checkpoint(ctx, 2, nil)
		}
		if err := r.Checkpoint(ctx, 1, nil); err != nil {
			return err
		}
		close(began)
		<-release // it hangs, and its clock has stopped
		ended <- r.Checkpoint(context.WithoutCancel(ctx), 9, nil)
		return nil
	})
	x := kind.New(account, note{})
	x.ID = "one"
	p.enqueue(t, x)
	token := task.Token{Account: account, ID: "one"}
	first := make(chan error, 1)
	go func() { first <- p.worker.Work(t.Context(), token, false) }()
	<-began
	if err := p.worker.Work(t.Context(), token, false); err != nil || calls.Load() != 1 {
		t.Errorf("while it is held: %d calls, error %v", calls.Load(), err)
	}
	// Its lease ends as if it had not been renewed: the clock stands still, so nothing renews it.
	if _, err := p.client.Doc("accounts/acc_1/tasks/one").Update(t.Context(), leaseOver(start)); err != nil {
		t.Fatal(err)
	}
	if err := p.worker.Work(t.Context(), token, true); err != nil {
		t.Fatal(err)
	}
	v := p.await(t, "one", task.Done)
	close(release)
	if err := <-ended; !errors.Is(err, task.ErrLost) {
		t.Errorf("what the lost worker wrote later: %v", err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	if len(v.Timeline) != 2 || v.Timeline[0].Outcome != "died" || v.Failures != 1 {
		t.Errorf("the task is %+v", v)
	}
}

func TestFarAhead(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	p := newPlace(t, options{clock: now})
	p.broken.Store(true)
	kind := handle(t, p, task.Rules{Name: "greet"}, func(context.Context, *task.Run, note) error { return nil })
	x := kind.New(account, note{})
	x.ID, x.At = "one", start.AddDate(0, 0, 70) // Cloud Tasks takes 30 days
	p.enqueue(t, x)
	token := task.Token{Account: account, ID: "one"}
	for _, days := range []int{29, 29, 12} {
		if v, err := p.engine.Get(t.Context(), account, "one"); err != nil || v.State != task.Waiting {
			t.Errorf("before its time it is %s, error %v", v.State, err)
		}
		now.Advance(time.Duration(days) * 24 * time.Hour)
		if err := p.worker.Work(t.Context(), token, false); err != nil {
			t.Fatal(err)
		}
	}
	p.await(t, "one", task.Done)
}

func TestALargePayload(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	text := strings.Repeat("long ", 40_000)
	kind := handle(t, p, task.Rules{Name: "read"}, func(_ context.Context, r *task.Run, n note) error {
		return r.Result(n.Text == text)
	})
	x := kind.New(account, note{text})
	x.ID = "one"
	p.enqueue(t, x)
	if v := p.await(t, "one", task.Done); string(v.Result) != "true" {
		t.Errorf("the payload was not what it was: %s", v.Result)
	}
	snap, err := p.client.Doc("accounts/acc_1/tasks/one").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, inline := snap.Data()["payload"]; inline {
		t.Error("the payload is in the document")
	}
}
