package business

import "time"

// The statuses below depend on the clock, so they are worked out when asked for and never stored. No webhook tells that
// one of them changed.

// RequestStatus returns Jobber's RequestStatusTypeEnum of r at an instant.
func (b *Business) RequestStatus(r *Request, at time.Time) string {
	if r.RequestStatus != "new" || r.Assessment == nil {
		return r.RequestStatus
	}
	switch {
	case r.Assessment.IsComplete:
		return "assessment_completed"
	case r.Assessment.StartAt == nil:
		return "unscheduled"
	}
	switch day, today := b.day(*r.Assessment.StartAt), b.day(at); {
	case day < today:
		return "overdue"
	case day == today:
		return "today"
	default:
		return "upcoming"
	}
}

// VisitStatus returns Jobber's VisitStatusTypeEnum of v at an instant.
func (b *Business) VisitStatus(v *Visit, at time.Time) string {
	if v.IsComplete {
		return "COMPLETED"
	}
	if v.StartAt == nil {
		return "UNSCHEDULED"
	}
	end := *v.StartAt
	if v.EndAt != nil {
		end = *v.EndAt
	}
	switch {
	case !end.After(at):
		return "LATE"
	case b.day(*v.StartAt) <= b.day(at):
		return "TODAY"
	default:
		return "UPCOMING"
	}
}

// JobStatus returns Jobber's JobStatusTypeEnum of j at an instant. A job without visits is action_required.
func (b *Business) JobStatus(j *Job, at time.Time) string {
	if j.JobStatus != "active" {
		return j.JobStatus
	}
	visits := b.Visits.Of(OfJob, j.ID)
	seen := map[string]bool{}
	for _, v := range visits {
		seen[b.VisitStatus(v, at)] = true
	}
	switch {
	case seen["LATE"]:
		return "late"
	case seen["TODAY"]:
		return "today"
	case seen["UPCOMING"]:
		return "upcoming"
	case seen["UNSCHEDULED"]:
		return "unscheduled"
	default:
		return "action_required"
	}
}

// InvoiceStatus returns Jobber's InvoiceStatusTypeEnum of i at an instant.
func (b *Business) InvoiceStatus(i *Invoice, at time.Time) string {
	if i.InvoiceStatus != "awaiting_payment" || i.DueDate == nil {
		return i.InvoiceStatus
	}
	switch due, today := b.day(*i.DueDate), b.day(at); {
	case due < today:
		return "past_due"
	case due > today:
		return "sent_not_due"
	default:
		return "awaiting_payment"
	}
}

// day is the date of an instant in the business's time zone, as 2006-01-02: such texts compare as dates do.
func (b *Business) day(t time.Time) string { return t.In(b.zone).Format(time.DateOnly) }
