package ratelimit_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// use is what was admitted at one instant.
type use struct {
	at    time.Time
	units int
}

// most is the largest sum of units in any window of this length.
func most(uses []use, window time.Duration) int {
	worst, sum, from := 0, 0, 0
	for _, u := range uses {
		sum += u.units
		for !u.at.Before(uses[from].at.Add(window)) {
			sum -= uses[from].units
			from++
		}
		worst = max(worst, sum)
	}
	return worst
}

// Requests of several users and classes arrive in bursts at several instances at once. In no window is more admitted than
// quota and burst allow, of any limit; and who always asks for more than there is gets all there is.
func TestNoWindowHoldsMoreThanQuotaAndBurst(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			random := func(least, most int) ratelimit.Quota {
				q := ratelimit.Quota{Quota: least + rng.IntN(most-least), Window: time.Duration(1+rng.IntN(60)) * time.Second}
				q.Burst = 1 + rng.IntN(q.Quota)
				return q
			}
			quotas := map[string]ratelimit.Quota{"account": random(20, 300), "user": random(5, 100), "write": random(2, 60), "expensive": random(5, 60)}
			cost := map[ratelimit.Class]int{ratelimit.Read: 1, ratelimit.Write: 1, ratelimit.Expensive: 2 + rng.IntN(4)}
			b := newBench(t, func(p *ratelimit.Policies) {
				plan(ratelimit.Plan{
					Account: quotas["account"],
					User: ratelimit.PrincipalQuotas{Each: quotas["user"], Classes: map[ratelimit.Class]ratelimit.Quota{
						ratelimit.Write: quotas["write"], ratelimit.Expensive: quotas["expensive"],
					}},
					Key: ratelimit.PrincipalQuotas{Each: roomy},
				})(p)
				p.Costs[ratelimit.Expensive] = cost[ratelimit.Expensive]
			})
			limiters := []*ratelimit.Limiter{b.limiter(t), b.limiter(t), b.limiter(t)}
			uses := map[string][]use{}
			for range 150 {
				b.clock.Advance(time.Duration(rng.IntN(4_000)) * time.Millisecond)
				r := user(numbered("u", rng.IntN(3)))
				r.Class = []ratelimit.Class{ratelimit.Read, ratelimit.Write, ratelimit.Expensive}[rng.IntN(3)]
				var let atomic.Int64
				var wg sync.WaitGroup
				for i := range 1 + rng.IntN(40) {
					wg.Go(func() {
						if l := limiters[i%len(limiters)]; l.Take(t.Context(), r).Admitted {
							let.Add(1)
						}
					})
				}
				wg.Wait()
				u := use{b.clock.Now(), int(let.Load()) * cost[r.Class]}
				uses["account"] = append(uses["account"], u)
				uses["user "+r.Principal] = append(uses["user "+r.Principal], u)
				if r.Class != ratelimit.Read {
					name := string(r.Class) + " " + r.Principal
					uses[name] = append(uses[name], u)
				}
			}
			for name, list := range uses {
				var policy string
				_, _ = fmt.Sscan(name, &policy) // its first word
				q := quotas[policy]
				bound := q.Quota + max(q.Burst, cost[ratelimit.Expensive])
				if got := most(list, q.Window); got > bound {
					t.Errorf("%s: %d units in one window of %s, want no more than %d", name, got, q.Window, bound)
				}
			}
		})
	}
}

func TestAllThereIsIsGiven(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 2))
			q := ratelimit.Quota{Quota: 10 + rng.IntN(200), Window: time.Minute}
			b := newBench(t, plan(ratelimit.Plan{
				Account: roomy, User: ratelimit.PrincipalQuotas{Each: q}, Key: ratelimit.PrincipalQuotas{Each: roomy},
			}))
			limiters := []*ratelimit.Limiter{b.limiter(t), b.limiter(t)}
			total := admitted(t, limiters[0], user("u1"), q.Quota+1)
			const span = 5 * time.Minute
			for end := b.clock.Now().Add(span); b.clock.Now().Before(end); {
				b.clock.Advance(2 * time.Second)
				total += admitted(t, limiters[rng.IntN(2)], user("u1"), 1+2*q.Quota/30)
			}
			if want := q.Quota + int(float64(q.Quota)*span.Minutes()); total < want-1 || total > want {
				t.Errorf("%d were admitted in %s at %d a minute, want %d", total, span, q.Quota, want)
			}
		})
	}
}

// On Redis's own time, which moves while requests are judged, the bound is what the elapsed time gives.
func TestOnRedisTime(t *testing.T) {
	t.Parallel()
	q := ratelimit.Quota{Quota: 100, Window: time.Second, Burst: 30}
	b := newBench(t, plan(ratelimit.Plan{
		Account: roomy, User: ratelimit.PrincipalQuotas{Each: q}, Key: ratelimit.PrincipalQuotas{Each: roomy},
	}))
	var let, refused atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	for range 3 {
		l := b.limiterAt(t, clock.System)
		for range 4 {
			wg.Go(func() {
				for range 100 {
					switch d := l.Take(t.Context(), user("u1")); {
					case d.Alone:
						t.Error("Redis was not asked")
					case d.Admitted:
						let.Add(1)
					default:
						refused.Add(1)
					}
				}
			})
		}
	}
	wg.Wait()
	elapsed := time.Since(begun)
	most := int64(math.Floor(float64(q.Burst) + elapsed.Seconds()*float64(q.Quota)))
	if got := let.Load(); got > most || got < int64(q.Burst) {
		t.Errorf("%d were admitted in %s, want %d to %d", got, elapsed, q.Burst, most)
	}
	t.Logf("%d admitted and %d refused in %s", let.Load(), refused.Load(), elapsed)
}

