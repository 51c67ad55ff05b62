package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// taken is what came of several requests.
type taken struct {
	admitted, tightened int
	last                ratelimit.Decision
}

func take(tb testing.TB, l *ratelimit.Limiter, r ratelimit.Request, n int) taken {
	tb.Helper()
	var all taken
	for range n {
		all.last = l.Take(tb.Context(), r)
		if all.last.Admitted {
			all.admitted++
		}
		if all.last.Tightened {
			all.tightened++
		}
	}
	return all
}

func TestRefusedAgainAndAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	l := b.limiter(t)
	r := user("u1")
	steps := []struct {
		name             string
		wait             time.Duration
		requests         int
		level, tightened int
		quota            int
	}{
		{"the quota and not yet enough refusals", 0, 149, 0, 0, 100},
		{"one more", 0, 1, 1, 1, 100}, // judged by what held before it
		{"the next is judged by the half", 0, 1, 1, 0, 50},
		{"as many refusals again", 0, 49, 2, 1, 50},
		{"and again", 0, 50, 3, 1, 25},
		{"as far as it goes", 0, 200, 3, 0, 13},
		{"a little later", 9 * time.Minute, 1, 3, 0, 13},
		{"a step back", time.Minute, 1, 2, 0, 25},
		{"two more", 20 * time.Minute, 1, 0, 0, 100},
		{"and no further", time.Hour, 1, 0, 0, 100},
	}
	for _, step := range steps {
		b.clock.Advance(step.wait)
		got := take(t, l, r, step.requests)
		if got.last.Level != step.level || got.tightened != step.tightened || standing(t, got.last, "user").Quota != step.quota {
			t.Errorf("%s: level %d, told %d times, quota %d; want %d, %d, %d", step.name,
				got.last.Level, got.tightened, standing(t, got.last, "user").Quota, step.level, step.tightened, step.quota)
		}
	}
}

// Refusals that are long past do not count, and who goes on being refused does not heal.
func TestWhatCountsAsAgainAndAgain(t *testing.T) {
	t.Parallel()
	t.Run("rarely refused", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		l := b.limiter(t)
		for range 10 {
			if got := take(t, l, user("u1"), 140); got.tightened != 0 || got.last.Level != 0 {
				t.Fatalf("tightened to level %d by 40 refusals every six minutes", got.last.Level)
			}
			b.clock.Advance(6 * time.Minute)
		}
	})
	t.Run("never quiet", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		l := b.limiter(t)
		take(t, l, user("u1"), 150)
		for range 30 {
			b.clock.Advance(time.Minute)
			if got := take(t, l, user("u1"), 80); got.last.Level == 0 {
				t.Fatal("it healed while it was refused each minute")
			}
		}
	})
	t.Run("by the account's limit", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(p *ratelimit.Policies) {
			standard := p.Plans["standard"]
			standard.Account = minute(10, 0)
			p.Plans["standard"] = standard
		})
		l := b.limiter(t)
		if got := take(t, l, user("u1"), 200); got.admitted != 10 || got.tightened != 0 || got.last.Level != 0 {
			t.Errorf("%d admitted, level %d; want 10, and nobody blamed for what an account's others do", got.admitted, got.last.Level)
		}
	})
	t.Run("each by itself", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		l := b.limiter(t)
		take(t, l, user("u1"), 150)
		key := user("u1")
		key.Kind = ratelimit.Key
		for _, other := range []ratelimit.Request{user("u2"), key} {
			if got := take(t, l, other, 1); got.last.Level != 0 {
				t.Errorf("%s %s is at level %d", other.Kind, other.Principal, got.last.Level)
			}
		}
	})
}

// Who is tightened is not to blame for what the account's limit refuses.
func TestAbnormal(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *ratelimit.Policies) {
		standard := p.Plans["standard"]
		standard.Account = minute(150, 0)
		p.Plans["standard"] = standard
	})
	l := b.limiter(t)
	for _, step := range []struct {
		name     string
		who      string
		requests int
		level    int
		want     bool
	}{
		{"refused too often", "u1", 160, 1, true},
		{"another, by the account's limit", "u2", 60, 0, false},
	} {
		if got := take(t, l, user(step.who), step.requests).last; got.Admitted || got.Level != step.level || got.Abnormal() != step.want {
			t.Errorf("%s: %+v is abnormal %t, want it refused at level %d and %t", step.name, got, got.Abnormal(), step.level, step.want)
		}
	}
	b.clock.Advance(30 * time.Second) // u1 has half of 50 again; then u2 takes what the account has
	take(t, l, user("u2"), 100)
	if got := l.Take(t.Context(), user("u1")); got.Admitted || got.Level == 0 || got.Abnormal() {
		t.Errorf("one who is tightened, by the account's limit: %+v is abnormal %t, want it refused and not", got, got.Abnormal())
	}
}

