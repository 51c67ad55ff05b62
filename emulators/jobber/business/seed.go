package business

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sort"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
)

// Options says which business to make up.
type Options struct {
	Number int // 1: landscaping in Denver; 2: plumbing in St. John's, a tenth of the size
	Clock  clock.Clock
	Log    *slog.Logger
	Seed   int64   // the same seed and clock make the same business
	Scale  float64 // multiplies the number of records; 0 means 1

	Pace time.Duration // between two things that happen by Live in working hours, on average; 0 means 3 s
}

// New makes up a business with eighteen months behind it and some weeks of planned work before it, as of the clock's now.
// There is a smallest size, so that even a tiny scale has records in every state.
func New(o Options) (*Business, error) {
	doing, ok := trades[o.Number]
	if !ok {
		return nil, fmt.Errorf("%w: account %d", ErrUnknown, o.Number)
	}
	account := doing.account
	account.Number = int64(o.Number)
	b, err := Empty(account, o.Clock, o.Log)
	if err != nil {
		return nil, err
	}
	b.pace = o.Pace
	scale := o.Scale
	if scale == 0 {
		scale = 1
	}
	b.rng = newRand(o.Seed*31 + int64(o.Number))
	s := &seeder{Business: b, n: doing.perScale.scaled(scale), now: b.Now().Truncate(time.Second), used: map[int64]bool{}, busy: map[busyKey]int{}}
	s.run()
	return b, nil
}

func (c counts) scaled(scale float64) counts {
	n := func(full, least int) int { return max(least, int(math.Round(float64(full)*scale))) }
	return counts{
		clients: n(c.clients, 25), properties: n(c.properties, 32), requests: n(c.requests, 24), quotes: n(c.quotes, 50),
		jobs: n(c.jobs, 80), visits: n(c.visits, 200), invoices: n(c.invoices, 75), payments: n(c.payments, 65),
	}
}

// The days that a seeded business reaches over, counted from today.
const (
	firstDay  = -548
	openedDay = firstDay + 12 // work begins; the clients of before are in by then
	lastDay   = 35
)

// A seeder makes up one business. Records are drafted first and get their numbers in the order of their creation when all
// of their kind are drafted.
type seeder struct {
	*Business
	n    counts
	now  time.Time
	used map[int64]bool // microseconds that are taken
	sums []float64      // of the days' weights, from firstDay on
	busy map[busyKey]int

	field   map[string][]string // crew → ids of the users who do visits
	floater []string            // users of the field without a crew

	clients    []*clientDraft
	properties []*propertyDraft
	requests   []*requestDraft
	quotes     []*quoteDraft
	jobs       []*jobDraft
	visits     []*visitDraft
	invoices   []*invoiceDraft
	payments   []*paymentDraft
}

type busyKey struct {
	day  int
	user string
}

type clientDraft struct {
	Client
	day        int // of its creation
	touched    time.Time
	properties []*propertyDraft
}

type propertyDraft struct {
	Property
	client *clientDraft
}

type requestDraft struct {
	Request
	client   *clientDraft
	property *propertyDraft
	touched  time.Time
}

type quoteDraft struct {
	Quote
	client   *clientDraft
	property *propertyDraft
	request  *requestDraft
	touched  time.Time
}

type jobDraft struct {
	Job
	service  service
	crew     string
	price    int64 // of a visit, in cents
	day      int   // of the first visit
	client   *clientDraft
	property *propertyDraft
	quote    *quoteDraft
	request  *requestDraft
	visits   []*visitDraft
	touched  time.Time
}

type visitDraft struct {
	Visit
	day     int
	job     *jobDraft
	invoice *invoiceDraft
	touched time.Time
}

type invoiceDraft struct {
	Invoice
	day     int // of its issue
	amount  int64
	job     *jobDraft
	visits  []*visitDraft
	touched time.Time
}

type paymentDraft struct {
	PaymentRecord
	client  *clientDraft
	invoice *invoiceDraft
	quote   *quoteDraft
	refunds *paymentDraft
}

func (s *seeder) run() {
	s.account.CreatedAt = s.at(firstDay-200, 600)
	s.weighDays()
	s.seedUsers()
	s.seedClients()
	s.seedJobs()
	s.schedule()
	s.seedQuotes()
	s.seedRequests()
	s.seedInvoices()
	s.seedPayments()
	s.keep()
}

