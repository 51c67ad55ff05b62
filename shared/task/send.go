package task

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/queue"
)

// Token is what Cloud Tasks delivers: leave to work on the task whose turn it is. It names the task that it was made for, which
// is worked on when the turns cannot be asked.
type Token struct {
	Account string `json:"account,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9_-]*$"`
	ID      string `json:"id,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9_-]*$"`
}

const (
	// farthest is how far ahead a token is made: Cloud Tasks takes no schedule time beyond 30 days
	// (https://cloud.google.com/tasks/docs/quotas). One that comes too early makes the next.
	farthest = 29 * 24 * time.Hour
	// soon is so near that a token made now comes no earlier than one with a time.
	soon = 50 * time.Millisecond
	// tokensAtOnce is how many tokens are made for tasks that are added together: each works on as many as it has time for.
	tokensAtOnce = 32
	sendWide     = 8
	// grace is how long nothing may happen to a waiting task before Tend looks at it.
	grace = time.Minute
)

// send makes the tokens of tasks that were stored. What fails is left to Tend: the tasks are safe.
func (e *Engine) send(ctx context.Context, added []addition) {
	if len(added) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	now := e.clock.Now()
	due := map[string][]turn{}
	var g errgroup.Group
	g.SetLimit(sendWide)
	for _, a := range added {
		if a.document.RunAt.After(now.Add(soon)) {
			g.Go(func() error { return e.token(ctx, a.document.Queue, Token{a.account, a.id}, a.document.RunAt) })
			continue
		}
		due[a.document.Queue] = append(due[a.document.Queue], turnOf(a.account, a.id, a.document))
	}
	for name, all := range due {
		if err := e.turns.add(ctx, name, all); err != nil {
			e.log.WarnContext(ctx, "turns cannot be kept; tasks run in the order of their tokens", "queue", name, "error", err)
		}
		for _, t := range all[:min(len(all), tokensAtOnce)] {
			g.Go(func() error { return e.token(ctx, name, Token{t.account, t.id}, time.Time{}) })
		}
	}
	if err := g.Wait(); err != nil {
		e.log.WarnContext(ctx, "tokens could not be made; the tasks are found by the next tending", "tasks", len(added), "error", err)
	}
}

// token makes one. Two for the same task and time are one.
func (e *Engine) token(ctx context.Context, name string, t Token, at time.Time) error {
	q := e.queues[name]
	if q == nil {
		return fmt.Errorf("there is no worker for the queue %q", name)
	}
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	now := e.clock.Now()
	m := queue.Message{Body: body, Deadline: queue.MaxDeadline}
	if at.IsZero() {
		m.Name = fmt.Sprintf("%s/%s/%d", t.Account, t.ID, now.UnixNano())
	} else {
		if latest := now.Add(farthest); at.After(latest) {
			at = latest
		}
		m.At, m.Name = at, fmt.Sprintf("%s/%s/at/%d", t.Account, t.ID, at.UnixMilli())
	}
	_, err = q.Add(ctx, m)
	return err
}
