package ratelimit_test

import (
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/ratelimit"
	"fieldboard.dev/fieldboard/tests/emulator"
)

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// bench makes limiters that share one Redis prefix, as instances of the product do.
type bench struct {
	clock    *clock.Manual
	policies *ratelimit.Policies
	settings map[string]string
}

// newBench returns a bench on the real Redis with policies of the real ones' shape.
func newBench(tb testing.TB, change func(*ratelimit.Policies), settings ...string) *bench {
	tb.Helper()
	b := &bench{clock: clock.NewManual(start), policies: policies(tb, change), settings: map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-limits", "REDIS_PREFIX": emulator.Prefix(tb),
		"RATE_LIMIT_TIMEOUT": "1m", // a busy machine is not a broken Redis
	}}
	if slices.Contains(settings, broken) {
		b.settings["RATE_LIMIT_TIMEOUT"] = "1ms"
	}
	for i := 0; i < len(settings); i += 2 {
		b.settings[settings[i]] = settings[i+1]
	}
	if b.settings["REDIS_URL"] == "" {
		b.settings["REDIS_URL"] = emulator.Redis(tb)
	}
	return b
}

// broken is the address of a Redis that is not there.
const broken = "redis://127.0.0.1:1"

// policies returns a copy of the real policies that may be changed.
func policies(tb testing.TB, change func(*ratelimit.Policies)) *ratelimit.Policies {
	tb.Helper()
	loaded, err := ratelimit.Load()
	if err != nil {
		tb.Fatal(err)
	}
	p := *loaded
	p.Plans, p.IP, p.Costs = maps.Clone(loaded.Plans), maps.Clone(loaded.IP), maps.Clone(loaded.Costs)
	if change != nil {
		change(&p)
	}
	if err := p.Validate(); err != nil {
		tb.Fatal(err)
	}
	return &p
}

// plan gives the standard plan these quotas and no others, and lets nothing tighten or loosen them.
func plan(p ratelimit.Plan) func(*ratelimit.Policies) {
	return func(all *ratelimit.Policies) {
		all.Plans["standard"] = p
		all.Tighten.Steps, all.Loosen.Steps = 0, 0
	}
}

func minute(quota, burst int) ratelimit.Quota {
	return ratelimit.Quota{Quota: quota, Window: time.Minute, Burst: burst}
}

// roomy is a quota that is in nobody's way.
var roomy = minute(1_000_000, 0)

// instance returns what a limiter is made of. A nil clock is the bench's.
func (b *bench) instance(tb testing.TB, clk clock.Clock) *instance.Instance {
	tb.Helper()
	if clk == nil {
		clk = b.clock
	}
	in, err := instance.New(tb.Context(), envconfig.MapLookuper(b.settings), clk, instance.Logger(io.Discard))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			tb.Error(err)
		}
	})
	return in
}

func (b *bench) limiter(tb testing.TB) *ratelimit.Limiter {
	tb.Helper()
	return b.limiterAt(tb, nil)
}

func (b *bench) limiterAt(tb testing.TB, clk clock.Clock) *ratelimit.Limiter {
	tb.Helper()
	l, err := ratelimit.NewWith(tb.Context(), b.instance(tb, clk), b.policies)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func user(id string) ratelimit.Request {
	return ratelimit.Request{Class: ratelimit.Read, Kind: ratelimit.User, Principal: id, Account: "acc_one", Plan: "standard", Role: "owner"}
}

func from(address string, class ratelimit.Class) ratelimit.Request {
	return ratelimit.Request{Class: class, IP: netip.MustParseAddr(address)}
}

// standing returns what a decision says of one limit.
func standing(tb testing.TB, d ratelimit.Decision, policy string) ratelimit.Standing {
	tb.Helper()
	var names []string
	for _, s := range d.Standings {
		if s.Policy == policy {
			return s
		}
		names = append(names, s.Policy)
	}
	tb.Fatalf("there is no limit %q among %s", policy, strings.Join(names, ", "))
	return ratelimit.Standing{}
}

// admitted is how many of n requests at this instant are let in.
func admitted(tb testing.TB, l *ratelimit.Limiter, r ratelimit.Request, n int) int {
	tb.Helper()
	count := 0
	for range n {
		if l.Take(tb.Context(), r).Admitted {
			count++
		}
	}
	return count
}

func numbered(prefix string, n int) string { return fmt.Sprint(prefix, n) }
