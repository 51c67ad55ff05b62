package jobber_test

import (
	"container/heap"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// timeline moves a clock on when everybody who takes part sleeps, to the moment at which the first of them wakes. So hours
// pass in the time that the work itself takes, and in the order in which they would.
type timeline struct {
	clock *clock.Manual

	mu       sync.Mutex
	awake    int
	sleepers sleepers
}

type sleeper struct {
	wake time.Time
	done chan struct{}
}

type sleepers []sleeper

func (s sleepers) Len() int           { return len(s) }
func (s sleepers) Less(i, j int) bool { return s[i].wake.Before(s[j].wake) }
func (s sleepers) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *sleepers) Push(x any)        { *s = append(*s, x.(sleeper)) }
func (s *sleepers) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// run lets n workers work, and returns when all have ended.
func (l *timeline) run(n int, work func(worker int)) {
	l.awake = n
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			work(i)
			l.mu.Lock()
			l.awake--
			l.advance()
			l.mu.Unlock()
		})
	}
	wg.Wait()
}

func (l *timeline) sleep(ctx context.Context, d time.Duration) error {
	s := sleeper{l.clock.Now().Add(d), make(chan struct{})}
	l.mu.Lock()
	heap.Push(&l.sleepers, s)
	l.awake--
	l.advance()
	l.mu.Unlock()
	<-s.done
	return ctx.Err()
}

// advance wakes the first sleepers when nobody is awake. The caller holds mu.
func (l *timeline) advance() {
	if l.awake > 0 || len(l.sleepers) == 0 {
		return
	}
	now := l.sleepers[0].wake
	l.clock.Set(now)
	for len(l.sleepers) > 0 && !l.sleepers[0].wake.After(now) {
		close(heap.Pop(&l.sleepers).(sleeper).done)
		l.awake++
	}
}

// latent makes each request of a worker take a while on its way there and back.
func latent(l *timeline, worker int) func(*jobber.Options) {
	rng := rand.New(rand.NewPCG(7, uint64(worker)))
	lag := func() time.Duration {
		return time.Duration(20+rng.IntN(400)) * time.Millisecond
	}
	return func(o *jobber.Options) {
		o.Sleep = l.sleep
		o.HTTP = &http.Client{Transport: transport(func(r *http.Request, rt http.RoundTripper) (*http.Response, error) {
			if err := l.sleep(r.Context(), lag()); err != nil {
				return nil, err
			}
			resp, err := rt.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			return resp, l.sleep(r.Context(), lag())
		})}
	}
}

// Workers of one account, each an instance of its own, read pages of all prices without pause, at Jobber's real numbers. None
// may be throttled, and the points that they spend must be nearly all that there are.
func TestTheBudgetIsUsedUpAndNeverOverrun(t *testing.T) {
	t.Parallel()
	const span = 5 * time.Minute
	for _, tt := range []struct {
		name    string
		workers int
	}{
		{"one worker", 1},
		{"three workers", 3},
		{"eight workers", 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.connected()
			l := &timeline{clock: b.clock}
			begun, before := b.clock.Now(), b.stats()
			reads := make([]int, tt.workers)
			l.run(tt.workers, func(w int) {
				api := b.api(latent(l, w))
				pages := []func() error{
					func() error { _, err := api.Visits(t.Context(), account, jobber.PageRequest{}); return err },
					func() error { _, err := api.Clients(t.Context(), account, jobber.PageRequest{}); return err },
					func() error { _, err := api.Invoices(t.Context(), account, jobber.PageRequest{}); return err },
					func() error { _, err := api.Jobs(t.Context(), account, jobber.PageRequest{}); return err },
					func() error { _, err := api.Payments(t.Context(), account, jobber.PageRequest{First: 25}); return err },
				}
				for b.clock.Now().Sub(begun) < span {
					if err := pages[(w+reads[w])%len(pages)](); err != nil {
						t.Error(err)
						return
					}
					reads[w]++
				}
			})
			after := b.stats()
			if after.Throttled != 0 || after.RateLimited != 0 {
				t.Errorf("%d throttled, %d rate limited; want none", after.Throttled, after.RateLimited)
			}
			spent := float64(after.PointsSpent - before.PointsSpent)
			bound := float64(before.Bucket.CurrentlyAvailable) + float64(before.Bucket.RestoreRate)*b.clock.Now().Sub(begun).Seconds()
			t.Logf("%d pages, %.0f of %.0f points: %.1f %%", after.Requests-before.Requests, spent, bound, 100*spent/bound)
			if spent < 0.95*bound {
				t.Errorf("spent %.0f of %.0f points, want 95 %%", spent, bound)
			}
			for w, n := range reads {
				if n == 0 || n*tt.workers*3 < total(reads) {
					t.Errorf("worker %d read %d of %d pages: it starves", w, n, total(reads))
				}
			}
		})
	}
}

func total(numbers []int) (sum int) {
	for _, n := range numbers {
		sum += n
	}
	return sum
}

