package business

import (
	"fmt"
	"slices"
	"time"
)

// CompleteVisit completes a visit: of today's that have begun, when it may choose.
func (b *Business) CompleteVisit(id string) (Done, error) { return b.do((*Business).completeVisit, id) }

// UncompleteVisit takes a completion back.
func (b *Business) UncompleteVisit(id string) (Done, error) {
	return b.do((*Business).uncompleteVisit, id)
}

// RescheduleVisit moves a visit that is not complete to begin at an instant, or at one of its own choice for the zero
// time. It lasts as long as before.
func (b *Business) RescheduleVisit(id string, to time.Time) (Done, error) {
	return b.act(func() (Done, error) { return b.rescheduleVisit(id, to) })
}

// UnscheduleVisit takes a visit that is not complete off the schedule.
func (b *Business) UnscheduleVisit(id string) (Done, error) {
	return b.do((*Business).unscheduleVisit, id)
}

// ReassignVisit sends other people to a visit that is not complete.
func (b *Business) ReassignVisit(id string) (Done, error) { return b.do((*Business).reassignVisit, id) }

// CreateVisit adds a visit to a job that is not archived; id is the job's.
func (b *Business) CreateVisit(jobID string) (Done, error) {
	return b.do((*Business).createVisit, jobID)
}

func (b *Business) completeVisit(id string) (Done, error) {
	from, to := b.local(0, 0), b.local(1, 0)
	old, err := chosen(b, b.Visits, TypeVisit, id, func(v *Visit) int {
		switch {
		case v.IsComplete:
			return never
		case v.StartAt == nil:
			return 4
		case v.StartAt.Before(from):
			return 2
		case !v.StartAt.Before(to):
			return 3
		case v.StartAt.After(b.Now()):
			return 1
		}
		return 0
	})
	if err != nil {
		return Done{}, err
	}
	v := b.completed(*old, b.stamp())
	b.Visits.put(v)
	b.tell("VISIT_COMPLETE", v.ID, v.UpdatedAt)
	b.tell("VISIT_UPDATE", v.ID, v.UpdatedAt)
	b.settleJob(v.JobID, v.UpdatedAt)
	return Done{"visit.complete", v.ID, v.UpdatedAt}, nil
}

func (b *Business) completed(v Visit, at time.Time) Visit {
	v.IsComplete, v.CompletedAt, v.UpdatedAt = true, second(at), at
	for _, id := range v.AssignedUserIDs {
		if u, ok := b.Users.records[id]; ok {
			v.CompletedBy = u.Name.Full
			break
		}
	}
	return v
}

func (b *Business) uncompleteVisit(id string) (Done, error) {
	old, err := chosen(b, b.Visits, TypeVisit, id, func(v *Visit) int { return when(v.IsComplete && v.InvoiceID == "") })
	if err != nil {
		return Done{}, err
	}
	v := *old
	v.IsComplete, v.CompletedAt, v.CompletedBy = false, nil, ""
	return b.visitUpdated("visit.uncomplete", v), nil
}

func (b *Business) rescheduleVisit(id string, to time.Time) (Done, error) {
	soon := b.local(7, 0)
	old, err := chosen(b, b.Visits, TypeVisit, id, func(v *Visit) int {
		switch {
		case v.IsComplete:
			return never
		case v.StartAt != nil && v.StartAt.After(soon):
			return 1
		}
		return 0
	})
	if err != nil {
		return Done{}, err
	}
	v := *old
	length := time.Hour
	if v.StartAt != nil && v.EndAt != nil && !v.AllDay {
		length = v.EndAt.Sub(*v.StartAt)
	}
	v.AllDay = false
	if to.IsZero() {
		to = b.slot()
	}
	v.StartAt, v.EndAt = second(to), second(to.Add(length))
	return b.visitUpdated("visit.reschedule", v), nil
}

