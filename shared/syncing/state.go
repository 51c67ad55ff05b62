package syncing

import (
	"time"

	"fieldboard.dev/fieldboard/shared/record"
)

// lease is how long a worker that says nothing is believed to be at work. It is renewed while pages are written, and it
// is longer than one page with its retries takes, so that only a dead worker loses it. A worker that lost it all the same
// cannot write: every page's transaction checks the fence.
const (
	lease      = 2 * time.Minute
	renewAfter = 30 * time.Second
)

// run is one go through an account's collections: what is left of the full copy, then everything that changed. It is
// worked on in steps, each one a task, of which exactly one holds the lease. There is one document for an account.
type run struct {
	ID        string    `firestore:"id"`        // names the run and its tasks; a new one for each run
	Step      int64     `firestore:"step"`      // the task that is awaited or at work
	Active    bool      `firestore:"active"`    // not done yet
	Fence     int64     `firestore:"fence"`     // rises with each claim; who writes must hold the newest
	Until     time.Time `firestore:"until"`     // end of the lease; zero when nobody is at work
	NotBefore time.Time `firestore:"notBefore"` // when the awaited task is due
	StartedAt time.Time `firestore:"startedAt"`
	// FinishedAt is the end of the last run that went through.
	FinishedAt time.Time `firestore:"finishedAt"`
	Behind     bool      `firestore:"behind"`   // for so long that it was told
	Failures   int       `firestore:"failures"` // steps in a row that ended early
	Error      string    `firestore:"error"`    // of the last of them, for people
}

// begin makes the account's next run, unless one is under way. It reports whether there is a new one.
func (r run) begin(now time.Time, id string) (run, bool) {
	if r.Active {
		return r, false
	}
	return run{ID: id, Active: true, Fence: r.Fence, NotBefore: now, StartedAt: now, FinishedAt: r.FinishedAt, Behind: r.Behind}, true
}

// dead reports whether the run's awaited task was lost: it is long due, and nobody is at work on it.
func (r run) dead(now time.Time) bool {
	return r.Active && now.After(r.Until.Add(lease)) && now.After(r.NotBefore.Add(lease))
}

// verdict is what a worker may do with a task.
type verdict int

const (
	mine   verdict = iota // the worker holds the lease now
	busy                  // another holds it: come again later
	passed                // the run went on from this step; its awaited task may still have to be queued
	over                  // the run is done or another one took its place
)

// claim gives the worker of a step the lease, when it is free.
func (r run) claim(now time.Time, m Message) (run, verdict) {
	switch {
	case !r.Active || r.ID != m.Run || m.Step > r.Step:
		return r, over
	case m.Step < r.Step:
		return r, passed
	case now.Before(r.Until):
		return r, busy
	}
	r.Fence++
	r.Until = now.Add(lease)
	return r, mine
}

// next hands the run over to its next step, due at a moment. failure is what people may be told of why this one ended
// early, "" when it did not.
func (r run) next(at time.Time, failure string) run {
	r.Step++
	r.Until = time.Time{}
	r.NotBefore = at
	r.Error = failure
	r.Failures++
	if failure == "" {
		r.Failures = 0
	}
	return r
}

// end closes the run. Only a completed one counts as finished.
func (r run) end(now time.Time, completed bool) run {
	r.Active = false
	r.Until = time.Time{}
	r.Failures, r.Error = 0, ""
	if completed {
		r.FinishedAt, r.Behind = now, false
	}
	return r
}

// delay is how long to wait after a number of failures in a row.
func delay(failures int) time.Duration {
	const first, most = 5 * time.Second, 5 * time.Minute
	d := first
	for range min(failures, 10) {
		d *= 2
	}
	return min(d, most)
}

// checkpoint is how far one collection is. It is written in the transaction of each page, so a worker that takes over
// goes on at exactly the page where the last one stopped.
type checkpoint struct {
	Copied  bool   `firestore:"copied"`  // the full copy is complete
	Records int    `firestore:"records"` // read by the full copy so far
	Total   int    `firestore:"total"`   // that Jobber had when the copy began; 0 when unknown
	Cursor  string `firestore:"cursor"`  // where the pass goes on; "" at a reading's first page
	// PassAt is when the pass under way began, zero when none is.
	PassAt time.Time `firestore:"passAt"`
	// Reading and Pages say how far an incremental pass is: which of its readings, and how many pages of that one.
	Reading int `firestore:"reading"`
	Pages   int `firestore:"pages"`
	// HighWater: everything that Jobber knew at this instant is in the copy.
	HighWater time.Time `firestore:"highWater"`
	// CaughtUp is the run whose incremental pass is done.
	CaughtUp string `firestore:"caughtUp"`
	// Scan is where the rolling re-read of a collection without update times goes on.
	Scan string `firestore:"scan"`
	// Gap is by how many records Jobber's count and ours differed when last looked; Settled is the gap that the last
	// sweep could not close, and so is no reason for another; Held is what people are told when a sweep wanted to delete
	// too many records.
	Gap     int       `firestore:"gap"`
	Settled int       `firestore:"settled"`
	Held    string    `firestore:"held"`
	SweptAt time.Time `firestore:"sweptAt"`
	// Error is what a person may be told of the last failure, "" when the last try went well.
	Error    string `firestore:"error"`
	Failures int    `firestore:"failures"` // in a row
	Version  int64  `firestore:"version"`  // rises with each write
}

// begin starts a pass of the collection, unless one is under way.
func (c checkpoint) begin(now time.Time) checkpoint {
	if c.PassAt.IsZero() {
		c.PassAt, c.Cursor, c.Reading, c.Pages = now, "", 0, 0
	}
	return c
}

// copyPage is the checkpoint after a page of the full copy.
func (c checkpoint) copyPage(p page) checkpoint {
	c.Records += p.read
	c.Cursor = p.next
	c.Error, c.Failures = "", 0
	if !p.more {
		c.Copied = true
		return c.finish()
	}
	return c
}

// finish ends the pass: what Jobber knew when it began is now in the copy.
func (c checkpoint) finish() checkpoint {
	c.HighWater = c.PassAt
	c.PassAt, c.Cursor, c.Reading, c.Pages = time.Time{}, "", 0, 0
	c.Error, c.Failures = "", 0
	return c
}

// failed notes a failure with a text for people.
func (c checkpoint) failed(text string) checkpoint {
	c.Error = text
	c.Failures++
	return c
}

// checkpoints are an account's, by collection; one that is missing is at its start.
type checkpoints map[record.Collection]checkpoint

// copying reports whether the first full copy is not complete.
func (c checkpoints) copying() bool {
	for _, name := range record.Collections {
		if !c[name].Copied {
			return true
		}
	}
	return false
}
