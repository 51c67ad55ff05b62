package syncing

import (
	"time"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
)

// overlap is how far an incremental read reaches back before the point up to which all is known. It covers what Jobber
// lists late, the difference between its clock and ours, and rows that a deletion moved onto a page that was read already.
const overlap = 10 * time.Minute

// window is the time that an incremental pass is about.
type window struct{ since, now time.Time }

// reading is one list that an incremental pass reads, page by page.
type reading struct {
	request func(w window) jobber.PageRequest
	// until reports whether the pages after this one cannot bring anything more; nil: read all of them.
	until func(w window, p page, r record.Result) bool
	// pages is the most that one pass reads, so that its cost does not grow with the account; 0: no bound, for lists that
	// hold changes alone.
	pages int
	// rolling: go on where the last pass stopped and begin again at the end, so that everything is read again in time.
	rolling bool
}

// readings are the ways in which Jobber tells what changed; they differ, because few of its lists can be filtered by the
// time of the update and six of its types have no such time (Jobber's schema, 2025-04-16).
var readings = map[record.Collection][]reading{
	record.Users:      {{request: everything}},
	record.Clients:    {{request: updated}},
	record.Requests:   {{request: updated}},
	record.Quotes:     {{request: updated}},
	record.Invoices:   {{request: updated}},
	record.Jobs:       {{request: newestFirst, until: older}},
	record.Properties: {{request: everything, pages: 2, rolling: true}},
	record.Payments: {
		{request: newestFirst, until: nothingNew, pages: 10},
		{request: everything, pages: 1, rolling: true},
	},
	record.Visits: {
		{request: created},
		{request: completed},
		{request: scheduledSoon, pages: 5},
		{request: everything, pages: 3, rolling: true},
	},
}

func everything(window) jobber.PageRequest  { return jobber.PageRequest{} }
func newestFirst(window) jobber.PageRequest { return jobber.PageRequest{NewestFirst: true} }
func updated(w window) jobber.PageRequest {
	return jobber.PageRequest{Updated: jobber.Range{After: w.since}}
}
func created(w window) jobber.PageRequest {
	return jobber.PageRequest{Created: jobber.Range{After: w.since}}
}
func completed(w window) jobber.PageRequest {
	return jobber.PageRequest{Completed: jobber.Range{After: w.since}}
}

// scheduledSoon are the visits that people look at: yesterday's to those of the day after tomorrow.
func scheduledSoon(w window) jobber.PageRequest {
	const day = 24 * time.Hour
	return jobber.PageRequest{Starts: jobber.Range{After: w.now.Add(-day), Before: w.now.Add(2 * day)}}
}

// older: the list is ordered by update, newest first, and the page reaches past what is asked for.
func older(w window, p page, _ record.Result) bool {
	t := p.oldest()
	return !t.IsZero() && t.Before(w.since)
}

// nothingNew: the list is ordered by update, newest first, but tells no times; a page that changed nothing is taken as the
// end. What a webhook brought in between may hide an older change; the rolling read finds that.
func nothingNew(_ window, _ page, r record.Result) bool { return r.Written == 0 }
