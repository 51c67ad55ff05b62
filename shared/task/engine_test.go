package task_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/task"
)

func TestATaskIsDoneOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	var runs atomic.Int64
	kind := handle(t, p, task.Rules{Name: "greet", Told: true}, func(_ context.Context, r *task.Run, n note) error {
		runs.Add(1)
		r.Progress(3, 4, "greeting")
		return r.Result(map[string]string{"said": n.Text})
	})
	x := kind.New(account, note{"hello"})
	x.ID, x.Title, x.By = "one", "A greeting", "user_1"
	p.enqueue(t, x)
	if added, err := p.engine.Enqueue(t.Context(), x); err != nil || added {
		t.Errorf("the same id again: added %v, error %v", added, err)
	}
	v := p.await(t, "one", task.Done)
	if string(v.Result) != `{"said":"hello"}` || v.Attempt != 1 || v.Progress.Percent() != 75 || len(v.Timeline) != 1 || v.Timeline[0].Outcome != "done" {
		t.Errorf("the task is %+v", v)
	}
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
	events, err := p.client.Collection("accounts/acc_1/events").Where("type", "==", "task.completed").Documents(t.Context()).GetAll()
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, error %v", len(events), err)
	}
	if got := events[0].Data()["title"]; got != "A greeting" {
		t.Errorf("the event tells of %v", got)
	}
}

func TestEnqueueIsPartOfTheCallersTransaction(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	kind := handle(t, p, task.Rules{Name: "greet"}, func(context.Context, *task.Run, note) error { return nil })
	x := kind.New(account, note{"hello"})
	x.ID, x.Key = "one", "greeting"
	no := errors.New("no")
	for _, fails := range []error{no, nil} {
		err := p.engine.Transaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
			if added, err := p.engine.Enqueue(ctx, x); err != nil || !added {
				return fmt.Errorf("added %v, error %w", added, err)
			}
			if added, err := p.engine.Enqueue(ctx, x); err != nil || added {
				return fmt.Errorf("again in the same transaction: added %v, error %w", added, err)
			}
			if err := tx.Set(p.client.Doc("things/one"), map[string]any{"there": true}); err != nil {
				return err
			}
			return fails
		})
		if !errors.Is(err, fails) {
			t.Fatalf("the transaction ended with %v, want %v", err, fails)
		}
		if fails != nil {
			if _, err := p.engine.Get(t.Context(), account, "one"); problem.CodeOf(err) != problem.NotFound {
				t.Errorf("a task of a transaction that failed: %v", err)
			}
		}
	}
	p.await(t, "one", task.Done)
	if _, err := p.client.Doc("things/one").Get(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFailuresByClass(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	var mu sync.Mutex
	calls := map[string]int{}
	kind := handle(t, p, task.Rules{Name: "fail", Attempts: 3}, func(_ context.Context, _ *task.Run, n note) error {
		mu.Lock()
		calls[n.Text]++
		call := calls[n.Text]
		mu.Unlock()
		switch n.Text {
		case "transient once":
			if call == 1 {
				return errors.New("the line dropped")
			}
		case "transient always":
			return errors.New("the line dropped")
		case "permanent":
			return task.Permanent(errors.New("it makes no sense"))
		case "refused":
			return problem.New(problem.Conflict, "The invoice is paid.")
		case "throttled":
			if call <= 5 {
				return task.Throttled(errors.New("slow down"), time.Now().Add(30*time.Millisecond))
			}
		case "panic":
			panic("oh")
		}
		return nil
	})
	want := map[string]struct {
		state    task.State
		calls    int
		failures int
		message  string
	}{
		"transient once":   {task.Done, 2, 1, ""},
		"transient always": {task.Failed, 3, 3, "Something failed that is ours to fix. The log has it under the request id."},
		"permanent":        {task.Failed, 1, 0, "Something failed that is ours to fix. The log has it under the request id."},
		"refused":          {task.Failed, 1, 0, "The invoice is paid."},
		"throttled":        {task.Done, 6, 0, ""},
		"panic":            {task.Failed, 3, 3, "Something failed that is ours to fix. The log has it under the request id."},
	}
	for name := range want {
		x := kind.New(account, note{name})
		x.ID = strings.ReplaceAll(name, " ", "-")
		p.enqueue(t, x)
	}
	for name, w := range want {
		v := p.await(t, strings.ReplaceAll(name, " ", "-"), w.state)
		message := ""
		if v.Failure != nil {
			message = v.Failure.Message
		}
		mu.Lock()
		if calls[name] != w.calls || v.Failures != w.failures || message != w.message {
			t.Errorf("%s: %d calls, %d failures, %q; want %+v", name, calls[name], v.Failures, message, w)
		}
		mu.Unlock()
	}
}

func TestADeadLetterIsEditedAndSentAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	kind := handle(t, p, task.Rules{Name: "spell", Attempts: 1}, func(_ context.Context, _ *task.Run, n note) error {
		if n.Text != "right" {
			return errors.New("wrong")
		}
		return nil
	})
	kinds, err := task.NewCatalogue(kind.Listed())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"one", "two"} {
		x := kind.New(account, note{"wrong"})
		x.ID = id
		p.enqueue(t, x)
		p.await(t, id, task.Failed)
	}
	for name, payload := range map[string]string{"no JSON": `{`, "a name that the kind does not know": `{"txet":"right"}`, "two": `{"text":"a"}{}`} {
		if _, err := p.engine.Edit(t.Context(), account, "one", []byte(payload), kinds); err == nil || problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	edited, err := p.engine.Edit(t.Context(), account, "one", []byte(`{"text":"right"}`), kinds)
	if err != nil {
		t.Fatal(err)
	}
	if !edited.EndedAt.IsZero() || !edited.ExpireAt.IsZero() {
		t.Errorf("a task that lives again still ended at %s and is to be deleted at %s", edited.EndedAt, edited.ExpireAt)
	}
	if v := p.await(t, "one", task.Done); len(v.Timeline) != 2 {
		t.Errorf("its timeline: %+v", v.Timeline)
	}
	if _, err := p.engine.Retry(t.Context(), account, "one"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("a task that is done, again: %v", err)
	}
	replayed, err := p.engine.Replay(t.Context(), account, "spell")
	if err != nil || replayed.Sent != 1 || replayed.More {
		t.Errorf("replayed %+v, error %v", replayed, err)
	}
	for p.await(t, "two", task.Failed).Attempt < 2 { // the state it had before
		time.Sleep(20 * time.Millisecond)
	}
	if other, err := p.engine.Replay(t.Context(), "acc_2", ""); err != nil || other.Sent != 0 {
		t.Errorf("another account replayed %+v, error %v", other, err)
	}
}

