package records

import (
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/record"
)

type jobsInput struct {
	SearchInput
	SpanInput
	Sort     string `query:"sort" enum:"updatedAt,-updatedAt,createdAt,-createdAt,startAt,-startAt,totalCents,-totalCents" default:"-updatedAt"`
	Status   string `query:"status" enum:"requires_invoicing,archived,late,today,upcoming,action_required,on_hold,unscheduled,active,expiring_within_30_days"`
	ClientID string `query:"clientId" maxLength:"100"`
}

type jobView struct {
	Meta
	Number          string     `json:"number"`
	Title           string     `json:"title"`
	Status          string     `json:"status"`
	JobType         string     `json:"jobType"`
	ClientID        string     `json:"clientId"`
	ClientName      string     `json:"clientName"`
	PropertyID      string     `json:"propertyId"`
	TotalCents      *int64     `json:"totalCents" doc:"null without finance:read"`
	UninvoicedCents *int64     `json:"uninvoicedCents" doc:"null without finance:read"`
	StartAt         *time.Time `json:"startAt"`
	EndAt           *time.Time `json:"endAt"`
	CompletedAt     *time.Time `json:"completedAt"`
}

var jobs = resource[jobsInput, jobView]{
	collection: record.Jobs, singular: "job", needs: account.RecordRead,
	filters: []string{"status", "clientId"},
	doc:     "from and to bound startAt.",
	list: func(v view, in *jobsInput) (listing, error) {
		return listing{
			page: in.SearchInput, sort: in.Sort, span: in.SpanInput, spanOf: "startAt",
			where: equals("status", in.Status, "clientId", in.ClientID),
		}, v.moneySort(in.Sort, "totalCents")
	},
	names: func(r record.Record, want *names) { want.want(record.Clients, r.(*record.Job).ClientID) },
	show: func(v view, r record.Record) jobView {
		j := r.(*record.Job)
		return jobView{
			Meta: metaOf(r), Number: j.Number, Title: j.Title, Status: j.Status, JobType: j.JobType, ClientID: j.ClientID,
			ClientName: v.names.client(j.ClientID), PropertyID: j.PropertyID, TotalCents: v.money(j.TotalCents),
			UninvoicedCents: v.money(j.UninvoicedCents), StartAt: j.StartAt, EndAt: j.EndAt, CompletedAt: j.CompletedAt,
		}
	},
}

type visitsInput struct {
	SearchInput
	SpanInput
	Sort     string `query:"sort" enum:"startAt,-startAt" default:"-startAt"`
	Status   string `query:"status" enum:"completed,late,inProgress,upcoming,unscheduled" doc:"The visit's state at the moment of asking"`
	ClientID string `query:"clientId" maxLength:"100"`
	JobID    string `query:"jobId" maxLength:"100"`
}

type visitView struct {
	Meta
	Title         string            `json:"title"`
	State         record.VisitState `json:"state" enum:"completed,late,inProgress,upcoming,unscheduled"`
	IsComplete    bool              `json:"isComplete"`
	AllDay        bool              `json:"allDay"`
	StartAt       *time.Time        `json:"startAt"`
	EndAt         *time.Time        `json:"endAt"`
	CompletedAt   *time.Time        `json:"completedAt"`
	JobID         string            `json:"jobId"`
	JobNumber     string            `json:"jobNumber"`
	ClientID      string            `json:"clientId"`
	ClientName    string            `json:"clientName"`
	PropertyID    string            `json:"propertyId"`
	Address       *record.Address   `json:"address"`
	AssignedUsers []person          `json:"assignedUsers" nullable:"false"`
}

type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

var visits = resource[visitsInput, visitView]{
	collection: record.Visits, singular: "visit", needs: account.RecordRead,
	filters: []string{"isComplete", "clientId", "jobId"},
	doc:     "from and to bound startAt.",
	list: func(v view, in *visitsInput) (listing, error) {
		l := listing{
			page: in.SearchInput, sort: in.Sort, span: in.SpanInput, spanOf: "startAt",
			where: equals("clientId", in.ClientID, "jobId", in.JobID),
		}
		switch state := record.VisitState(in.Status); state {
		case "":
		case record.Completed:
			l.where["isComplete"] = true
		case record.Unscheduled:
			l.where["isComplete"], l.where["startAt"] = false, nil
		default: // follows the clock: no field says it
			l.where["isComplete"] = false
			l.keep = func(r record.Record) bool { return r.(*record.Visit).State(v.now) == state }
		}
		return l, nil
	},
	names: func(r record.Record, want *names) {
		visit := r.(*record.Visit)
		want.want(record.Clients, visit.ClientID)
		want.want(record.Properties, visit.PropertyID)
		want.want(record.Jobs, visit.JobID)
		want.want(record.Users, visit.UserIDs...)
	},
	show: func(v view, r record.Record) visitView {
		visit := r.(*record.Visit)
		assigned := make([]person, len(visit.UserIDs))
		for i, id := range visit.UserIDs {
			assigned[i] = person{ID: id, Name: v.names.user(id)}
		}
		return visitView{
			Meta: metaOf(r), Title: visit.Title, State: visit.State(v.now), IsComplete: visit.IsComplete, AllDay: visit.AllDay,
			StartAt: visit.StartAt, EndAt: visit.EndAt, CompletedAt: visit.CompletedAt,
			JobID: visit.JobID, JobNumber: v.names.jobNumber(visit.JobID), ClientID: visit.ClientID, ClientName: v.names.client(visit.ClientID),
			PropertyID: visit.PropertyID, Address: v.names.address(visit.PropertyID), AssignedUsers: assigned,
		}
	},
}
