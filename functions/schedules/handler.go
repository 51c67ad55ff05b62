package schedules

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/schedule"
	"fieldboard.dev/fieldboard/shared/schedule/offered"
	"fieldboard.dev/fieldboard/shared/session"
)

type handler struct {
	schedules *schedule.Schedules
	accounts  *account.Store
}

// Build makes the function's handler. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	return BuildWith(ctx, in, offered.Actions(in)...)
}

// BuildWith makes the handler with other actions than the product's. Its verifier takes sessions only: what runs by the calendar
// runs in the name of a person.
func BuildWith(ctx context.Context, in *instance.Instance, actions ...schedule.Action) (http.Handler, error) {
	schedules, err := schedule.New(ctx, in, actions...)
	if err != nil {
		return nil, err
	}
	verifier, err := session.NewVerifier(ctx, in)
	if err != nil {
		return nil, err
	}
	answers, err := idempotency.New(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "schedules", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	h := &handler{schedules: schedules, accounts: account.NewStore(in.Cloud, in.Clock)}
	h.register(api, answers)
	return api.Handler(), nil
}

func (h *handler) register(api *httpapi.API, answers *idempotency.Store) {
	read, manage := httpapi.Needs(account.ScheduleRead), httpapi.Needs(account.ScheduleManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-schedules", Method: http.MethodGet, Path: "/api/v1/schedules", Summary: "What is done by the calendar, the newest first",
	}, read, h.list)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-schedule", Method: http.MethodGet, Path: "/api/v1/schedules/{id}", Summary: "One schedule, with its latest runs",
	}, read, h.get)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "create-schedule", Method: http.MethodPost, Path: "/api/v1/schedules", DefaultStatus: http.StatusCreated,
		Summary:     "Have something done by the calendar",
		Description: "It runs in the caller's name. When they leave, or may not see any more what it needs, it pauses itself.",
	}, manage, h.create)
	httpapi.Register(api, huma.Operation{
		OperationID: "change-schedule", Method: http.MethodPatch, Path: "/api/v1/schedules/{id}",
		Summary:     "Change a schedule, pause it, or let it go on",
		Description: "What is left out stays. It runs in the caller's name from then on, unless they only pause it. What came while it was paused is not caught up.",
	}, manage, h.change)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "run-schedule", Method: http.MethodPost, Path: "/api/v1/schedules/{id}/runs", DefaultStatus: http.StatusCreated,
		Summary: "Start what a schedule asks for now, besides its times",
	}, manage, h.run)
	httpapi.Register(api, huma.Operation{
		OperationID: "delete-schedule", Method: http.MethodDelete, Path: "/api/v1/schedules/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "End a schedule; what it started goes on",
	}, manage, h.delete)
	httpapi.Register(api, huma.Operation{
		OperationID: "preview-schedule", Method: http.MethodGet, Path: "/api/v1/schedule-times",
		Summary: "When a schedule would come: its next five times",
	}, manage, h.preview)
}

// When is when a schedule comes.
type When struct {
	Every    schedule.Every `json:"every" doc:"day, weekday (Monday to Friday), week, month, or cron."`
	Weekdays []string       `json:"weekdays,omitempty" nullable:"false" doc:"Of a week: monday, tuesday, …"`
	Day      int            `json:"day,omitempty" doc:"Of a month: 1 to 28, which every month has."`
	At       string         `json:"at,omitempty" doc:"The time of day, such as 08:00. A time that the clocks leave out comes when they have been moved; one that they show twice comes at its first."`
	Cron     string         `json:"cron,omitempty" doc:"A cron line of five fields, where every is cron: once an hour at most."`
}

// Wanted is what to do, when, and for whom.
type Wanted struct {
	Name       string          `json:"name" doc:"1 to 80 characters."`
	Action     string          `json:"action" doc:"What is done: report.make."`
	Order      json.RawMessage `json:"order" doc:"What exactly: as the action asks for it. At most 16 KiB."`
	When       When            `json:"when"`
	Zone       string          `json:"zone" doc:"IANA time zone, such as America/Denver."`
	Recipients []string        `json:"recipients" nullable:"false" doc:"Ids of 1 to 20 members, who may all see what it needs."`
	Missed     schedule.Missed `json:"missed,omitempty" default:"catch_up" doc:"What becomes of a time at which it could not start: catch_up (the latest alone) or skip."`
}

