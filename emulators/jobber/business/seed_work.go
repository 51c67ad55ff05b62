package business

import (
	"slices"
	"sort"
	"time"
)

// clientBy is a client of those who came until a day, with one of the client's properties. Older clients come more often.
func (s *seeder) clientBy(day int) (*clientDraft, *propertyDraft) {
	n := sort.Search(len(s.clients), func(n int) bool { return s.clients[n].day >= day })
	n = max(n, 1)
	u := s.rng.Float64()
	c := s.clients[min(n-1, int(float64(n)*u*(0.6+0.4*u)))]
	return c, pick(s.Business, c.properties)
}

// seedJobs drafts the jobs with their visits by day; schedule says when in the day and by whom.
func (s *seeder) seedJobs() {
	recurring := s.n.jobs * 18 / 100
	today := max(10, s.n.visits/1200) // jobs that are sure to have a visit today
	for n := range s.n.jobs - recurring {
		day := s.pickDay(openedDay, lastDay)
		if n < today {
			day = 0
		}
		s.seedOneOff(n, day)
	}
	for n := range recurring {
		s.seedRecurring(n, s.pickDay(openedDay, 10))
	}
	s.fitVisits()
	for _, j := range s.jobs {
		j.Total = dollars(j.price * int64(max(1, len(j.visits))))
		j.visitPrice = dollars(j.price)
	}
}

func (s *seeder) draftJob(day int, services []service) *jobDraft {
	booked := min(day-1-s.rng.IntN(18), 0) // the day on which the job was made
	booked = max(booked, firstDay+11)
	j := &jobDraft{service: pick(s.Business, services), crew: pick(s.Business, s.trade.crews), day: day}
	j.client, j.property = s.clientBy(booked)
	j.CreatedAt = s.unique(s.after(s.office(booked), j.property.CreatedAt))
	j.price = s.inventPrice(j.service)
	j.Title = j.service.name
	j.Source = "INTERNAL"
	j.JobStatus = "active"
	j.touched = j.CreatedAt
	s.jobs = append(s.jobs, j)
	return j
}

func (s *seeder) seedOneOff(n, day int) {
	j := s.draftJob(day, s.servicesThat(func(v service) bool { return !v.repeats }))
	j.JobType, j.BillingType, j.BillingFrequency = "ONE_OFF", "FIXED_PRICE", "ON_COMPLETION"
	if n%8 == 6 { // free of charge, so never billed
		j.Title, j.price, j.BillingFrequency = "Warranty check: "+j.service.name, 0, "NEVER"
	}
	visits := 1
	switch {
	case day > -20 && n%19 == 17: // nobody has planned it yet
		visits = 0
	case n%13 == 5:
		visits = 3
	case n%6 == 1:
		visits = 2
	}
	for k := range visits {
		s.addVisit(j, day+k)
	}
}

func (s *seeder) seedRecurring(n, day int) {
	j := s.draftJob(day, s.servicesThat(func(v service) bool { return v.repeats }))
	j.JobType, j.BillingType, j.BillingFrequency = "RECURRING", "VISIT_BASED", "PERIODIC"
	if n%6 == 2 {
		j.BillingFrequency = "PER_VISIT"
	}
	interval := []int{7, 7, 14, 14, 28}[s.rng.IntN(5)]
	for k := range s.between(4, 22) {
		at := day + k*interval
		if s.at(at, 720).In(s.zone).Weekday() == time.Sunday {
			at++
		}
		if at > lastDay {
			break
		}
		s.addVisit(j, at)
	}
}

func (s *seeder) servicesThat(fit func(service) bool) []service {
	var list []service
	for _, v := range s.trade.services {
		if fit(v) {
			list = append(list, v)
		}
	}
	return list
}

func (s *seeder) addVisit(j *jobDraft, day int) {
	v := &visitDraft{job: j, day: day}
	v.Title = j.client.Name + " - " + j.Title
	j.visits = append(j.visits, v)
}

// fitVisits adds second visits to one-off jobs, or cuts the ends of recurring ones, until there are as many visits as
// asked for.
func (s *seeder) fitVisits() {
	total := 0
	var oneOff, recurring []*jobDraft
	for _, j := range s.jobs {
		total += len(j.visits)
		if j.JobType == "ONE_OFF" {
			oneOff = append(oneOff, j)
		} else {
			recurring = append(recurring, j)
		}
	}
	for ; total < s.n.visits; total++ {
		j := pick(s.Business, oneOff)
		s.addVisit(j, min(lastDay, j.day+len(j.visits)))
	}
	for total > s.n.visits {
		recurring = slices.DeleteFunc(recurring, func(j *jobDraft) bool { return len(j.visits) < 2 })
		if len(recurring) == 0 {
			return
		}
		j := pick(s.Business, recurring)
		j.visits = j.visits[:len(j.visits)-1]
		total--
	}
}

// schedule gives the visits their hours and people, day after day, and lets those that are over be done, most of them.
func (s *seeder) schedule() {
	for _, j := range s.jobs {
		s.visits = append(s.visits, j.visits...)
	}
	slices.SortStableFunc(s.visits, func(a, b *visitDraft) int { return a.day - b.day })
	for n, v := range s.visits {
		s.assign(v)
		s.place(n, v)
	}
	s.crossClockChanges()
	for n, v := range s.visits {
		s.finish(n, v)
		v.CreatedAt = s.unique(s.after(v.job.CreatedAt, v.job.CreatedAt))
		v.touched = latest(v.CreatedAt, v.touched)
		v.job.touched = latest(v.job.touched, v.touched)
		v.job.client.touched = latest(v.job.client.touched, v.job.CreatedAt)
	}
}

