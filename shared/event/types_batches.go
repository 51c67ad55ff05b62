package event

// AboutBatch is what the data of an event about a batch of changes to Jobber has.
type AboutBatch struct {
	Account    string   `json:"account"`
	Audience   Audience `json:"audience" enum:"operations"`
	Collection string   `json:"collection" enum:"batches"`
	ID         string   `json:"id"`
	Title      string   `json:"title,omitempty" doc:"What it does: Tag 12 clients"`
	Detail     string   `json:"detail,omitempty" doc:"How many rows are done, failed and left"`
	Actor      string   `json:"actor,omitempty" doc:"The id of the member who started or stopped it"`
}

// The data of each type.
type (
	batchStartedData  AboutBatch
	batchFinishedData AboutBatch
)

var batchTypes = []Type{
	of[batchStartedData]("batch.started", "A batch of changes to Jobber was started, or started again", Operations),
	of[batchFinishedData]("batch.finished", "A batch of changes to Jobber has ended, or was stopped", Operations),
}
