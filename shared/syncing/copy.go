package syncing

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
)

// ahead is how many pages may be read from Jobber before they are written, so that neither waits for the other.
const ahead = 2

// pageRead is a page on its way from Jobber to the store.
type pageRead struct {
	source source
	began  time.Time // of the collection's copy; zero when this is not its first page
	total  int       // how many records Jobber has; 0 when this is not the first page, or Jobber did not say
	page   page
	err    error // this collection cannot be read; the others can
}

// copyAll copies the collections that are not copied, one after the other, reading ahead over their borders. Each page is
// written with its checkpoint in one transaction, so a page is either done or read again.
func (s *step) copyAll(ctx context.Context) error {
	var todo []copying
	for _, c := range record.Collections {
		if state := s.states[c]; !state.Copied {
			todo = append(todo, copying{s.sources[c], state})
		}
	}
	if len(todo) == 0 {
		return nil
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	pages := make(chan pageRead, ahead)
	var readErr error
	go func() {
		defer close(pages)
		readErr = s.readPages(reading, todo, pages)
	}()
	for p := range pages {
		if err := s.writePage(ctx, p); err != nil {
			stop()
			for range pages { // let the reader see that it is to stop
			}
			return err
		}
	}
	return readErr
}

// copying is a collection whose copy goes on from a checkpoint.
type copying struct {
	source source
	from   checkpoint
}

// readPages reads what is left of the copy, until that is complete or the step's time is up.
func (s *step) readPages(ctx context.Context, todo []copying, pages chan<- pageRead) error {
	totals := s.totals(ctx, todo)
	for _, c := range todo {
		p := pageRead{source: c.source}
		if c.from.PassAt.IsZero() {
			p.began, p.total = s.clock.Now(), totals[jobber.Collection(c.source.collection)]
		}
		cursor := c.from.Cursor
		for more := true; more; {
			if s.over() {
				return errSliceOver
			}
			s.pages++
			p.page, p.err = c.source.page(ctx, s.account, jobber.PageRequest{After: cursor})
			if p.err != nil && (!hopeless(p.err) || disconnected(p.err)) {
				return p.err
			}
			select {
			case pages <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
			cursor, more = p.page.next, p.page.more
			p = pageRead{source: c.source}
		}
	}
	return nil
}

// totals are how many records Jobber says it has, for showing progress; empty when it does not say.
func (s *step) totals(ctx context.Context, todo []copying) map[jobber.Collection]int {
	if !slices.ContainsFunc(todo, func(c copying) bool { return c.from.PassAt.IsZero() }) {
		return nil
	}
	totals, err := s.api.Counts(ctx, s.account)
	if err != nil {
		s.log.WarnContext(ctx, "Jobber did not count its records", "account", s.account, "error", err)
	}
	return totals
}

func (s *step) writePage(ctx context.Context, p pageRead) error {
	if err := s.renew(ctx); err != nil {
		return err
	}
	c := p.source.collection
	state := s.states[c]
	if !p.began.IsZero() {
		state = state.begin(p.began)
		state.Total = p.total
	}
	if p.err != nil {
		return s.fail(ctx, c, state, p.err)
	}
	state = state.copyPage(p.page)
	batch := record.Batch{Upserts: p.page.upserts, Quiet: true, Events: s.progress(c, state)}
	_, err := s.apply(ctx, c, state, batch)
	return err
}

// apply writes a page and the checkpoint after it, as long as this worker holds the run.
func (s *step) apply(ctx context.Context, c record.Collection, state checkpoint, batch record.Batch) (record.Result, error) {
	state.Version++
	saving, err := s.store.saving(ctx, s.account, c, state)
	if err != nil {
		return record.Result{}, err
	}
	batch.Check, batch.Also = s.held, saving
	result, err := s.records.Apply(ctx, s.scope, batch)
	if err != nil {
		return result, err
	}
	s.states[c] = state
	return result, nil
}

// fail notes that a collection cannot be read, in the words that people get to see, and lets the run go on.
func (s *step) fail(ctx context.Context, c record.Collection, state checkpoint, err error) error {
	s.log.ErrorContext(ctx, "a collection cannot be read", "account", s.account, "collection", c, "error", err)
	first := state.Error == ""
	state = state.failed(told(err))
	if err := s.keep(ctx, c, state); err != nil {
		return err
	}
	if first {
		s.tellFailed(ctx, string(c)+": "+state.Error)
	}
	return nil
}

// progressEvery is the time between two events that tell how far the copy is.
const progressEvery = 2 * time.Second

// progress returns the event that tells how far the copy is, when it is time for one.
func (s *step) progress(c record.Collection, state checkpoint) []event.Event {
	now := s.clock.Now()
	if now.Sub(s.told) < progressEvery {
		return nil
	}
	s.told = now
	detail := thousands(state.Records)
	if state.Total > 0 {
		detail += " of " + thousands(max(state.Total, state.Records))
	}
	return []event.Event{s.event(event.SyncProgress, "Copying "+string(c), detail)}
}

func (s *step) event(typ, title, detail string) event.Event {
	e := event.New(s.account, typ, s.clock.Now())
	e.Collection, e.EntityID, e.Title, e.Detail = "sync", runDocument, title, detail
	return e
}

// tellCompleted tells that the full copy is complete, once: later runs only keep it up.
func (s *step) tellCompleted(ctx context.Context) {
	if !s.wasCopy || s.states.copying() {
		return
	}
	var records int
	for _, state := range s.states {
		records += state.Records
	}
	s.emit(ctx, s.event(event.SyncCompleted, "Jobber's data is copied", thousands(records)+" records"))
}

func (s *step) tellFailed(ctx context.Context, detail string) {
	s.emit(ctx, s.event(event.SyncFailed, "Reading from Jobber failed", detail))
}

// emit tells what happened to the run. The run is written down already, so a failure here loses the telling alone.
func (s *step) emit(ctx context.Context, e event.Event) {
	if err := s.events.Emit(ctx, e); err != nil {
		s.log.ErrorContext(ctx, "an event of the sync was lost", "account", s.account, "type", e.Type, "error", err)
	}
}

// thousands writes a number as 12,345.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