// slot is when something new begins: later today, or on one of the next days.
func (b *Business) slot() time.Time {
	now := b.Now().In(b.zone)
	minute := now.Hour()*60 + now.Minute()
	if b.chance(2) && minute < 1080 {
		quarter := max(420, minute-30)/15*15 + 15*b.rng.IntN(20)
		return b.local(0, min(quarter, 1170))
	}
	return b.local(b.between(1, 14), 450+15*b.rng.IntN(34))
}

func (b *Business) unscheduleVisit(id string) (Done, error) {
	old, err := chosen(b, b.Visits, TypeVisit, id, func(v *Visit) int { return when(!v.IsComplete && v.StartAt != nil) })
	if err != nil {
		return Done{}, err
	}
	v := *old
	v.StartAt, v.EndAt, v.AllDay = nil, nil, false
	return b.visitUpdated("visit.unschedule", v), nil
}

func (b *Business) reassignVisit(id string) (Done, error) {
	old, err := chosen(b, b.Visits, TypeVisit, id, func(v *Visit) int { return when(!v.IsComplete) })
	if err != nil {
		return Done{}, err
	}
	v := *old
	v.AssignedUserIDs = b.people()
	return b.visitUpdated("visit.reassign", v), nil
}

func (b *Business) visitUpdated(name string, v Visit) Done {
	v.UpdatedAt = b.stamp()
	b.Visits.put(v)
	b.tell("VISIT_UPDATE", v.ID, v.UpdatedAt)
	b.settleJob(v.JobID, v.UpdatedAt)
	return Done{name, v.ID, v.UpdatedAt}
}

// people is one to three users who can be scheduled; nobody, where there is no such user.
func (b *Business) people() []string {
	var ids []string
	for _, u := range b.Users.all() {
		if u.Status == "ACTIVATED" && u.AvailableForScheduling {
			ids = append(ids, u.ID)
		}
	}
	b.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	n := 1
	if b.chance(3) {
		n = b.between(2, 3)
	}
	return slices.Clone(ids[:min(n, len(ids))])
}

func (b *Business) createVisit(jobID string) (Done, error) {
	j, err := chosen(b, b.Jobs, TypeJob, jobID, func(j *Job) int { return when(j.JobStatus != "archived") })
	if err != nil {
		return Done{}, err
	}
	start := b.slot()
	v := b.newVisit(j, start, start.Add(time.Duration(b.between(2, 8))*15*time.Minute))
	b.tell("VISIT_CREATE", v.ID, v.CreatedAt)
	b.settleJob(j.ID, v.CreatedAt)
	return Done{"visit.create", v.ID, v.CreatedAt}, nil
}

// newVisit adds a visit and tells nobody: Jobber tells of the first one of many only.
func (b *Business) newVisit(j *Job, start, end time.Time) Visit {
	at := b.stamp()
	v := Visit{
		Number: b.number(TypeVisit), Title: j.Title, JobID: j.ID, ClientID: j.ClientID, PropertyID: j.PropertyID,
		StartAt: second(start), EndAt: second(end), AssignedUserIDs: b.people(), CreatedAt: at, UpdatedAt: at,
	}
	v.ID = EncodeID(TypeVisit, v.Number)
	b.Visits.put(v)
	return v
}

// CreateJob makes a job for a client that has a property: one-off with a visit or two, or recurring with several. id is
// the client's. Jobber tells of the job and of its first visit.
func (b *Business) CreateJob(clientID string) (Done, error) {
	return b.do((*Business).createJob, clientID)
}

// UpdateJob gives a job that is not archived another title, and another price when that is fixed.
func (b *Business) UpdateJob(id string) (Done, error) { return b.do((*Business).updateJob, id) }

// CloseJob archives a job. What was to be visited before now counts as complete, what was to be visited later is gone;
// Jobber tells of neither, only of the job.
func (b *Business) CloseJob(id string) (Done, error) { return b.do((*Business).closeJob, id) }

