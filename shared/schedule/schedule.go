// Package schedule is what members want done by the calendar: "revenue, every Monday at 08:00, in Denver, to these people".
//
// A schedule is a document, and a job of Cloud Scheduler that calls for it at its times. The document alone decides what runs:
// it knows the next slot that is not settled, and settling a slot and enqueueing its task are one transaction. So a slot runs
// once however often it is called for, and a job that is missing, late, doubled or wrong does no harm: Tend, which runs every few
// minutes, settles the slots that nobody called for, and makes the jobs what the documents say.
package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/task"
)

// Config is what schedules need to know.
type Config struct {
	TargetURL string `env:"SCHEDULES_TARGET_URL, required"` // what Cloud Scheduler calls; also the audience of its token
	Invoker   string `env:"TASKS_INVOKER, required"`        // the service account as which it calls
}

// Action is one kind of thing that can be done by schedule. The domain that does it declares it.
type Action struct {
	Kind string // stable, since stored schedules name it
	Name string // for a person: "Report"
	// Check tells what is wrong with an order: a problem Invalid whose fields are relative to the order, or Unavailable. For a
	// good one it returns what somebody must be allowed to do for the whole account to ask for it, and to be sent it.
	Check func(ctx context.Context, account string, order json.RawMessage) (needs []account.Permission, err error)
	// Task makes the task of a slot. Its ID is set by the schedule.
	Task func(ctx context.Context, due Due) (task.Task, error)
}

// Due is a slot that has come.
type Due struct {
	Account    string
	Schedule   string // its id
	Name       string
	By         string // the member in whose name it runs
	Order      json.RawMessage
	Recipients []string  // ids of members, all of whom may be sent it
	Zone       string    // the schedule's, IANA
	Slot       time.Time // what the task is of; now when somebody asked for it
}

// Missed says what becomes of a slot that could not be started within Grace.
type Missed string

// The policies. Of several slots that were missed, the latest alone is caught up.
const (
	CatchUp Missed = "catch_up"
	Skip    Missed = "skip"
)

// Grace is how late a slot may start without being missed: a few of Tend's runs.
const Grace = 15 * time.Minute

// Outcome says what became of a slot.
type Outcome string

// The outcomes.
const (
	Ran      Outcome = "ran"
	CaughtUp Outcome = "caught_up"
	Skipped  Outcome = "skipped"
	Asked    Outcome = "asked" // run now: it is of no slot of the schedule
)

// Run is one line of a schedule's history.
type Run struct {
	Slot    time.Time
	At      time.Time // when that was decided
	Outcome Outcome
	Task    string // its id; empty where nothing ran
	By      string // who asked, where somebody did
	Reason  string // why it was skipped, for a person
}

// historyMost bounds a history; the oldest lines go.
const historyMost = 20

// Schedule is one schedule as it stands.
type Schedule struct {
	ID      string
	Account string
	Wanted
	Cron         string // what When means
	Paused       bool
	PausedReason string    // why it paused itself; empty when a member paused it
	By           string    // in whose name it runs: who made it, or changed or resumed it last
	NextAt       time.Time // the next slot; zero while it is paused
	CreatedAt    time.Time
	CreatedBy    string
	History      []Run // the latest first
}

// Schedules keeps schedules and starts what they ask for.
type Schedules struct {
	store    store
	jobs     jobs
	engine   *task.Engine
	events   *event.Store
	accounts *account.Store
	actions  map[string]Action
	clock    clock.Clock
	log      *slog.Logger
}

// New returns the schedules of an instance's settings, which can do the actions. It dials nothing. Two actions of one kind are a
// mistake in the code and an error.
func New(ctx context.Context, in *instance.Instance, actions ...Action) (*Schedules, error) {
	var cfg Config
	var published event.Config
	if err := errors.Join(in.Config(ctx, &cfg), in.Config(ctx, &published)); err != nil {
		return nil, err
	}
	engine, err := task.NewEngine(ctx, in)
	if err != nil {
		return nil, err
	}
	s := &Schedules{
		store: store{in.Cloud}, jobs: jobs{in.Cloud, cfg}, engine: engine, events: event.NewStore(in.Cloud, published, in.Log),
		accounts: account.NewStore(in.Cloud, in.Clock), actions: map[string]Action{}, clock: in.Clock, log: in.Log,
	}
	for _, a := range actions {
		if _, taken := s.actions[a.Kind]; taken || a.Kind == "" {
			return nil, fmt.Errorf("schedule: two actions of the kind %q, or none", a.Kind)
		}
		s.actions[a.Kind] = a
	}
	return s, nil
}

func notFound() error { return problem.New(problem.NotFound, "There is no such schedule.") }
