package record

import "time"

// Watch is what the clock will tell of a record if nothing changes: that a visit begins or is late, a job is late, an invoice
// is overdue. It is kept with the record, so what is due is found by a query that costs by what is due and not by how much
// there is.
type Watch struct {
	At   *time.Time `firestore:"at,omitempty"` // of what is told next; nil when nothing is
	Type string     `firestore:"type,omitempty"`
	Then []moment   `firestore:"then,omitempty"`
	// Told is up to when moments are told already, or were no news. A record that is changed in any other way is not told again.
	Told time.Time `firestore:"told"`
}

// moment is when an event of a type is told.
type moment struct {
	At   time.Time `firestore:"at"`
	Type string    `firestore:"type"`
}

// news is how old a moment may be when the record becomes known, and still be told. A first copy tells nothing old.
const news = 24 * time.Hour

// watched is a record of which the clock has something to tell.
type watched interface {
	Record
	// moments are what the clock tells of the record as it is, in order of time.
	moments(zone *time.Location) []moment
}

// newWatch returns the watch over moments that come after told.
func newWatch(moments []moment, told time.Time) *Watch {
	w := &Watch{Told: told}
	for len(moments) > 0 && !moments[0].At.After(told) {
		moments = moments[1:]
	}
	if len(moments) > 0 {
		w.At, w.Type, w.Then = &moments[0].At, moments[0].Type, moments[1:]
	}
	return w
}

// next returns the watch when its next moment has been told.
func (w *Watch) next() *Watch { return newWatch(w.Then, *w.At) }

// watch sets what the clock will tell of next.
func (w writer) watch(next, old Record) {
	r, ok := next.(watched)
	if !ok {
		return
	}
	told := w.store.clock.Now().UTC().Truncate(time.Microsecond)
	switch {
	case old != nil && old.Base().Watch != nil:
		told = old.Base().Watch.Told
	case !w.batch.Quiet:
		told = told.Add(-news)
	}
	next.Base().Watch = newWatch(r.moments(w.scope.Zone), told)
}