func (b *Business) createJob(clientID string) (Done, error) {
	c, err := chosen(b, b.Clients, TypeClient, clientID, b.hasProperty)
	if err != nil {
		return Done{}, err
	}
	sold := pick(b, b.trade.services)
	j := b.newJob(Job{
		Title: sold.name, Source: "INTERNAL", ClientID: c.ID, PropertyID: pick(b, b.Properties.of(OfClient, c.ID)).ID,
	}, sold.repeats && b.chance(2), b.inventPrice(sold), pick(b, sold.minutes))
	return Done{"job.create", j.ID, j.CreatedAt}, nil
}

func (b *Business) hasProperty(c *Client) int {
	return when(!c.IsArchived && len(b.Properties.of(OfClient, c.ID)) > 0)
}

// newJob adds a job with its visits and tells of it. price is that of a visit when the job recurs, else of the whole.
func (b *Business) newJob(j Job, recurs bool, price int64, minutes int) Job {
	at := b.stamp()
	visits, days := b.between(1, 2), 1
	j.JobType, j.BillingType, j.BillingFrequency, j.Total = "ONE_OFF", "FIXED_PRICE", "ON_COMPLETION", dollars(price)
	if recurs {
		visits, days = b.between(4, 8), 7
		j.JobType, j.BillingType, j.BillingFrequency, j.visitPrice = "RECURRING", "VISIT_BASED", "PERIODIC", dollars(price)
	}
	j.Number = b.number(TypeJob)
	j.ID = EncodeID(TypeJob, j.Number)
	for _, other := range b.Jobs.all() {
		j.JobNumber = max(j.JobNumber, other.JobNumber)
	}
	j.JobNumber++
	j.JobStatus, j.CreatedAt, j.UpdatedAt = "active", at, at
	b.tell("JOB_CREATE", j.ID, at)
	start := b.slot()
	for n := range visits {
		begin := start.In(b.zone).AddDate(0, 0, n*days)
		v := b.newVisit(&j, begin, begin.Add(time.Duration(minutes)*time.Minute))
		if n == 0 {
			b.tell("VISIT_CREATE", v.ID, at)
		}
	}
	j = b.settledJob(j, at)
	b.Jobs.put(j)
	b.settleClient(j.ClientID)
	return j
}

func (b *Business) updateJob(id string) (Done, error) {
	old, err := chosen(b, b.Jobs, TypeJob, id, func(j *Job) int { return when(j.JobStatus != "archived") })
	if err != nil {
		return Done{}, err
	}
	j := *old
	j.Title = fmt.Sprintf("%s (%d)", pick(b, b.trade.services).name, b.between(2, 99))
	if j.BillingType == "FIXED_PRICE" {
		j.Total = dollars(max(cents(j.InvoicedTotal), cents(j.Total)+int64(b.between(-50, 150))*100))
	}
	j.UpdatedAt = b.stamp()
	b.Jobs.put(b.settledJob(j, j.UpdatedAt))
	b.tell("JOB_UPDATE", j.ID, j.UpdatedAt)
	return Done{"job.update", j.ID, j.UpdatedAt}, nil
}

func (b *Business) closeJob(id string) (Done, error) {
	old, err := chosen(b, b.Jobs, TypeJob, id, func(j *Job) int { return when(j.JobStatus != "archived") })
	if err != nil {
		return Done{}, err
	}
	for _, v := range b.Visits.of(OfJob, old.ID) {
		switch {
		case v.IsComplete:
		case v.StartAt != nil && v.StartAt.Before(b.Now()):
			b.Visits.put(b.completed(*v, b.stamp()))
		default:
			b.Visits.drop(v.ID)
		}
	}
	j := *old
	j.UpdatedAt = b.stamp()
	j.JobStatus, j.CompletedAt = "archived", second(j.UpdatedAt)
	b.Jobs.put(b.settledJob(j, j.UpdatedAt))
	b.tell("JOB_UPDATE", j.ID, j.UpdatedAt)
	b.tell("JOB_CLOSED", j.ID, j.UpdatedAt)
	return Done{"job.close", j.ID, j.UpdatedAt}, nil
}