// at is an instant by the business's wall clock: minutes after midnight of a day counted from today.
func (s *seeder) at(day, minute int) time.Time {
	y, m, d := s.now.In(s.zone).Date()
	return time.Date(y, m, d+day, 0, minute, 0, 0, s.zone).UTC()
}

// dayOf counts the days from today to an instant.
func (s *seeder) dayOf(t time.Time) int {
	return int(s.date(t).Sub(s.date(s.now)) / (24 * time.Hour))
}

// weighDays says how much work each day brings: by weekday, by season, growing over time, thinning out in the future.
func (s *seeder) weighDays() {
	weekday := [7]float64{0.03, 1, 1.02, 1.04, 1, 0.93, 0.25}
	sum := 0.0
	for day := firstDay; day <= lastDay; day++ {
		date := s.at(day, 720).In(s.zone)
		w := weekday[date.Weekday()]
		if day == 0 {
			w = max(w, 0.6) // a weekend has something to look at too
		}
		w *= s.trade.season[date.Month()-1] * (0.85 + 0.15*float64(day-firstDay)/float64(-firstDay))
		if day > 0 {
			w *= max(0.08, 0.9-float64(day)*0.025)
		}
		sum += w
		s.sums = append(s.sums, sum)
	}
}

// pickDay is a day from low to high by the days' weights.
func (s *seeder) pickDay(low, high int) int {
	low, high = max(low, firstDay), min(high, lastDay)
	if low >= high {
		return low
	}
	before := 0.0
	if low > firstDay {
		before = s.sums[low-firstDay-1]
	}
	want := before + s.rng.Float64()*(s.sums[high-firstDay]-before)
	return firstDay + min(high-firstDay, sort.SearchFloat64s(s.sums, want))
}

// office is a time within the office hours of a day that is over, and before now when it is today's.
func (s *seeder) office(day int) time.Time {
	t := s.at(min(day, 0), 450+s.rng.IntN(570)).Add(time.Duration(s.rng.IntN(60)) * time.Second)
	return s.past(t)
}

// past is t, or some minutes ago when t is not over.
func (s *seeder) past(t time.Time) time.Time {
	if t.Before(s.now.Add(-time.Minute)) {
		return t
	}
	return s.now.Add(-time.Minute - time.Duration(s.rng.IntN(5400))*time.Second)
}

// after is t, or some minutes after floor when t is not after it, and never in the future.
func (s *seeder) after(t, floor time.Time) time.Time {
	if t.After(floor) {
		return t
	}
	t = floor.Add(time.Duration(1+s.rng.IntN(1200)) * time.Second)
	if t.Before(s.now) {
		return t
	}
	return floor.Add(s.now.Sub(floor) / 2).Truncate(time.Second)
}

// unique is t with microseconds that no other time of the business has.
func (s *seeder) unique(t time.Time) time.Time {
	micros := t.Truncate(time.Second).UnixMicro() + int64(s.rng.IntN(1_000_000))
	if limit := s.now.UnixMicro(); micros > limit {
		micros = limit
	}
	for s.used[micros] {
		micros++
	}
	s.used[micros] = true
	at := time.UnixMicro(micros).UTC()
	if at.After(s.last) {
		s.last = at
	}
	return at
}