func TestChildrenAndWhatFollows(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	var sum atomic.Int64
	child := handle(t, p, task.Rules{Name: "part", Attempts: 1}, func(_ context.Context, _ *task.Run, n note) error {
		if n.Text == "7" {
			return errors.New("unlucky")
		}
		sum.Add(1)
		return nil
	})
	parent := handle(t, p, task.Rules{Name: "whole"}, func(ctx context.Context, r *task.Run, _ note) error {
		if r.Continued {
			c, err := r.Children(ctx)
			if err != nil {
				return err
			}
			return r.Result(c)
		}
		var parts []task.Task
		for i := range 30 {
			parts = append(parts, child.New("ignored", note{fmt.Sprint(i)}))
		}
		if err := r.Spawn(ctx, parts...); err != nil {
			return err
		}
		return r.Spawn(ctx, parts...) // as after a crash
	})
	x := parent.New(account, note{})
	x.ID = "whole"
	p.enqueue(t, x)
	v := p.await(t, "whole", task.Done)
	if diff := cmp.Diff(`{"Total":30,"Open":0,"Done":29,"Failed":1,"Cancelled":0}`, string(v.Result)); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	if sum.Load() != 29 || v.Attempt != 2 {
		t.Errorf("%d parts were done, %d attempts", sum.Load(), v.Attempt)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	began, ended := make(chan struct{}), make(chan error, 1)
	kind := handle(t, p, task.Rules{Name: "long", RunningPerAccount: 1}, func(ctx context.Context, _ *task.Run, _ note) error {
		close(began)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return ctx.Err()
	})
	for _, id := range []string{"runs", "waits"} {
		x := kind.New(account, note{})
		x.ID = id
		p.enqueue(t, x)
		if id == "runs" {
			<-began
		}
	}
	for _, id := range []string{"waits", "runs"} {
		if _, err := p.engine.Cancel(t.Context(), account, id, "user_1"); err != nil {
			t.Fatal(err)
		}
		v := p.await(t, id, task.Cancelled)
		if v.EndedAt.IsZero() {
			t.Errorf("%s has no end", id)
		}
	}
	if cause := <-ended; !errors.Is(cause, task.ErrCancelled) {
		t.Errorf("the handler's context ended for %v", cause)
	}
	if _, err := p.engine.Cancel(t.Context(), "acc_2", "runs", "user_1"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("another account: %v", err)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	ran := make(chan string, 10)
	kind := handle(t, p, task.Rules{Name: "greet"}, func(_ context.Context, r *task.Run, _ note) error { ran <- r.Account; return nil })
	kinds, err := task.NewCatalogue(kind.Listed())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.engine.Pause(t.Context(), account, "dance", "user_1", kinds); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("a kind that there is not: %v", err)
	}
	if err := p.engine.Pause(t.Context(), account, "greet", "user_1", kinds); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{account, "acc_2"} {
		x := kind.New(a, note{})
		x.ID = "one"
		p.enqueue(t, x)
	}
	if got := <-ran; got != "acc_2" {
		t.Fatalf("the task of %s ran", got)
	}
	if v, err := p.engine.Get(t.Context(), account, "one"); err != nil || v.State != task.Waiting {
		t.Errorf("the paused task is %s, error %v", v.State, err)
	}
	if all, err := p.engine.Paused(t.Context(), account); err != nil || len(all) != 1 || all[0].Kind != "greet" {
		t.Errorf("paused: %+v, error %v", all, err)
	}
	if err := p.engine.Resume(t.Context(), account, "greet", kinds); err != nil {
		t.Fatal(err)
	}
	p.await(t, "one", task.Done)
}

// The turns are a memory: without them tasks run by their tokens, and pauses hold.
func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{redis: "redis://127.0.0.1:1"})
	kind := handle(t, p, task.Rules{Name: "greet"}, func(context.Context, *task.Run, note) error { return nil })
	for i := range 5 {
		x := kind.New(account, note{})
		x.ID = fmt.Sprint(i)
		p.enqueue(t, x)
	}
	for i := range 5 {
		p.await(t, fmt.Sprint(i), task.Done)
	}
}