// assign sends one person of the crew, sometimes two or three, sometimes one of another crew or of none with them, and in
// a few cases nobody.
func (s *seeder) assign(v *visitDraft) {
	crew := s.field[v.job.crew]
	people := 1
	switch {
	case s.chance(3):
		people = 2
	case s.chance(14):
		people = 3
	}
	order := slices.Clone(crew)
	s.rng.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
	slices.SortStableFunc(order, func(a, b string) int { return s.busy[busyKey{v.day, a}] - s.busy[busyKey{v.day, b}] })
	v.AssignedUserIDs = order[:min(people, len(order))]
	switch {
	case s.chance(45):
		v.AssignedUserIDs = nil
	case s.chance(45):
		v.AssignedUserIDs = append(v.AssignedUserIDs, pick(s.Business, s.floater))
	case s.chance(45):
		other := pick(s.Business, s.field[pick(s.Business, s.trade.crews)])
		if !slices.Contains(v.AssignedUserIDs, other) {
			v.AssignedUserIDs = append(v.AssignedUserIDs, other)
		}
	}
}

// place puts a visit after the others of its people on that day. Every so often it is an odd one: for the whole day,
// through midnight, at midnight, with seconds, or not scheduled.
func (s *seeder) place(n int, v *visitDraft) {
	minutes := pick(s.Business, v.job.service.minutes)
	start := 450 + 15*s.rng.IntN(4)
	if s.n.visits < 3000 || s.chance(2) {
		start += 15 * s.rng.IntN(30)
	}
	for _, user := range v.AssignedUserIDs {
		start = max(start, s.busy[busyKey{v.day, user}])
	}
	if start+minutes > 1140 {
		start = 600 + 15*s.rng.IntN(24)
	}
	for _, user := range v.AssignedUserIDs {
		s.busy[busyKey{v.day, user}] = start + minutes + 15*s.between(1, 3)
	}
	s.set(v, s.at(v.day, start), s.at(v.day, start).Add(time.Duration(minutes)*time.Minute))
	switch {
	case v.day > -25 && n%29 == 4:
		v.StartAt, v.EndAt = nil, nil
	case n%47 == 11:
		v.AllDay = true
		s.set(v, s.at(v.day, 0), s.at(v.day+1, 0).Add(-time.Second))
	case n%311 == 50:
		s.set(v, s.at(v.day, 1350), s.at(v.day+1, 75))
	case n%509 == 70:
		s.set(v, s.at(v.day, 0), s.at(v.day, 90))
	case n%601 == 30:
		s.set(v, v.StartAt.Add(30*time.Second), v.EndAt.Add(45*time.Second))
	}
}

func (s *seeder) set(v *visitDraft, start, end time.Time) {
	v.StartAt, v.EndAt = second(start), second(end)
}

// crossClockChanges moves some visits to the nights in which the clock is put forward or back.
func (s *seeder) crossClockChanges() {
	for day := firstDay; day < lastDay; day++ {
		_, before := s.at(day, 0).In(s.zone).Zone()
		_, after := s.at(day+1, 0).In(s.zone).Zone()
		if before == after {
			continue
		}
		first := sort.Search(len(s.visits), func(n int) bool { return s.visits[n].day >= day-1 })
		for k, v := range s.visits[first:min(first+3, len(s.visits))] {
			v.AllDay = k == 2
			switch k {
			case 0:
				s.set(v, s.at(day-1, 1410), s.at(day, 210))
			case 1:
				s.set(v, s.at(day, 90), s.at(day, 90).Add(time.Hour))
			case 2:
				s.set(v, s.at(day, 0), s.at(day+1, 0).Add(-time.Second))
			}
		}
	}
}

// finish completes a visit that is over. The older it is, the less likely it was left open.
func (s *seeder) finish(n int, v *visitDraft) {
	v.ClientConfirmed = s.chance(3)
	if v.StartAt == nil { // some work is done without an appointment
		if v.day < 0 && n%4 == 0 {
			s.complete(v, s.at(v.day, 900))
		}
		return
	}
	var open float64 // the chance of being left open
	switch {
	case v.EndAt.After(s.now):
		open = 1
		if !v.StartAt.After(s.now) && !v.AllDay {
			open = 0.85
		}
	case v.day >= -1:
		open = 0.13
	case v.day >= -30:
		open = 0.03
	default:
		open = 0.006
	}
	if s.rng.Float64() >= open {
		s.complete(v, v.EndAt.Add(time.Duration(s.between(-20, 45))*time.Minute))
	}
}

func (s *seeder) complete(v *visitDraft, at time.Time) {
	v.IsComplete = true
	v.CompletedAt = second(s.past(at))
	if len(v.AssignedUserIDs) > 0 {
		if u, ok := s.Users.records[v.AssignedUserIDs[0]]; ok {
			v.CompletedBy = u.Name.Full
		}
	}
	v.touched = *v.CompletedAt
}
