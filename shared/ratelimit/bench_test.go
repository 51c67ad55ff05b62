package ratelimit_test

import (
	"fmt"
	"testing"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// BenchmarkTake charges one request to so many limits at once, in a Redis on this machine.
func BenchmarkTake(b *testing.B) {
	l := newBench(b, nil).limiterAt(b, clock.System)
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(n, " limits"), func(b *testing.B) {
			take := ratelimit.Charging(l, n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := take(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAlone charges a user's write to this instance's part of its three limits.
func BenchmarkAlone(b *testing.B) {
	l := newBench(b, nil, "REDIS_URL", broken, "RATE_LIMIT_FACTOR", "1000").limiter(b)
	r := user("u1")
	r.Class = ratelimit.Write
	b.ReportAllocs()
	for b.Loop() {
		if d := l.Take(b.Context(), r); !d.Alone {
			b.Fatal("Redis was asked")
		}
	}
}
