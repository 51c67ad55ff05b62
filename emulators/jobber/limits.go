package jobber

import (
	"math"
	"sync"
	"time"
)

// throttleStatus is what a reply tells of the bucket. Jobber's numbers are whole in every sample seen.
type throttleStatus struct {
	MaximumAvailable   int `json:"maximumAvailable"`
	CurrentlyAvailable int `json:"currentlyAvailable"`
	RestoreRate        int `json:"restoreRate"`
}

// bucket is the cost limiter of one account: a query's worst case must fit what is available, and only what the query
// really cost stays taken. It is safe for concurrent use.
type bucket struct {
	mu        sync.Mutex
	maximum   float64
	rate      float64 // points a second
	available float64
	at        time.Time
}

func newBucket(maximum, rate int, now time.Time) *bucket {
	return &bucket{maximum: float64(maximum), rate: float64(rate), available: float64(maximum), at: now}
}

// reserve takes the requested cost, if it fits. The caller settles it once the actual cost is known; until then it is not
// available to other queries, so that queries running at once cannot spend the same points.
func (b *bucket) reserve(now time.Time, requested int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill(now)
	if float64(requested) > b.available {
		return false
	}
	b.available -= float64(requested)
	return true
}

// settle gives back what a reserved query did not use.
func (b *bucket) settle(now time.Time, requested, actual int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill(now)
	b.available = math.Min(b.maximum, b.available+float64(requested-actual))
}

func (b *bucket) status(now time.Time) throttleStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill(now)
	return throttleStatus{int(b.maximum), int(math.Max(0, math.Floor(b.available))), int(b.rate)}
}

// resize gives the bucket other limits and fills it.
func (b *bucket) resize(now time.Time, maximum, rate int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.maximum, b.rate, b.available, b.at = float64(maximum), float64(rate), float64(maximum), now
}

// drain empties the bucket.
func (b *bucket) drain(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill(now)
	b.available = 0
}

func (b *bucket) refill(now time.Time) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.available = math.Min(b.maximum, b.available+passed*b.rate)
		b.at = now
	}
}

// window is the request limiter of one account: so many requests in each window of a fixed length. Windows start at
// multiples of their length since the epoch, as Rack::Attack, which Jobber names, counts them.
type window struct {
	mu     sync.Mutex
	limit  int
	length time.Duration
	index  int64
	count  int
}

func (w *window) take(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := now.UnixNano() / int64(w.length); i != w.index {
		w.index, w.count = i, 0
	}
	w.count++
	return w.count <= w.limit
}

func (w *window) resize(limit int, length time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit, w.length, w.index, w.count = limit, length, 0, 0
}