func TestATimeOut(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	kind := handle(t, p, task.Rules{Name: "slow", Attempts: 1, Timeout: time.Second}, func(ctx context.Context, _ *task.Run, _ note) error {
		<-ctx.Done()
		return ctx.Err()
	})
	x := kind.New(account, note{})
	x.ID = "one"
	p.enqueue(t, x)
	if v := p.await(t, "one", task.Failed); v.Failure.Message != "The attempt took longer than this kind of task may." {
		t.Errorf("it failed with %q", v.Failure.Message)
	}
}

func TestALaterTime(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	ran := make(chan time.Time, 1)
	kind := handle(t, p, task.Rules{Name: "later"}, func(context.Context, *task.Run, note) error { ran <- time.Now(); return nil })
	x := kind.New(account, note{})
	x.ID, x.At = "one", time.Now().Add(2*time.Second)
	p.enqueue(t, x)
	if at := <-ran; at.Before(x.At.Add(-100 * time.Millisecond)) {
		t.Errorf("it ran %s too early", x.At.Sub(at))
	}
}

func TestBadTasksAreRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, options{})
	good := handle(t, p, task.Rules{Name: "greet"}, func(context.Context, *task.Run, note) error { return nil })
	for name, tt := range map[string]struct {
		task task.Task
		want problem.Code
	}{
		"no kind":             {task.Task{Account: account}, problem.Invalid},
		"another queue":       {task.Kind[note]{Name: "x", Queue: "none"}.New(account, note{}), problem.Invalid},
		"a path as account":   {good.New("a/b", note{}), problem.Invalid},
		"no JSON":             {task.Kind[chan int]{Name: "x", Queue: "work"}.New(account, nil), problem.Invalid},
		"a payload too large": {good.New(account, note{strings.Repeat("x", task.MaxPayload)}), problem.TooLarge},
	} {
		if name == "no JSON" {
			tt.task = task.Kind[func()]{Name: "x", Queue: "work"}.New(account, func() {})
		}
		if added, err := p.engine.Enqueue(t.Context(), tt.task); added || err == nil || problem.CodeOf(err) != tt.want {
			t.Errorf("%s: added %v, error %v", name, added, err)
		}
	}
}
