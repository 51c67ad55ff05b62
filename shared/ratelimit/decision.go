package ratelimit

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Decision is the answer to a request.
type Decision struct {
	Admitted  bool
	Standings []Standing // of every limit that was asked, the most constrained first
	// Level is how many steps the principal's quotas are tightened, or loosened when it is negative.
	Level     int
	Tightened bool // this very request caused the last step: told once, for somebody to hear of it
	Alone     bool // Redis was not asked: the quotas are this instance's part
}

// Standing is one limit after a request.
type Standing struct {
	Policy    string
	Quota     int // what it is now, tightened or loosened
	Window    time.Duration
	Remaining int
	Wait      time.Duration // until the request would be admitted by this limit; 0 unless it was refused
	interval  time.Duration
	adapts    bool
}

func newStanding(m *meter, remaining, wait, interval int64) Standing {
	return Standing{
		Policy:    m.name,
		Quota:     max(1, int(math.Round(float64(m.window.Microseconds())/float64(interval)))),
		Window:    m.window,
		Remaining: int(remaining),
		Wait:      time.Duration(wait) * time.Microsecond,
		interval:  time.Duration(interval) * time.Microsecond,
		adapts:    m.adapts,
	}
}

// seconds rounds up, so that nobody comes back too early.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// effective is the effective window: the time in which no more than Remaining should be used. It is what the remaining units
// take at the steady rate, so a client that spreads them over it never has to stop.
func (s Standing) effective() int {
	if s.Wait > 0 {
		return seconds(s.Wait)
	}
	return max(1, seconds(time.Duration(s.Remaining)*s.interval))
}

func (d *Decision) sort() {
	slices.SortStableFunc(d.Standings, func(a, b Standing) int {
		return cmp.Or(
			cmp.Compare(b.Wait, a.Wait),
			cmp.Compare(float64(a.Remaining)/float64(a.Quota), float64(b.Remaining)/float64(b.Quota)))
	})
}

// RetryAfter is how many seconds a refused client should wait at least; 0 when it was admitted.
func (d Decision) RetryAfter() int {
	if d.Admitted || len(d.Standings) == 0 {
		return 0
	}
	return d.Standings[0].effective()
}

// Violated names the limits that had no room.
func (d Decision) Violated() []string {
	var names []string
	for _, s := range d.Standings {
		if s.Wait > 0 {
			names = append(names, s.Policy)
		}
	}
	return names
}

// Abnormal tells whether it was refused by a quota that is tightened.
func (d Decision) Abnormal() bool {
	return d.Level > 0 && slices.ContainsFunc(d.Standings, func(s Standing) bool { return s.Wait > 0 && s.adapts })
}

// PolicyField is the value of RateLimit-Policy: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/, a
// List of RFC 9651.
func (d Decision) PolicyField() string {
	var b strings.Builder
	for _, s := range d.Standings {
		item(&b, s.Policy, "q", s.Quota, "w", seconds(s.Window))
	}
	return b.String()
}

// LimitField is the value of RateLimit. A refusal tells only of the limits that refused, because Retry-After must not be
// earlier than the end of any window that is told with it.
func (d Decision) LimitField() string {
	var b strings.Builder
	for _, s := range d.Standings {
		if d.Admitted || s.Wait > 0 {
			item(&b, s.Policy, "r", s.Remaining, "t", s.effective())
		}
	}
	return b.String()
}

// item writes "name";k1=v1;k2=v2 with a comma before it where it is not the first.
func item(b *strings.Builder, name, k1 string, v1 int, k2 string, v2 int) {
	if b.Len() > 0 {
		b.WriteString(", ")
	}
	b.WriteString(`"` + name + `";` + k1 + "=" + strconv.Itoa(v1) + ";" + k2 + "=" + strconv.Itoa(v2))
}