// Reads by id, as webhooks cause them, are cheap but many: there the request limiter is the bound.
func TestTheRequestLimitIsNeverOverrun(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulated.Options) { o.RequestLimit, o.RequestWindow = 100, time.Minute })
	b.cfg.RequestLimit, b.cfg.RequestWindow = 100, time.Minute
	b.connected()
	l := &timeline{clock: b.clock}
	begun, before := b.clock.Now(), b.stats()
	l.run(4, func(int) {
		api := b.api(func(o *jobber.Options) { o.Sleep = l.sleep })
		for b.clock.Now().Sub(begun) < 5*time.Minute {
			if _, err := api.Account(t.Context(), account); err != nil {
				t.Error(err)
				return
			}
		}
	})
	after := b.stats()
	if after.RateLimited != 0 {
		t.Errorf("%d answered 429, want none", after.RateLimited)
	}
	if got := after.Requests - before.Requests; got < 390 {
		t.Errorf("%d requests in five minutes of 100 each, want nearly 400: a fifth is kept for bursts", got)
	}
}

func TestAReadGoesAheadOfWaitingPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	l := &timeline{clock: b.clock}
	begun := b.clock.Now()
	var longest time.Duration
	l.run(5, func(w int) {
		api := b.api(latent(l, w))
		for b.clock.Now().Sub(begun) < 2*time.Minute {
			asked := b.clock.Now()
			var err error
			if w == 0 {
				_, err = api.Job(t.Context(), account, "Z2lkOi8vSm9iYmVyL0pvYi85OTk5OTk5OTk=")
				longest = max(longest, b.clock.Now().Sub(asked))
			} else {
				_, err = api.Visits(t.Context(), account, jobber.PageRequest{})
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	if longest > 2*time.Second {
		t.Errorf("a read by id took %v beside waiting pages, want under 2 s of which 0.8 s is the way", longest)
	}
	if s := b.stats(); s.Throttled != 0 {
		t.Errorf("%d throttled, want none", s.Throttled)
	}
}

// A worker that dies with a query on its way leaves a reservation: it counts as spent, for a while, and holds up nobody.
func TestAReservationThatIsNeverSettledRunsOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	budget := jobber.NewBudget(b.clients, b.cfg, b.clock, b.log)
	ctx := t.Context()
	reserve := func(ticket string, cost float64, lane jobber.Lane) jobber.Decision {
		t.Helper()
		d, err := budget.Reserve(ctx, jobber.Ask{Account: account, Ticket: ticket, Cost: cost, Lane: lane})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if got := reserve("page", 100, jobber.LanePage).Verdict; got != jobber.Unknown {
		t.Fatalf("before any reply: %s, want %s", got, jobber.Unknown)
	}
	if got := reserve("probe", 3, jobber.LaneProbe).Verdict; got != jobber.Go {
		t.Fatalf("the probe: %s", got)
	}
	if got := reserve("probe2", 3, jobber.LaneProbe).Verdict; got != jobber.Later {
		t.Fatalf("a second probe: %s, want %s", got, jobber.Later)
	}
	status := &jobber.Cost{Actual: 3, MaximumAvailable: 10000, CurrentlyAvailable: 9997, RestoreRate: 500}
	if err := budget.Settle(ctx, jobber.Receipt{Account: account, Ticket: "probe", Charge: 3, Status: status}); err != nil {
		t.Fatal(err)
	}
	if d := reserve("huge", 9990, jobber.LanePage); d.Verdict != jobber.NeverAtOnce || d.Maximum != 9900 {
		t.Fatalf("more than the bucket but for its margin: %+v", d)
	}
	if got := reserve("dead", 9000, jobber.LanePage).Verdict; got != jobber.Go {
		t.Fatalf("the one that dies: %s", got)
	}
	d := reserve("next", 5000, jobber.LanePage)
	if d.Verdict != jobber.Later {
		t.Fatalf("beside it: %+v, want to wait", d)
	}
	b.clock.Advance(59 * time.Second)
	if got := reserve("next", 5000, jobber.LanePage).Verdict; got != jobber.Later {
		t.Fatalf("before the lease runs out: %s, want %s", got, jobber.Later)
	}
	b.clock.Advance(2 * time.Second)
	b.clock.Advance(time.Minute)
	if got := reserve("next", 5000, jobber.LanePage).Verdict; got != jobber.Go {
		t.Fatalf("after it: %s, want %s", got, jobber.Go)
	}
}

// Without Redis each process takes an eighth of what there is: slower, but neither throttled nor stopped.
func TestWithoutRedisReadingGoesOnSlower(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	broken := cloud.New(cloud.Config{
		Project: b.clients.Config().Project, RedisURL: "redis://127.0.0.1:1?max_retries=-1", RedisPrefix: emulator.Prefix(t),
	})
	l := &timeline{clock: b.clock}
	begun, before := b.clock.Now(), b.stats()
	const processes = 4
	l.run(processes, func(int) {
		api := b.api(func(o *jobber.Options) {
			o.Sleep = l.sleep
			o.Log = slog.New(slog.DiscardHandler)
			o.Budget = jobber.NewBudget(broken, b.cfg, b.clock, o.Log)
		})
		for b.clock.Now().Sub(begun) < 3*time.Minute {
			if _, err := api.Visits(t.Context(), account, jobber.PageRequest{}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	after := b.stats()
	if after.Throttled != 0 || after.RateLimited != 0 {
		t.Errorf("%d throttled, %d rate limited; want none", after.Throttled, after.RateLimited)
	}
	spent := float64(after.PointsSpent - before.PointsSpent)
	bound := 500 * b.clock.Now().Sub(begun).Seconds()
	if spent < 0.2*bound || spent > 0.6*bound {
		t.Errorf("four processes spent %.0f %% of the points, want about half", 100*spent/bound)
	}
}
