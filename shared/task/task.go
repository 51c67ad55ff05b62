// Package task is background work: what takes long, may fail and be tried again, and must be done once. A task is a document in
// Firestore, stored in the transaction of whatever asks for it. Cloud Tasks delivers tokens, at least once: a token makes a
// worker take the task whose turn it is. The document alone decides what becomes of a task, by a lease that fences what its
// worker does; turns are kept in Redis, which decides only the order, so that losing it costs fairness for a minute and no task.
//
// What a Cloud Task was never created for, and what a worker left when it died, is found by Tend.
package task

import (
	"encoding/json"
	"time"
)

// State says how a task stands.
type State string

// The states. The last three are for good, unless somebody sends a failed task again.
const (
	Waiting   State = "waiting" // for its turn, for its time, or for another attempt
	Running   State = "running"
	Parted    State = "parted" // it has children, and goes on when all have ended
	Done      State = "done"
	Failed    State = "failed" // a dead letter
	Cancelled State = "cancelled"
)

// Priority gives a task a head start among those of its account; it overtakes no other account.
type Priority int

// The priorities. A head start is a time, so what has none is not put off for ever.
const (
	Low    Priority = -1
	Normal Priority = 0
	High   Priority = 1
)

// headStart is by how much a priority makes a task older than it is.
const headStart = 10 * time.Minute

// Task is background work to be enqueued; Kind.New makes one.
type Task struct {
	Account string
	Payload json.RawMessage

	ID       string        // the same id is the same task, and is added once; by chance when empty
	Key      string        // what no other task of the kind in the account may be about at the same time: see Window
	Window   time.Duration // how long after this task was enqueued another of its Key is not added; zero is until it has ended
	At       time.Time     // not before this time; zero is now. However far ahead
	By       string        // id of the member who asked
	Title    string        // what it is about, for a person: "Revenue, November 2026"
	Priority Priority

	rules  Rules
	parent string
	broken error // of the payload
}

// Kind returns the name of the task's kind.
func (t Task) Kind() string { return t.rules.Name }

// View is a task as it stands.
type View struct {
	ID, Account, Kind, Queue, Title string
	State                           State
	By                              string
	Parent                          string // the task that it is a child of
	Request                         string // correlation id: of the request that asked for it, and of all that it caused
	CreatedAt                       time.Time
	RunAt                           time.Time // when it is due, or was
	StartedAt                       time.Time // its first attempt; zero before
	EndedAt                         time.Time // zero before
	ExpireAt                        time.Time // when it is forgotten; zero before its end
	Attempt                         int       // how many began
	Attempts                        int       // how many may fail
	Failures                        int
	Progress                        Progress
	Result                          json.RawMessage
	Failure                         *Failure // the last one
	Timeline                        []Attempt
	Parts                           bool // it has children
	Cancelling                      bool // it runs, and is to stop
}

// Progress is how far a task is, in units of its own.
type Progress struct {
	Done    int64  `firestore:"done" json:"done"`
	Total   int64  `firestore:"total" json:"total"` // 0 while that is not known
	Message string `firestore:"message" json:"message"`
}

// Percent is how much is done: 0 to 100, and 0 while the total is not known.
func (p Progress) Percent() int {
	if p.Total <= 0 {
		return 0
	}
	return int(min(100, max(0, 100*p.Done/p.Total)))
}

// Left tells how long the rest takes when it goes on as since a start; zero while that cannot be said.
func (p Progress) Left(since, now time.Time) time.Duration {
	if p.Done <= 0 || p.Total <= p.Done || !now.After(since) {
		return 0
	}
	return time.Duration(float64(now.Sub(since)) / float64(p.Done) * float64(p.Total-p.Done))
}

// Failure is why an attempt failed.
type Failure struct {
	Class   Class     `firestore:"class"`
	Message string    `firestore:"message"` // for a person
	At      time.Time `firestore:"at"`
}

// Attempt is one line of a task's timeline.
type Attempt struct {
	Number  int       `firestore:"number"`
	Began   time.Time `firestore:"began"`
	Ended   time.Time `firestore:"ended"`
	Outcome string    `firestore:"outcome"` // done, parted, cancelled, released, or the class of the failure
	Message string    `firestore:"message,omitempty"`
}

// timelineMost bounds a timeline; the oldest lines go.
const timelineMost = 20
