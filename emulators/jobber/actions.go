package jobber

import "fieldboard.dev/fieldboard/emulators/jobber/business"

type action func(*business.Business, string) (business.Done, error)

// actions are what the control API can do with a record that is there, by collection. The id may be any.
var actions = map[string]map[string]action{
	"users": {
		"update": (*business.Business).UpdateUser,
	},
	"clients": {
		"update":  (*business.Business).UpdateClient,
		"archive": (*business.Business).ArchiveClient,
	},
	"properties": {
		"update": (*business.Business).UpdateProperty,
	},
	"requests": {
		"schedule-assessment": (*business.Business).ScheduleAssessment,
		"complete-assessment": (*business.Business).CompleteAssessment,
		"convert":             (*business.Business).ConvertRequest,
		"archive":             (*business.Business).ArchiveRequest,
	},
	"quotes": {
		"update":          (*business.Business).UpdateQuote,
		"send":            (*business.Business).SendQuote,
		"approve":         (*business.Business).ApproveQuote,
		"request-changes": (*business.Business).RequestQuoteChanges,
		"convert":         (*business.Business).ConvertQuote,
		"archive":         (*business.Business).ArchiveQuote,
	},
	"jobs": {
		"update": (*business.Business).UpdateJob,
		"close":  (*business.Business).CloseJob,
	},
	"visits": { // and reschedule, which takes a time
		"complete":   (*business.Business).CompleteVisit,
		"uncomplete": (*business.Business).UncompleteVisit,
		"unschedule": (*business.Business).UnscheduleVisit,
		"reassign":   (*business.Business).ReassignVisit,
	},
	"invoices": {
		"issue":    (*business.Business).IssueInvoice,
		"pay":      (*business.Business).PayInvoice,
		"pay-part": (*business.Business).PayInvoicePart,
		"bad-debt": (*business.Business).MarkBadDebt,
		"void":     (*business.Business).VoidInvoice,
	},
	"payments": {
		"refund": (*business.Business).Refund,
		"fail":   (*business.Business).FailPayment,
	},
}

// creations are what the control API can make. The parent, where there is one, may be any.
var creations = map[string]action{
	"clients":    func(b *business.Business, _ string) (business.Done, error) { return b.CreateClient() },
	"properties": (*business.Business).CreateProperty,
	"requests":   (*business.Business).CreateRequest,
	"quotes":     (*business.Business).CreateQuote,
	"jobs":       (*business.Business).CreateJob,
	"visits":     (*business.Business).CreateVisit,
	"invoices":   (*business.Business).CreateInvoice,
}