// Change is what to change of a schedule; what is left out stays.
type Change struct {
	Name       *string          `json:"name,omitempty"`
	Action     *string          `json:"action,omitempty"`
	Order      json.RawMessage  `json:"order,omitempty"`
	When       *When            `json:"when,omitempty"`
	Zone       *string          `json:"zone,omitempty"`
	Recipients []string         `json:"recipients,omitempty" nullable:"false"`
	Missed     *schedule.Missed `json:"missed,omitempty"`
	Paused     *bool            `json:"paused,omitempty"`
}

// Person is a member as others see them.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name" doc:"Empty for one who has left."`
}

// Schedule is something that is done by the calendar.
type Schedule struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Action       string          `json:"action"`
	Order        json.RawMessage `json:"order"`
	When         When            `json:"when"`
	Cron         string          `json:"cron" doc:"What when means, as a cron line."`
	Zone         string          `json:"zone"`
	Recipients   []Person        `json:"recipients" nullable:"false"`
	Missed       schedule.Missed `json:"missed" enum:"catch_up,skip"`
	Paused       bool            `json:"paused"`
	PausedReason string          `json:"pausedReason,omitempty" doc:"Why it paused itself; absent when somebody paused it."`
	By           Person          `json:"by" doc:"In whose name it runs: who made it, or changed or resumed it last."`
	NextAt       *time.Time      `json:"nextAt" doc:"null while it is paused."`
	CreatedAt    time.Time       `json:"createdAt"`
	History      []Run           `json:"history" nullable:"false" doc:"Its latest runs, the latest first; at most 20."`
}

// Run is what became of one time of a schedule.
type Run struct {
	Slot    time.Time        `json:"slot" doc:"The time that it was for."`
	At      time.Time        `json:"at" doc:"When that was decided."`
	Outcome schedule.Outcome `json:"outcome" enum:"ran,caught_up,skipped,asked" doc:"asked: somebody ran it, besides its times."`
	Task    string           `json:"task,omitempty" doc:"The id of the task; absent where it was skipped."`
	By      *Person          `json:"by,omitempty" doc:"Who ran it."`
	Reason  string           `json:"reason,omitempty" doc:"Why it was skipped."`
}

type listInput struct{ httpapi.PageInput }

