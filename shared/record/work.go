package record

import (
	"time"

	"fieldboard.dev/fieldboard/shared/rollup"
)

// Job is work that was agreed on. Several of Jobber's job statuses follow the clock; they are kept as last told.
type Job struct {
	Meta
	Number          string     `firestore:"number"`
	Title           string     `firestore:"title"`
	Status          string     `firestore:"status"`  // Jobber's JobStatusTypeEnum
	JobType         string     `firestore:"jobType"` // ONE_OFF or RECURRING
	ClientID        string     `firestore:"clientId"`
	PropertyID      string     `firestore:"propertyId"`
	TotalCents      int64      `firestore:"totalCents"`
	UninvoicedCents int64      `firestore:"uninvoicedCents"`
	StartAt         *time.Time `firestore:"startAt"`
	EndAt           *time.Time `firestore:"endAt"`
	CompletedAt     *time.Time `firestore:"completedAt"`
}

// Collection returns Jobs.
func (*Job) Collection() Collection { return Jobs }
func (j *Job) label() string        { return numbered("Job", j.Number, j.Title) }
func (j *Job) client() string       { return j.ClientID }
func (j *Job) terms() []string      { return []string{j.Number, j.Title} }

func (j *Job) contribute(to rollup.Contribution) {
	to.Record(string(Jobs))
	switch j.Status {
	case "archived":
	case "requires_invoicing":
		to.Stage("jobs", "requiresInvoicing", j.UninvoicedCents)
	default:
		to.Stage("jobs", "active", j.TotalCents)
	}
}

// happened tells a job that is closed with its work done as both.
func (j *Job) happened(before Record) []string {
	old, ok := before.(*Job)
	if !ok {
		return nil
	}
	var told []string
	if old.CompletedAt == nil && j.CompletedAt != nil {
		told = append(told, "job.completed")
	}
	if old.Status != "archived" && j.Status == "archived" {
		told = append(told, "job.closed")
	}
	if len(told) == 0 && old.StartAt == nil && j.StartAt != nil {
		told = append(told, "job.scheduled")
	}
	return told
}

// moments: a job is late when its time is over and its work is neither done nor given up. A visit of it that is late is told
// by itself.
func (j *Job) moments(*time.Location) []moment {
	if j.EndAt == nil || j.CompletedAt != nil || j.Status == "archived" || j.Status == "requires_invoicing" {
		return nil
	}
	return []moment{{*j.EndAt, "job.late"}}
}

// Visit is one appointment of a job. Without StartAt it is unscheduled.
type Visit struct {
	Meta
	Title       string     `firestore:"title"`
	IsComplete  bool       `firestore:"isComplete"`
	AllDay      bool       `firestore:"allDay"`
	StartAt     *time.Time `firestore:"startAt"`
	EndAt       *time.Time `firestore:"endAt"`
	CompletedAt *time.Time `firestore:"completedAt"`
	JobID       string     `firestore:"jobId"`
	ClientID    string     `firestore:"clientId"`
	PropertyID  string     `firestore:"propertyId"`
	UserIDs     []string   `firestore:"userIds"`
}

// Collection returns Visits.
func (*Visit) Collection() Collection { return Visits }
func (v *Visit) label() string        { return orElse(v.Title, "Visit") }
func (v *Visit) client() string       { return v.ClientID }
func (v *Visit) terms() []string      { return []string{v.Title} }

func (v *Visit) contribute(to rollup.Contribution) {
	to.Record(string(Visits))
	if v.StartAt != nil {
		to.Visit(*v.StartAt, v.EndAt, v.AllDay, v.IsComplete, v.UserIDs)
	}
}

func (v *Visit) happened(before Record) []string {
	old, ok := before.(*Visit)
	switch {
	case !ok:
		return nil
	case !old.IsComplete && v.IsComplete:
		return []string{"visit.completed"}
	case old.StartAt == nil && v.StartAt != nil:
		return []string{"visit.scheduled"}
	case !sameTime(old.StartAt, v.StartAt) || !sameTime(old.EndAt, v.EndAt):
		return []string{"visit.rescheduled"}
	}
	return nil
}

// moments are those at which State changes.
func (v *Visit) moments(*time.Location) []moment {
	if v.IsComplete || v.StartAt == nil {
		return nil
	}
	over := v.over()
	if !v.StartAt.Before(over) {
		return []moment{{over, "visit.late"}}
	}
	return []moment{{*v.StartAt, "visit.started"}, {over, "visit.late"}}
}

// over is when a visit that has a time should be over.
func (v *Visit) over() time.Time {
	if v.EndAt != nil {
		return *v.EndAt
	}
	return *v.StartAt
}

// VisitState is what a visit is at a moment.
type VisitState string

// The states of a visit.
const (
	Completed   VisitState = "completed"
	Late        VisitState = "late" // should be over and is not complete
	InProgress  VisitState = "inProgress"
	Upcoming    VisitState = "upcoming"
	Unscheduled VisitState = "unscheduled"
)

// State tells the visit's state at now, to the minute, as the day's figures count it.
func (v *Visit) State(now time.Time) VisitState {
	if v.IsComplete {
		return Completed
	}
	if v.StartAt == nil {
		return Unscheduled
	}
	minute := now.Truncate(time.Minute)
	switch {
	case !v.over().After(minute):
		return Late
	case !v.StartAt.Truncate(time.Minute).After(minute):
		return InProgress
	}
	return Upcoming
}

// Minutes is what the visit takes of one person's time, as the figures count it.
func (v *Visit) Minutes() int64 {
	if v.StartAt == nil {
		return 0
	}
	return rollup.VisitMinutes(*v.StartAt, v.EndAt, v.AllDay)
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
