package event

// AboutTask is what the data of an event about background work has.
type AboutTask struct {
	Account    string   `json:"account"`
	Audience   Audience `json:"audience" enum:"operations"`
	Collection string   `json:"collection" enum:"tasks"`
	ID         string   `json:"id"`
	Title      string   `json:"title,omitempty" doc:"What the task is about"`
	Detail     string   `json:"detail,omitempty" doc:"The kind of task"`
	Member     string   `json:"member,omitempty" doc:"The id of the member who asked for it"`
	Actor      string   `json:"actor,omitempty" doc:"The id of the member who cancelled it"`
}

// The data of each type.
type (
	taskProgressData  AboutTask
	taskCompletedData AboutTask
	taskFailedData    AboutTask
	taskCancelledData AboutTask
)

var taskTypes = []Type{
	of[taskProgressData]("task.progress", "Background work went on. This is for live connections alone: it is not kept, and no audit log has it", Operations),
	of[taskCompletedData]("task.completed", "Background work that somebody asked for is done", Operations),
	of[taskFailedData]("task.failed", "Background work failed for good, and waits for somebody to look", Operations),
	of[taskCancelledData]("task.cancelled", "Background work was cancelled", Operations),
}
