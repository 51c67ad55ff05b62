package business

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Truth returns the figures of a period (today, 7d, 30d, mtd or ytd) that ends on the business's day at the instant at,
// worked out from the records as they are now. ErrUnknown when there is no such period.
func (b *Business) Truth(period string, at time.Time) (Summary, error) {
	today := b.date(at)
	spans, err := spansOf(period, today)
	if err != nil {
		return Summary{}, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return Summary{
		Period: Period{
			Name:         period,
			From:         spans.now.from.Format(time.DateOnly),
			To:           spans.now.to.Format(time.DateOnly),
			PreviousFrom: spans.before.from.Format(time.DateOnly),
			PreviousTo:   spans.before.to.Format(time.DateOnly),
			TimeZone:     b.account.TimeZone,
		},
		Currency:        b.account.Currency,
		Revenue:         flow(b.revenues(), spans),
		Collected:       flow(b.collections(), spans),
		Receivables:     b.receivables(today),
		VisitsToday:     b.visitsToday(today, at),
		Pipeline:        b.pipeline(at),
		QuoteConversion: b.conversion(spans.now),
		CrewUtilisation: b.crews(spans.now),
	}, nil
}

// A date is midnight UTC of a day of the business's calendar, so that dates can be counted without time zones.
func (b *Business) date(t time.Time) time.Time {
	year, month, day := t.In(b.zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// span is days, both ends included.
type span struct{ from, to time.Time }

func (s span) has(day time.Time) bool { return !day.Before(s.from) && !day.After(s.to) }

type spans struct {
	now, before span
	granularity string
}

func spansOf(period string, today time.Time) (spans, error) {
	ago := func(days int) time.Time { return today.AddDate(0, 0, -days) }
	year, month, day := today.Date()
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	switch period {
	case "today":
		return spans{span{today, today}, span{ago(1), ago(1)}, "day"}, nil
	case "7d":
		return spans{span{ago(6), today}, span{ago(13), ago(7)}, "day"}, nil
	case "30d":
		return spans{span{ago(29), today}, span{ago(59), ago(30)}, "day"}, nil
	case "mtd":
		last := first.AddDate(0, 0, -1) // of the previous month
		previous := time.Date(last.Year(), last.Month(), min(day, last.Day()), 0, 0, 0, 0, time.UTC)
		return spans{span{first, today}, span{first.AddDate(0, -1, 0), previous}, "day"}, nil
	case "ytd":
		if month == time.February && day == 29 {
			day = 28
		}
		january := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC)
		previous := time.Date(year-1, month, day, 0, 0, 0, 0, time.UTC)
		return spans{span{january, today}, span{january.AddDate(-1, 0, 0), previous}, "month"}, nil
	default:
		return spans{}, fmt.Errorf("%w: period %q", ErrUnknown, period)
	}
}

// entry is money on a day.
type entry struct {
	day   time.Time
	cents int64
}

func (b *Business) revenues() []entry {
	var entries []entry
	for _, i := range b.Invoices.all() {
		if i.InvoiceStatus == "draft" || i.InvoiceStatus == "voided" || i.IssuedDate == nil {
			continue
		}
		entries = append(entries, entry{b.date(*i.IssuedDate), cents(i.Amounts.Total) - cents(i.Amounts.TaxAmount)})
	}
	return entries
}

func (b *Business) collections() []entry {
	var entries []entry
	for _, p := range b.Payments.all() {
		switch p.AdjustmentType {
		case "PAYMENT", "DEPOSIT", "INITIAL_BALANCE":
			entries = append(entries, entry{b.date(p.EntryDate), cents(p.Amount)})
		case "REFUND", "FAILED_ACH_PAYMENT":
			entries = append(entries, entry{b.date(p.EntryDate), -cents(p.Amount)})
		}
	}
	return entries
}

func flow(entries []entry, s spans) Flow {
	now, before := sum(entries, s.now), sum(entries, s.before)
	return Flow{
		Cents:         now,
		PreviousCents: before,
		Change:        ratio(now-before, before),
		Granularity:   s.granularity,
		Trend:         trend(entries, s.now, s.granularity),
		PreviousTrend: trend(entries, s.before, s.granularity),
	}
}

func sum(entries []entry, s span) int64 {
	var total int64
	for _, e := range entries {
		if s.has(e.day) {
			total += e.cents
		}
	}
	return total
}

// trend has a point for each day or month of the span; the last month reaches no further than the span does.
func trend(entries []entry, s span, granularity string) []Point {
	points := []Point{}
	for start := s.from; !start.After(s.to); {
		next := start.AddDate(0, 0, 1)
		if granularity == "month" {
			next = start.AddDate(0, 1, 0)
		}
		end := next.AddDate(0, 0, -1)
		if end.After(s.to) {
			end = s.to
		}
		points = append(points, Point{start.Format(time.DateOnly), sum(entries, span{start, end})})
		start = next
	}
	return points
}

func (b *Business) receivables(today time.Time) Receivables {
	r := Receivables{Ageing: []Ageing{{Bucket: "0-30"}, {Bucket: "31-60"}, {Bucket: "61-90"}, {Bucket: "90+"}}}
	for _, i := range b.Invoices.all() {
		switch i.InvoiceStatus {
		case "draft", "paid", "bad_debt", "voided":
			continue
		}
		owed := cents(i.Amounts.InvoiceBalance)
		if owed <= 0 || i.IssuedDate == nil {
			continue
		}
		age := int(today.Sub(b.date(*i.IssuedDate)) / (24 * time.Hour))
		bucket := 3
		switch {
		case age <= 30:
			bucket = 0
		case age <= 60:
			bucket = 1
		case age <= 90:
			bucket = 2
		}
		r.Cents += owed
		r.Invoices++
		r.Ageing[bucket].Cents += owed
		r.Ageing[bucket].Invoices++
	}
	return r
}

func (b *Business) visitsToday(today, at time.Time) VisitsToday {
	count := VisitsToday{Date: today.Format(time.DateOnly)}
	for _, v := range b.Visits.all() {
		if v.StartAt == nil || !b.date(*v.StartAt).Equal(today) {
			continue
		}
		end := *v.StartAt
		if v.EndAt != nil {
			end = *v.EndAt
		}
		endMinute := end.Truncate(time.Minute)
		if endMinute.Before(end) {
			endMinute = endMinute.Add(time.Minute)
		}
		count.Total++
		switch {
		case v.IsComplete:
			count.Completed++
		case !endMinute.After(at):
			count.Late++
		case !v.StartAt.Truncate(time.Minute).After(at):
			count.InProgress++
		default:
			count.Upcoming++
		}
	}
	return count
}

func (b *Business) pipeline(at time.Time) Pipeline {
	requests := stages("new", "assessment", "assessed")
	for _, r := range b.Requests.all() {
		switch b.RequestStatus(r, at) {
		case "new":
			requests.add("new", 0)
		case "unscheduled", "upcoming", "today", "overdue":
			requests.add("assessment", 0)
		case "assessment_completed":
			requests.add("assessed", 0)
		}
	}
	quotes := stages("draft", "awaitingResponse", "changesRequested", "approved")
	for _, q := range b.Quotes.all() {
		switch q.QuoteStatus {
		case "draft":
			quotes.add("draft", cents(q.Amounts.Total))
		case "awaiting_response":
			quotes.add("awaitingResponse", cents(q.Amounts.Total))
		case "changes_requested":
			quotes.add("changesRequested", cents(q.Amounts.Total))
		case "approved":
			quotes.add("approved", cents(q.Amounts.Total))
		}
	}
	jobs := stages("active", "requiresInvoicing")
	for _, j := range b.Jobs.all() {
		switch j.JobStatus {
		case "requires_invoicing":
			jobs.add("requiresInvoicing", cents(j.UninvoicedTotal))
		case "archived":
		default:
			jobs.add("active", cents(j.Total))
		}
	}
	invoices := stages("draft", "awaitingPayment")
	for _, i := range b.Invoices.all() {
		switch b.InvoiceStatus(i, at) {
		case "draft":
			invoices.add("draft", cents(i.Amounts.Total))
		case "awaiting_payment", "past_due", "sent_not_due":
			invoices.add("awaitingPayment", cents(i.Amounts.InvoiceBalance))
		}
	}
	return Pipeline{requests, quotes, jobs, invoices}
}

func stages(names ...string) Stages {
	s := Stages{}
	for _, name := range names {
		s.Stages = append(s.Stages, Stage{Stage: name})
	}
	return s
}

func (s *Stages) add(stage string, cents int64) {
	s.Count++
	s.Cents += cents
	for i := range s.Stages {
		if s.Stages[i].Stage == stage {
			s.Stages[i].Count++
			s.Stages[i].Cents += cents
		}
	}
}

func (b *Business) conversion(s span) Conversion {
	var c Conversion
	for _, q := range b.Quotes.all() {
		if q.SentAt == nil || !s.has(b.date(*q.SentAt)) {
			continue
		}
		c.Sent++
		c.SentCents += cents(q.Amounts.Total)
		if q.QuoteStatus == "approved" || q.QuoteStatus == "converted" {
			c.Won++
			c.WonCents += cents(q.Amounts.Total)
		}
	}
	c.Rate = ratio(int64(c.Won), int64(c.Sent))
	return c
}

// workday is what one person can be scheduled for in a day, and what a visit without hours counts.
const workday = 480

func (b *Business) crews(s span) []Crew {
	weekdays := int64(0)
	for day := s.from; !day.After(s.to); day = day.AddDate(0, 0, 1) {
		if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			weekdays++
		}
	}
	crewOf := map[string]string{} // user id → crew name
	crews := map[string]*Crew{}   // by name
	for _, u := range b.Users.all() {
		name := CrewOf(u)
		if name == "" {
			continue
		}
		crewOf[u.ID] = name
		if crews[name] == nil {
			crews[name] = &Crew{Team: slug(name), Name: name}
		}
		if u.Status == "ACTIVATED" && u.AvailableForScheduling {
			crews[name].CapacityMinutes += workday * weekdays
		}
	}
	for _, v := range b.Visits.all() {
		if v.StartAt == nil || !s.has(b.date(*v.StartAt)) {
			continue
		}
		minutes := int64(0)
		switch {
		case v.AllDay:
			minutes = workday
		case v.EndAt != nil:
			minutes = int64(v.EndAt.Sub(*v.StartAt) / time.Minute)
		}
		for _, user := range v.AssignedUserIDs {
			crew := crews[crewOf[user]]
			if crew == nil {
				continue
			}
			crew.ScheduledMinutes += minutes
			if v.IsComplete {
				crew.CompletedMinutes += minutes
			}
		}
	}
	rows := []Crew{}
	for _, crew := range crews {
		crew.Utilisation = ratio(crew.ScheduledMinutes, crew.CapacityMinutes)
		rows = append(rows, *crew)
	}
	slices.SortFunc(rows, func(a, b Crew) int { return cmp.Compare(a.Name, b.Name) })
	return rows
}

// CrewOf returns the crew of a user, "" for who has none.
func CrewOf(u *User) string {
	for _, field := range u.CustomFields {
		if field.TypeName == CustomFieldDropdown && field.Label == CrewLabel {
			return field.ValueDropdown
		}
	}
	return ""
}

// slug is the name in small letters and digits with dashes between the words.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

// cents rounds dollars to cents, half away from zero.
func cents(dollars float64) int64 { return int64(math.Round(dollars * 100)) }

// ratio is a/b to four decimals, half away from zero; nil when b is 0. It counts in whole numbers, because floating point
// rounds some halves the wrong way.
func ratio(a, b int64) *float64 {
	if b == 0 {
		return nil
	}
	if b < 0 {
		a, b = -a, -b
	}
	sign := int64(1)
	if a < 0 {
		a, sign = -a, -1
	}
	value := float64(sign*((a*20_000+b)/(2*b))) / 10_000
	return &value
}
