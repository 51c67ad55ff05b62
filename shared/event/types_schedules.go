package event

// AboutSchedule is what the data of an event about something done by the calendar has.
type AboutSchedule struct {
	Account  string   `json:"account"`
	Audience Audience `json:"audience" enum:"security,personal"`
	ID       string   `json:"id" doc:"Of the schedule"`
	Title    string   `json:"title" doc:"Its name"`
	Detail   string   `json:"detail,omitempty" doc:"When it comes, or why it paused itself"`
	Member   string   `json:"member,omitempty" doc:"The id of the member in whose name it ran"`
	Actor    string   `json:"actor,omitempty" doc:"The id of the member who did it; absent when it paused itself"`
}

// The data of each type.
type (
	scheduleCreatedData AboutSchedule
	scheduleChangedData AboutSchedule
	schedulePausedData  AboutSchedule
	scheduleResumedData AboutSchedule
	scheduleDeletedData AboutSchedule
)

var scheduleTypes = []Type{
	of[scheduleCreatedData]("schedule.created", "Something is to be done by the calendar", Security),
	of[scheduleChangedData]("schedule.changed", "What is done by the calendar, or when, was changed", Security),
	of[schedulePausedData]("schedule.paused", "A schedule was paused, or paused itself", Security, Personal),
	of[scheduleResumedData]("schedule.resumed", "A paused schedule goes on", Security),
	of[scheduleDeletedData]("schedule.deleted", "A schedule was ended", Security),
}
