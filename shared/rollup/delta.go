// Package rollup holds an account's figures: what every record adds to its day, its month and the totals. A change of a
// record is written as the difference of two contributions, so the figures are always the sum over the records and a
// reader never has to look at records.
//
//	accounts/{a}/days/{2006-01-02}   what happened on a day
//	accounts/{a}/months/{2006-01}    the same, summed by month, without what only a day needs
//	accounts/{a}/figures/totals      what has no day: the pipeline and the number of records
package rollup

import (
	"strconv"
	"strings"
	"time"
)

// totalsDoc is the document of figures that have no day.
const totalsDoc = "figures/totals"

// Delta is a change of figures: document → field → amount to add. Fields are dotted paths.
type Delta map[string]map[string]int64

func (d Delta) add(doc, field string, n int64) {
	fields, ok := d[doc]
	if !ok {
		fields = map[string]int64{}
		d[doc] = fields
	}
	fields[field] += n
	if fields[field] == 0 {
		delete(fields, field)
	}
	if len(fields) == 0 {
		delete(d, doc)
	}
}

// Contribution is what one record adds to (Sign 1) or takes from (Sign -1) a delta.
type Contribution struct {
	Delta Delta
	Zone  *time.Location
	Sign  int64
}

// Revenue counts what was invoiced, before tax, at the invoice's issue.
func (c Contribution) Revenue(at time.Time, cents int64) { c.dayAndMonth(at, "revenue", cents) }

// Collected counts money that came in, or went back when cents is negative.
func (c Contribution) Collected(at time.Time, cents int64) { c.dayAndMonth(at, "collected", cents) }

// Owed counts an invoice with money outstanding, at its issue, from where its age is counted.
func (c Contribution) Owed(issued time.Time, cents int64) {
	c.dayAndMonth(issued, "owed.cents", cents)
	c.dayAndMonth(issued, "owed.count", 1)
}

// QuoteSent counts a quote at the moment it was sent.
func (c Contribution) QuoteSent(at time.Time, cents int64, won bool) {
	c.dayAndMonth(at, "quotes.sent", 1)
	c.dayAndMonth(at, "quotes.sentCents", cents)
	if won {
		c.dayAndMonth(at, "quotes.won", 1)
		c.dayAndMonth(at, "quotes.wonCents", cents)
	}
}

// Visit counts a scheduled visit on the day it starts. An open one also leaves the minutes at which it starts and is
// over, so that late and in progress can be told at any later moment from the day alone.
func (c Contribution) Visit(start time.Time, end *time.Time, allDay, complete bool, users []string) {
	day := "days/" + string(DayOf(start, c.Zone))
	c.Delta.add(day, "visits.total", c.Sign)
	if complete {
		c.Delta.add(day, "visits.completed", c.Sign)
	} else {
		over := start
		if end != nil {
			over = *end
		}
		ends := ceilMinute(over)
		starts := min(floorMinute(start), ends) // an end before the start is late from its end on, never in progress
		c.Delta.add(day, "visits.starts."+strconv.FormatInt(starts, 10), c.Sign)
		c.Delta.add(day, "visits.ends."+strconv.FormatInt(ends, 10), c.Sign)
	}
	minutes := VisitMinutes(start, end, allDay)
	for _, user := range users {
		c.dayAndMonth(start, "crew."+user+".scheduled", minutes)
		if complete {
			c.dayAndMonth(start, "crew."+user+".completed", minutes)
		}
	}
}

// Stage counts a record in a stage of the pipeline.
func (c Contribution) Stage(pipeline, stage string, cents int64) {
	c.Delta.add(totalsDoc, "pipeline."+pipeline+"."+stage+".count", c.Sign)
	c.Delta.add(totalsDoc, "pipeline."+pipeline+"."+stage+".cents", c.Sign*cents)
}

// Record counts a record of a collection.
func (c Contribution) Record(collection string) {
	c.Delta.add(totalsDoc, "records."+collection, c.Sign)
}

func (c Contribution) dayAndMonth(at time.Time, field string, n int64) {
	day := DayOf(at, c.Zone)
	c.Delta.add("days/"+string(day), field, c.Sign*n)
	c.Delta.add("months/"+string(day.Month()), field, c.Sign*n)
}

// workdayMinutes is what an all-day visit takes and what one person can do in a day.
const workdayMinutes = 480

// VisitMinutes is how long a visit takes of one person's time: nothing where it has no end.
func VisitMinutes(start time.Time, end *time.Time, allDay bool) int64 {
	if allDay {
		return workdayMinutes
	}
	if end == nil || end.Before(start) {
		return 0
	}
	return int64(end.Sub(start) / time.Minute)
}

func floorMinute(t time.Time) int64 {
	s := t.Unix()
	m := s / 60
	if s < 0 && s%60 != 0 {
		m--
	}
	return m
}

func ceilMinute(t time.Time) int64 {
	m := floorMinute(t)
	if t.Equal(time.Unix(m*60, 0)) {
		return m
	}
	return m + 1
}

// nested turns dotted fields into the nested map that a merge takes; leaf makes the value of an amount.
func nested(fields map[string]int64, leaf func(int64) any) map[string]any {
	root := map[string]any{}
	for path, n := range fields {
		parts := strings.Split(path, ".")
		at := root
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = leaf(n)
	}
	return root
}