// However many instances refuse at once, a step is told once.
func TestAStepIsToldOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	limiters := []*ratelimit.Limiter{b.limiter(t), b.limiter(t), b.limiter(t)}
	var told, highest atomic.Int64
	var wg sync.WaitGroup
	for i := range 100 + 99 { // 100 admitted, 99 refused: one step, and one refusal short of the next
		wg.Go(func() {
			d := limiters[i%3].Take(t.Context(), user("u1"))
			if d.Tightened {
				told.Add(1)
			}
			if l := int64(d.Level); l > highest.Load() {
				highest.Store(l)
			}
		})
	}
	wg.Wait()
	if told.Load() != 1 || highest.Load() != 1 {
		t.Errorf("told %d times up to level %d, want once and level 1", told.Load(), highest.Load())
	}
}

func TestKnownToBeGood(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	l := b.limiter(t)
	r := user("u1")
	// day uses so many units within a day, and returns the last decision, which is of the next.
	day := func(units int) ratelimit.Decision {
		for range units {
			b.clock.Advance(24 * time.Hour / time.Duration(units))
			if !l.Take(t.Context(), r).Admitted {
				t.Fatal("refused at a leisurely pace")
			}
		}
		return l.Take(t.Context(), r)
	}
	l.Take(t.Context(), r)
	for _, step := range []struct {
		name         string
		units        int
		level, quota int
	}{
		{"a day of hardly any use", 500, 0, 100},
		{"a day of real use", 1000, -1, 125},
		{"a second", 1200, -2, 156},
		{"and no further", 1200, -2, 156},
	} {
		d := day(step.units)
		if got := standing(t, d, "user").Quota; d.Level != step.level || got != step.quota {
			t.Errorf("%s: level %d and quota %d, want %d and %d", step.name, d.Level, got, step.level, step.quota)
		}
	}
	b.clock.Advance(time.Hour)
	if got := take(t, l, r, 157); got.admitted != 156 || got.last.Level != 0 {
		t.Errorf("%d admitted at once, then level %d; want 156, and that a refusal ends it", got.admitted, got.last.Level)
	}
}

// Whatever somebody does, the quota stays within its bounds, and a step is told exactly when there is one.
func TestTheQuotaStaysWithinBounds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 4))
			b := newBench(t, func(p *ratelimit.Policies) {
				plan(ratelimit.Plan{
					Account: roomy, User: ratelimit.PrincipalQuotas{Each: minute(40, 0)}, Key: ratelimit.PrincipalQuotas{Each: roomy},
				})(p)
				p.Tighten = ratelimit.Tighten{Share: 0.25, Within: time.Minute, Factor: 0.6, Steps: 1 + rng.IntN(4), Decay: 2 * time.Minute}
				p.Loosen = ratelimit.Loosen{Uses: 0.5, Span: 5 * time.Minute, Factor: 1.2, Steps: 1 + rng.IntN(4)}
			})
			l := b.limiter(t)
			seen := map[int]bool{}
			before := 0
			for range 60 {
				pause := []time.Duration{0, 100 * time.Millisecond, 3 * time.Second, 40 * time.Second}[rng.IntN(4)] // greedy to good
				for range 40 {
					b.clock.Advance(time.Duration(rng.Int64N(2*int64(pause) + 1)))
					d := l.Take(t.Context(), user("u1"))
					if d.Level < -b.policies.Loosen.Steps || d.Level > b.policies.Tighten.Steps {
						t.Fatalf("level %d, want -%d to %d", d.Level, b.policies.Loosen.Steps, b.policies.Tighten.Steps)
					}
					if d.Tightened && (d.Admitted || d.Level < 1) {
						t.Fatalf("told of a step by %+v", d)
					}
					if d.Level > max(before, 0) && !d.Tightened {
						t.Fatalf("level %d after %d, and nobody was told", d.Level, before)
					}
					seen[d.Level], before = true, d.Level
				}
			}
			if len(seen) < 3 {
				t.Errorf("only the levels %v were met: this shows little", seen)
			}
		})
	}
}