type listOutput struct{ Body httpapi.Page[Schedule] }

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	var after schedule.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	found, more, err := h.schedules.List(ctx, httpapi.PrincipalFrom(ctx).AccountID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	shown, err := h.show(ctx, found...)
	if err != nil {
		return nil, err
	}
	next := ""
	if more {
		last := found[len(found)-1]
		if next, err = httpapi.EncodeCursor(schedule.Position{CreatedAt: last.CreatedAt, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: httpapi.NewPage(shown, next)}, nil
}

type oneInput struct {
	ID string `path:"id" maxLength:"128" doc:"The schedule's id"`
}

type oneOutput struct{ Body Schedule }

func (h *handler) get(ctx context.Context, in *oneInput) (*oneOutput, error) {
	found, err := h.schedules.Get(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.ID)
	if err != nil {
		return nil, err
	}
	return h.one(ctx, found)
}

type createInput struct {
	Body Wanted
}

func (h *handler) create(ctx context.Context, in *createInput) (*oneOutput, error) {
	w := in.Body
	made, err := h.schedules.Create(ctx, httpapi.PrincipalFrom(ctx), schedule.Wanted{
		Name: w.Name, Action: w.Action, Order: w.Order, When: schedule.When(w.When), Zone: w.Zone, Recipients: w.Recipients, Missed: w.Missed,
	}, httpapi.IdempotentID(ctx))
	if err != nil {
		return nil, at("body", err)
	}
	return h.one(ctx, made)
}

type changeInput struct {
	ID   string `path:"id" maxLength:"128" doc:"The schedule's id"`
	Body Change
}

func (h *handler) change(ctx context.Context, in *changeInput) (*oneOutput, error) {
	c := in.Body
	changed, err := h.schedules.Change(ctx, httpapi.PrincipalFrom(ctx), in.ID, schedule.Change{
		Name: c.Name, Action: c.Action, Order: c.Order, When: (*schedule.When)(c.When), Zone: c.Zone, Recipients: c.Recipients,
		Missed: c.Missed, Paused: c.Paused,
	})
	if err != nil {
		return nil, at("body", err)
	}
	return h.one(ctx, changed)
}

type runOutput struct{ Body Run }

func (h *handler) run(ctx context.Context, in *oneInput) (*runOutput, error) {
	r, err := h.schedules.Run(ctx, httpapi.PrincipalFrom(ctx), in.ID, httpapi.IdempotentID(ctx))
	if err != nil {
		return nil, err
	}
	shown, err := h.showRun(ctx, r, map[string]string{})
	if err != nil {
		return nil, err
	}
	return &runOutput{Body: shown}, nil
}

func (h *handler) delete(ctx context.Context, in *oneInput) (*struct{}, error) {
	return nil, h.schedules.Delete(ctx, httpapi.PrincipalFrom(ctx), in.ID)
}

type previewInput struct {
	Every    schedule.Every `query:"every" maxLength:"10" doc:"day, weekday, week, month or cron."`
	Weekdays []string       `query:"weekdays" maxItems:"7" doc:"Of a week, divided by commas."`
	Day      int            `query:"day" doc:"Of a month."`
	At       string         `query:"at" maxLength:"10" doc:"The time of day, such as 08:00."`
	Cron     string         `query:"cron" maxLength:"200" doc:"A cron line, where every is cron."`
	Zone     string         `query:"zone" maxLength:"100" doc:"IANA time zone."`
}

type previewOutput struct {
	Body struct {
		Times []time.Time `json:"times" nullable:"false" doc:"In UTC."`
	}
}

// previewed is how many times a preview shows.
const previewed = 5

func (h *handler) preview(_ context.Context, in *previewInput) (*previewOutput, error) {
	times, err := h.schedules.Preview(schedule.When{Every: in.Every, Weekdays: in.Weekdays, Day: in.Day, At: in.At, Cron: in.Cron}, in.Zone, previewed)
	if err != nil {
		return nil, at("query", err)
	}
	out := &previewOutput{}
	out.Body.Times = times
	return out, nil
}

// at says of broken rules where they are.
func at(where string, err error) error {
	var e *problem.Error
	if errors.As(err, &e) {
		for i := range e.Fields {
			place := e.Fields[i].Location
			if where == "query" {
				place = strings.TrimPrefix(place, "when.") // a query is flat
			}
			e.Fields[i].Location = where + "." + place
		}
	}
	return err
}

func (h *handler) one(ctx context.Context, s schedule.Schedule) (*oneOutput, error) {
	shown, err := h.show(ctx, s)
	if err != nil {
		return nil, err
	}
	return &oneOutput{Body: shown[0]}, nil
}

func (h *handler) show(ctx context.Context, found ...schedule.Schedule) ([]Schedule, error) {
	names := map[string]string{} // by id
	shown := make([]Schedule, len(found))
	for i, s := range found {
		shown[i] = Schedule{
			ID: s.ID, Name: s.Name, Action: s.Action, Order: s.Order, When: When(s.When), Cron: s.Cron, Zone: s.Zone, Missed: s.Missed,
			Paused: s.Paused, PausedReason: s.PausedReason, CreatedAt: s.CreatedAt, Recipients: []Person{}, History: []Run{},
		}
		if !s.NextAt.IsZero() {
			shown[i].NextAt = &s.NextAt
		}
		var err error
		if shown[i].By, err = h.person(ctx, s.By, names); err != nil {
			return nil, err
		}
		for _, id := range s.Recipients {
			person, err := h.person(ctx, id, names)
			if err != nil {
				return nil, err
			}
			shown[i].Recipients = append(shown[i].Recipients, person)
		}
		for _, r := range s.History {
			run, err := h.showRun(ctx, r, names)
			if err != nil {
				return nil, err
			}
			shown[i].History = append(shown[i].History, run)
		}
	}
	return shown, nil
}

func (h *handler) showRun(ctx context.Context, r schedule.Run, names map[string]string) (Run, error) {
	shown := Run{Slot: r.Slot, At: r.At, Outcome: r.Outcome, Task: r.Task, Reason: r.Reason}
	if r.By != "" {
		by, err := h.person(ctx, r.By, names)
		if err != nil {
			return Run{}, err
		}
		shown.By = &by
	}
	return shown, nil
}

func (h *handler) person(ctx context.Context, id string, names map[string]string) (Person, error) {
	name, known := names[id]
	if !known {
		m, err := h.accounts.Member(ctx, httpapi.PrincipalFrom(ctx).AccountID, id)
		if err != nil && problem.CodeOf(err) != problem.NotFound {
			return Person{}, err
		}
		name = string(m.Name)
		names[id] = name
	}
	return Person{id, name}, nil
}