// updated is the unique time of a record's last change, after its creation.
func (s *seeder) updated(created, touched time.Time) time.Time {
	if !touched.Truncate(time.Second).After(created) {
		touched = created.Add(time.Second)
	}
	return s.unique(touched)
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// keep numbers the drafts in the order of their creation and puts them into the tables, what others are worked out from
// first.
func (s *seeder) keep() {
	byCreation := func(a, b time.Time) int { return a.Compare(b) }
	slices.SortFunc(s.properties, func(a, b *propertyDraft) int { return byCreation(a.CreatedAt, b.CreatedAt) })
	slices.SortFunc(s.requests, func(a, b *requestDraft) int { return byCreation(a.CreatedAt, b.CreatedAt) })
	slices.SortFunc(s.quotes, func(a, b *quoteDraft) int { return byCreation(a.CreatedAt, b.CreatedAt) })
	slices.SortFunc(s.jobs, func(a, b *jobDraft) int { return byCreation(a.CreatedAt, b.CreatedAt) })
	slices.SortFunc(s.visits, func(a, b *visitDraft) int { return byCreation(a.CreatedAt, b.CreatedAt) })
	slices.SortFunc(s.invoices, func(a, b *invoiceDraft) int { return byCreation(a.CreatedAt, b.CreatedAt) })
	slices.SortFunc(s.payments, func(a, b *paymentDraft) int { return byCreation(a.CreatedAt, b.CreatedAt) })

	id := func(typeName string, number *int64, id *string) {
		*number = s.number(typeName)
		*id = EncodeID(typeName, *number)
	}
	for _, d := range s.clients {
		id(TypeClient, &d.Number, &d.ID)
	}
	for _, d := range s.properties {
		id(TypeProperty, &d.Number, &d.ID)
	}
	for _, d := range s.requests {
		id(TypeRequest, &d.Number, &d.ID)
	}
	for n, d := range s.quotes {
		id(TypeQuote, &d.Number, &d.ID)
		d.QuoteNumber = fmt.Sprint(n + 1)
	}
	for n, d := range s.jobs {
		id(TypeJob, &d.Number, &d.ID)
		d.JobNumber = n + 1
	}
	for _, d := range s.visits {
		id(TypeVisit, &d.Number, &d.ID)
	}
	for n, d := range s.invoices {
		id(TypeInvoice, &d.Number, &d.ID)
		d.InvoiceNumber = fmt.Sprint(n + 1)
		if n%900 == 451 { // Jobber lets people give a number twice
			d.InvoiceNumber = fmt.Sprint(n)
		}
	}
	for _, d := range s.payments {
		id(TypePaymentRecord, &d.Number, &d.ID)
	}

	for _, d := range s.payments {
		d.ClientID = d.client.ID
		if d.invoice != nil {
			d.InvoiceID = d.invoice.ID
		}
		if d.quote != nil {
			d.QuoteID = d.quote.ID
		}
		if d.refunds != nil {
			d.RefundedPaymentID = d.refunds.ID
		}
		d.UpdatedAt = s.updated(d.CreatedAt, d.CreatedAt)
		s.Payments.put(d.PaymentRecord)
	}
	for _, d := range s.properties {
		d.ClientID = d.client.ID
		d.UpdatedAt = s.updated(d.CreatedAt, d.CreatedAt)
		s.Properties.put(d.Property)
	}
	for _, d := range s.requests {
		d.ClientID, d.PropertyID = d.client.ID, d.property.ID
		d.UpdatedAt = s.updated(d.CreatedAt, d.touched)
		s.Requests.put(d.Request)
	}
	for _, d := range s.quotes {
		d.ClientID, d.PropertyID = d.client.ID, d.property.ID
		if d.request != nil {
			d.RequestID = d.request.ID
		}
		d.UpdatedAt = s.updated(d.CreatedAt, d.touched)
		s.Quotes.put(d.Quote)
	}
	for _, d := range s.invoices {
		d.ClientID = d.job.client.ID
		d.Jobs = []InvoiceJob{{d.job.ID, dollars(d.amount)}}
		d.UpdatedAt = s.updated(d.CreatedAt, d.touched)
		s.Invoices.put(s.settledInvoice(d.Invoice))
	}
	for _, d := range s.visits {
		d.JobID, d.ClientID, d.PropertyID = d.job.ID, d.job.client.ID, d.job.property.ID
		if d.invoice != nil {
			d.InvoiceID = d.invoice.ID
		}
		d.UpdatedAt = s.updated(d.CreatedAt, d.touched)
		s.Visits.put(d.Visit)
	}
	for _, d := range s.jobs {
		d.ClientID, d.PropertyID = d.client.ID, d.property.ID
		if d.quote != nil {
			d.QuoteID = d.quote.ID
		}
		if d.request != nil {
			d.RequestID = d.request.ID
		}
		d.UpdatedAt = s.updated(d.CreatedAt, d.touched)
		s.Jobs.put(s.settledJob(d.Job, s.now))
	}
	for _, d := range s.clients {
		d.UpdatedAt = s.updated(d.CreatedAt, d.touched)
		s.Clients.put(s.settledClient(d.Client))
	}
}
