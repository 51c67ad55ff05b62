package business

import (
	"slices"
	"time"
)

// seedQuotes drafts the quotes: those that became one-off jobs, and those that did not, or not yet.
func (s *seeder) seedQuotes() {
	var jobs []*jobDraft
	for _, j := range s.jobs {
		if j.JobType == "ONE_OFF" && j.price > 0 {
			jobs = append(jobs, j)
		}
	}
	s.rng.Shuffle(len(jobs), func(a, b int) { jobs[a], jobs[b] = jobs[b], jobs[a] })
	won := min(len(jobs), s.n.quotes*55/100)
	for _, j := range jobs[:won] {
		s.seedWonQuote(j)
	}
	for n := range s.n.quotes - won {
		s.seedOpenQuote(n)
	}
}

func (s *seeder) draftQuote(c *clientDraft, p *propertyDraft, title string, price int64, created time.Time) *quoteDraft {
	q := &quoteDraft{client: c, property: p}
	q.Title = title
	q.Message = pick(s.Business, quoteMessages)
	q.CreatedAt = s.unique(s.after(created, p.CreatedAt))
	tax := s.inventTax(price)
	q.Amounts = QuoteAmounts{Subtotal: dollars(price), TaxAmount: tax, Total: dollars(price + cents(tax))}
	q.TransitionedAt = *second(q.CreatedAt)
	s.quotes = append(s.quotes, q)
	return q
}

// seedWonQuote drafts the quote that a job came from: sent, approved and converted between its creation and the job's.
func (s *seeder) seedWonQuote(j *jobDraft) {
	created := s.office(s.dayOf(j.CreatedAt) - s.between(2, 16))
	q := s.draftQuote(j.client, j.property, j.Title, cents(j.Total), created)
	if !q.CreatedAt.Before(j.CreatedAt) { // the client came only just before the job
		q.CreatedAt = s.unique(j.property.CreatedAt.Add(j.CreatedAt.Sub(j.property.CreatedAt) / 2))
	}
	part := func(percent int) *time.Time {
		return second(q.CreatedAt.Add(j.CreatedAt.Sub(q.CreatedAt) * time.Duration(percent) / 100))
	}
	q.SentAt = part(s.between(5, 40))
	q.LastTransitioned = QuoteTransitions{ApprovedAt: part(s.between(50, 90)), ConvertedAt: part(100)}
	q.TransitionedAt = *q.LastTransitioned.ConvertedAt
	q.QuoteStatus = "converted"
	q.touched = q.TransitionedAt
	if q.Amounts.Total > 1000 && (s.chance(12) || j.day > 0 && s.chance(2)) {
		q.Amounts.DepositAmount = dollars(cents(q.Amounts.Total) / 4)
	}
	j.quote = q
	j.Source = "QUOTE_CONVERT"
}

// seedOpenQuote drafts a quote without a job. Who did not answer for long is archived.
func (s *seeder) seedOpenQuote(n int) {
	var age int // the oldest that such a quote can be, in days
	status := "archived"
	switch n % 25 {
	case 0:
		status, age = "draft", 40
	case 1, 2, 3, 4, 5:
		status, age = "awaiting_response", 50
	case 6:
		status, age = "changes_requested", 30
	case 7, 8:
		status, age = "approved", 30
	default:
		age = -openedDay
	}
	day := s.pickDay(-age, 0)
	c, p := s.clientBy(day)
	v := pick(s.Business, s.trade.services)
	q := s.draftQuote(c, p, v.name, s.inventPrice(v), s.office(day))
	q.QuoteStatus = status
	q.touched = q.CreatedAt
	if status == "draft" || status == "archived" && n%7 == 0 { // never sent
		return
	}
	sent := s.after(s.past(q.CreatedAt.Add(time.Duration(s.between(1, 30))*time.Hour)), q.CreatedAt)
	answered := s.after(s.past(sent.Add(time.Duration(s.between(2, 150))*time.Hour)), sent)
	q.SentAt = second(sent)
	q.TransitionedAt = *q.SentAt
	switch status {
	case "changes_requested":
		q.LastTransitioned.ChangesRequestedAt = second(answered)
		q.TransitionedAt = *second(answered)
	case "approved":
		q.LastTransitioned.ApprovedAt = second(answered)
		q.TransitionedAt = *second(answered)
	case "archived":
		q.TransitionedAt = *second(answered)
	}
	q.touched = latest(q.CreatedAt, q.TransitionedAt)
}

