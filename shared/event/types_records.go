package event

// AboutRecord is what the data of an event about a record of the business has.
type AboutRecord struct {
	Account    string   `json:"account"`
	Audience   Audience `json:"audience" enum:"operations"`
	Collection string   `json:"collection" enum:"clients,properties,requests,quotes,jobs,visits,users"`
	ID         string   `json:"id"`
	Title      string   `json:"title,omitempty" doc:"What a person calls it"`
	Detail     string   `json:"detail,omitempty" doc:"The client's name"`
}

// The data of each type.
type (
	clientCreatedData         AboutRecord
	clientUpdatedData         AboutRecord
	clientDeletedData         AboutRecord
	propertyCreatedData       AboutRecord
	propertyUpdatedData       AboutRecord
	propertyDeletedData       AboutRecord
	requestCreatedData        AboutRecord
	requestUpdatedData        AboutRecord
	requestDeletedData        AboutRecord
	quoteCreatedData          AboutRecord
	quoteUpdatedData          AboutRecord
	quoteDeletedData          AboutRecord
	quoteSentData             AboutRecord
	quoteChangesRequestedData AboutRecord
	quoteApprovedData         AboutRecord
	quoteConvertedData        AboutRecord
	jobCreatedData            AboutRecord
	jobUpdatedData            AboutRecord
	jobDeletedData            AboutRecord
	jobScheduledData          AboutRecord
	jobCompletedData          AboutRecord
	jobClosedData             AboutRecord
	jobLateData               AboutRecord
	visitCreatedData          AboutRecord
	visitUpdatedData          AboutRecord
	visitDeletedData          AboutRecord
	visitScheduledData        AboutRecord
	visitRescheduledData      AboutRecord
	visitStartedData          AboutRecord
	visitCompletedData        AboutRecord
	visitLateData             AboutRecord
	userCreatedData           AboutRecord
	userUpdatedData           AboutRecord
	userDeletedData           AboutRecord
)

var recordTypes = []Type{
	of[clientCreatedData]("client.created", "A client is new", Operations),
	of[clientUpdatedData]("client.updated", "A client is no longer what it was", Operations),
	of[clientDeletedData]("client.deleted", "A client is gone from Jobber", Operations),
	of[propertyCreatedData]("property.created", "A property is new", Operations),
	of[propertyUpdatedData]("property.updated", "A property is no longer what it was", Operations),
	of[propertyDeletedData]("property.deleted", "A property is gone from Jobber", Operations),
	of[requestCreatedData]("request.created", "A request is new", Operations),
	of[requestUpdatedData]("request.updated", "A request is no longer what it was", Operations),
	of[requestDeletedData]("request.deleted", "A request is gone from Jobber", Operations),
	of[quoteCreatedData]("quote.created", "A quote is new", Operations),
	of[quoteUpdatedData]("quote.updated", "A quote is no longer what it was", Operations),
	of[quoteDeletedData]("quote.deleted", "A quote is gone from Jobber", Operations),
	of[quoteSentData]("quote.sent", "A quote awaits the client's answer", Operations),
	of[quoteChangesRequestedData]("quote.changes_requested", "A client wants a quote changed", Operations),
	of[quoteApprovedData]("quote.approved", "A client has agreed to a quote", Operations),
	of[quoteConvertedData]("quote.converted", "A quote has become a job", Operations),
	of[jobCreatedData]("job.created", "A job is new", Operations),
	of[jobUpdatedData]("job.updated", "A job is no longer what it was", Operations),
	of[jobDeletedData]("job.deleted", "A job is gone from Jobber", Operations),
	of[jobScheduledData]("job.scheduled", "A job that had no time has one", Operations),
	of[jobCompletedData]("job.completed", "The work of a job is done", Operations),
	of[jobClosedData]("job.closed", "A job is closed", Operations),
	of[jobLateData]("job.late", "A job should be done by now and is not", Operations),
	of[visitCreatedData]("visit.created", "A visit is new", Operations),
	of[visitUpdatedData]("visit.updated", "A visit is no longer what it was", Operations),
	of[visitDeletedData]("visit.deleted", "A visit is gone from Jobber", Operations),
	of[visitScheduledData]("visit.scheduled", "A visit that had no time has one", Operations),
	of[visitRescheduledData]("visit.rescheduled", "A visit is at another time, or at none", Operations),
	of[visitStartedData]("visit.started", "The time of a visit has begun", Operations),
	of[visitCompletedData]("visit.completed", "The work of a visit is done", Operations),
	of[visitLateData]("visit.late", "A visit should be over by now and is not complete", Operations),
	of[userCreatedData]("user.created", "A user is new", Operations),
	of[userUpdatedData]("user.updated", "A user is no longer what it was", Operations),
	of[userDeletedData]("user.deleted", "A user is gone from Jobber", Operations),
}
