package event

// AboutCopy is what the data of an event about the copy of the business's data, or its connection to Jobber, has.
type AboutCopy struct {
	Account    string   `json:"account"`
	Audience   Audience `json:"audience" enum:"operations"`
	Collection string   `json:"collection,omitempty" enum:"sync"`
	ID         string   `json:"id,omitempty" doc:"Of the state of the copy"`
	Title      string   `json:"title,omitempty"`
	Detail     string   `json:"detail,omitempty"`
	Member     string   `json:"member,omitempty" doc:"The id of the member who connected"`
	Actor      string   `json:"actor,omitempty"`
}

// The data of each type.
type (
	syncProgressData       AboutCopy
	syncCompletedData      AboutCopy
	syncFailedData         AboutCopy
	jobberConnectedData    AboutCopy
	jobberDisconnectedData AboutCopy
)

var copyTypes = []Type{
	of[syncProgressData]("sync.progress", "Records are being copied from Jobber", Operations),
	of[syncCompletedData]("sync.completed", "A copy from Jobber is complete", Operations),
	of[syncFailedData]("sync.failed", "A copy from Jobber, or a change there, could not be followed", Operations),
	of[jobberConnectedData]("jobber.connected", "The account is connected to Jobber", Operations),
	of[jobberDisconnectedData]("jobber.disconnected", "The account is no longer connected to Jobber", Operations),
}