func TestRemainingFallsAndRises(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"shared": "", "alone": broken} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(name, ", seed ", seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, 3))
				q := ratelimit.Quota{Quota: 3 + rng.IntN(200), Window: time.Duration(1+rng.IntN(3600)) * time.Second}
				q.Burst = 1 + rng.IntN(q.Quota)
				b := newBench(t, plan(ratelimit.Plan{
					Account: roomy, User: ratelimit.PrincipalQuotas{Each: q}, Key: ratelimit.PrincipalQuotas{Each: roomy},
				}), "REDIS_URL", url, "RATE_LIMIT_INSTANCES", "1")
				l := b.limiter(t)
				for want := q.Burst - 1; want >= 0; want-- {
					d := l.Take(t.Context(), user("u1"))
					if got := standing(t, d, "user").Remaining; !d.Admitted || got != want {
						t.Fatalf("admitted %t with %d remaining of %+v, want %d", d.Admitted, got, q, want)
					}
				}
				before := -1
				for range 20 {
					d := l.Take(t.Context(), user("u1")) // refused, so it changes nothing
					s := standing(t, d, "user")
					if d.Admitted || s.Remaining < before || s.Remaining > q.Burst {
						t.Fatalf("admitted %t with %d remaining after %d, burst %d; want it refused, and never to fall", d.Admitted, s.Remaining, before, q.Burst)
					}
					before = s.Remaining
					b.clock.Advance(s.Wait / 20)
				}
				b.clock.Advance(10 * q.Window)
				if got := standing(t, l.Take(t.Context(), user("u1")), "user").Remaining; got != q.Burst-1 {
					t.Errorf("%d remain after a long rest, want the whole burst but one: %d", got, q.Burst-1)
				}
			})
		}
	}
}

// Without Redis several instances give out their parts. Together that is the quota, nearly.
func TestInstancesAloneShareTheQuota(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		quota, instances int
		demand           float64 // times the quota
	}{
		{100, 10, 1.3},
		{100, 10, 5},
		{100, 4, 3},
		{1000, 10, 1.3},
		{1000, 20, 1.5},
		{60, 7, 2},
	} {
		t.Run(fmt.Sprintf("%d a minute, %d instances, %v times the demand", tt.quota, tt.instances, tt.demand), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, plan(ratelimit.Plan{
				Account: roomy, User: ratelimit.PrincipalQuotas{Each: minute(tt.quota, 0)}, Key: ratelimit.PrincipalQuotas{Each: roomy},
			}), "REDIS_URL", broken, "RATE_LIMIT_INSTANCES", fmt.Sprint(tt.instances))
			limiters := make([]*ratelimit.Limiter, tt.instances)
			for i := range limiters {
				limiters[i] = b.limiter(t)
			}
			rng := rand.New(rand.NewPCG(uint64(tt.quota), uint64(tt.instances)))
			const span, step = 10 * time.Minute, 500 * time.Millisecond
			total, owed := 0, 0.0
			for range int(span / step) {
				b.clock.Advance(step)
				for owed += float64(tt.quota) * tt.demand * step.Minutes(); owed >= 1; owed-- {
					d := limiters[rng.IntN(len(limiters))].Take(t.Context(), user("u1"))
					if !d.Alone {
						t.Fatal("Redis was asked")
					}
					if d.Admitted {
						total++
					}
				}
			}
			limit := float64(tt.quota) * (1 + span.Minutes()) // what one shared limit would give: the burst, then the rate
			if off := float64(total)/limit - 1; math.Abs(off) > 0.1 {
				t.Errorf("%d were admitted where the limit is %.0f: %+.1f %%, want at most 10 either way", total, limit, 100*off)
			} else {
				t.Logf("%d of %.0f: %+.1f %%", total, limit, 100*off)
			}
		})
	}
}

// However many addresses come, what an instance remembers is bounded, and who comes is still limited.
func TestAFloodOfAddressesAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, "REDIS_URL", broken, "RATE_LIMIT_INSTANCES", "10")
	l := b.limiter(t)
	for i := range 30_000 {
		l.Take(t.Context(), from(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), ratelimit.SignIn))
	}
	if got := ratelimit.Remembered(l); got > 20_000 {
		t.Errorf("%d limits are remembered, want no more than 20000", got)
	}
	if got := admitted(t, l, from("192.0.2.9", ratelimit.SignIn), 100); got != 3 {
		t.Errorf("%d sign-ins were admitted, want a tenth of 30", got)
	}
}