// seedRequests drafts the requests: half of them became quotes and jobs.
func (s *seeder) seedRequests() {
	var quotes []*quoteDraft
	jobOf := map[*quoteDraft]*jobDraft{}
	for _, j := range s.jobs {
		if j.quote != nil {
			quotes = append(quotes, j.quote)
			jobOf[j.quote] = j
		}
	}
	s.rng.Shuffle(len(quotes), func(a, b int) { quotes[a], quotes[b] = quotes[b], quotes[a] })
	converted := min(len(quotes), s.n.requests/2)
	for _, q := range quotes[:converted] {
		created := s.office(s.dayOf(q.CreatedAt) - s.between(1, 8))
		if !created.After(q.property.CreatedAt) || !created.Before(q.CreatedAt) {
			created = q.property.CreatedAt.Add(q.CreatedAt.Sub(q.property.CreatedAt) / 2)
		}
		r := s.draftRequest(q.client, q.property, q.Title, created)
		r.RequestStatus = "converted"
		r.touched = q.CreatedAt
		q.request = r
		jobOf[q].request = r
	}
	for n := range s.n.requests - converted {
		s.seedOpenRequest(n)
	}
}

func (s *seeder) draftRequest(c *clientDraft, p *propertyDraft, title string, created time.Time) *requestDraft {
	r := &requestDraft{client: c, property: p}
	r.Title = title
	r.Source = pick(s.Business, requestSources)
	r.CompanyName, r.ContactName = c.CompanyName, c.Name
	if len(c.Emails) > 0 {
		r.Email = c.Emails[0].Address
	}
	if len(c.Phones) > 0 {
		r.Phone = c.Phones[0].Number
	}
	r.CreatedAt = s.unique(s.after(created, p.CreatedAt))
	r.touched = r.CreatedAt
	s.requests = append(s.requests, r)
	return r
}

func (s *seeder) seedOpenRequest(n int) {
	low := -21
	kind := n % 12
	if kind >= 6 {
		low = openedDay
	}
	day := s.pickDay(low, -1)
	c, p := s.clientBy(day)
	r := s.draftRequest(c, p, pick(s.Business, s.trade.services).name, s.office(day))
	r.RequestStatus = "new"
	start := func(day int) *time.Time { return second(s.at(day, 480+30*s.rng.IntN(16))) }
	look := &Assessment{
		ID: s.encoded("Assessment"), Title: "Assessment", AssignedUserIDs: slices.Clone(s.field[pick(s.Business, s.trade.crews)][:1]),
	}
	switch kind {
	case 0, 1: // nobody has looked at it
		return
	case 2:
		look.AssignedUserIDs = nil
	case 3:
		look.StartAt = start(s.between(1, 14))
	case 4:
		look.StartAt = start([]int{0, -1, -2, -3}[n/12%4]) // today's, or overdue
	case 5:
		look.StartAt = second(s.after(*start(day), r.CreatedAt))
		look.IsComplete, look.CompletedAt = true, second(s.after(s.past(look.StartAt.Add(time.Hour)), r.CreatedAt))
		r.touched = *look.CompletedAt
	case 6, 7:
		r.RequestStatus = "completed"
		return
	default:
		r.RequestStatus = "archived"
		return
	}
	if look.StartAt != nil {
		look.EndAt = second(look.StartAt.Add(time.Hour))
	}
	r.Assessment = look
}
