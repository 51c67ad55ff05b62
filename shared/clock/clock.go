// Package clock tells the time. Code takes a Clock instead of calling time.Now, so that a test decides what time it is.
package clock

import (
	"sync"
	"time"
)

// Clock tells the current instant, in UTC.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
var System Clock = system{}

type system struct{}

func (system) Now() time.Time { return time.Now().UTC() }

// Manual is a clock that stands still until it is moved. It is safe for concurrent use.
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// NewManual returns a clock that shows t.
func NewManual(t time.Time) *Manual { return &Manual{now: t.UTC()} }

// Now returns the instant that the clock shows.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock forward by d.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// Set moves the clock to t.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t.UTC()
}

// Shifted is the machine's clock moved by an offset, which grows with Advance. It is safe for concurrent use.
type Shifted struct {
	mu     sync.Mutex
	offset time.Duration
}

// NewShifted returns a clock that shows t now and runs on from there.
func NewShifted(t time.Time) *Shifted { return &Shifted{offset: time.Until(t)} }

// Now returns the instant that the clock shows.
func (s *Shifted) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().UTC().Add(s.offset)
}

// Advance moves the clock forward by d.
func (s *Shifted) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}
