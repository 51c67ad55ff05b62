package tasks

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/task"
)

type handler struct {
	engine   *task.Engine
	kinds    task.Catalogue
	accounts *account.Store
	clock    clock.Clock
}

// Build makes the function's handler. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	engine, err := task.NewEngine(ctx, in)
	if err != nil {
		return nil, err
	}
	known, err := kinds()
	if err != nil {
		return nil, err
	}
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "tasks", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	h := &handler{engine: engine, kinds: known, accounts: account.NewStore(in.Cloud, in.Clock), clock: in.Clock}
	h.register(api)
	return api.Handler(), nil
}

func (h *handler) register(api *httpapi.API) {
	read, manage := httpapi.Needs(account.TaskRead), httpapi.Needs(account.TaskManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-tasks", Method: http.MethodGet, Path: "/api/v1/tasks", Summary: "The account's background work, the newest first",
	}, read, h.list)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-task", Method: http.MethodGet, Path: "/api/v1/tasks/{id}", Summary: "How one task stands, and all its attempts",
	}, read, h.get)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-task-payload", Method: http.MethodGet, Path: "/api/v1/tasks/{id}/payload", Summary: "What a task is to do",
	}, manage, h.payload)
	httpapi.Register(api, huma.Operation{
		OperationID: "edit-task", Method: http.MethodPut, Path: "/api/v1/tasks/{id}/payload", Summary: "Give a task that failed another payload, and begin it anew",
	}, manage, h.edit)
	httpapi.Register(api, huma.Operation{
		OperationID: "cancel-task", Method: http.MethodPost, Path: "/api/v1/tasks/{id}/cancel", Summary: "End a task that is not done; what it did stays done",
		DefaultStatus: http.StatusOK,
	}, manage, h.cancel)
	httpapi.Register(api, huma.Operation{
		OperationID: "retry-task", Method: http.MethodPost, Path: "/api/v1/tasks/{id}/retry", Summary: "Let a task that waits or failed go on now",
		DefaultStatus: http.StatusOK,
	}, manage, h.retry)
	httpapi.Register(api, huma.Operation{
		OperationID: "replay-tasks", Method: http.MethodPost, Path: "/api/v1/task-replays", Summary: "Let all tasks that failed begin anew, a hundred at a time",
		DefaultStatus: http.StatusOK,
	}, manage, h.replay)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-task-kinds", Method: http.MethodGet, Path: "/api/v1/task-kinds", Summary: "How the account's tasks of each kind stand",
	}, read, h.standings)
	httpapi.Register(api, huma.Operation{
		OperationID: "pause-task-kind", Method: http.MethodPut, Path: "/api/v1/task-kinds/{kind}/pause", Summary: "Keep the account's tasks of a kind from beginning",
		Description: "What runs goes on.", DefaultStatus: http.StatusNoContent,
	}, manage, h.pause)
	httpapi.Register(api, huma.Operation{
		OperationID: "resume-task-kind", Method: http.MethodDelete, Path: "/api/v1/task-kinds/{kind}/pause", Summary: "Let them begin again",
		DefaultStatus: http.StatusNoContent,
	}, manage, h.resume)
}

// Task is background work as it stands.
type Task struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	KindTitle string     `json:"kindTitle" doc:"The kind's name, for a person."`
	Title     string     `json:"title" doc:"What it is about; empty when the kind says enough."`
	State     string     `json:"state" enum:"waiting,scheduled,retrying,running,cancelling,parted,done,failed,cancelled" doc:"scheduled waits for its time, retrying for another attempt, parted for its children; cancelling still runs."`
	By        string     `json:"by" doc:"The id of the member who asked; empty when nobody did."`
	ByName    string     `json:"byName" doc:"Empty for one who has left."`
	Parent    string     `json:"parent,omitempty"`
	RequestID string     `json:"requestId" doc:"Of the request that asked for it, and of all that it caused: the audit log and the logs have it."`
	CreatedAt time.Time  `json:"createdAt"`
	RunAt     time.Time  `json:"runAt" doc:"When it is due, or was."`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"When it is forgotten."`
	Attempt   int        `json:"attempt" doc:"How many attempts began."`
	Attempts  int        `json:"attempts" doc:"How many may fail."`
	Progress  Progress   `json:"progress"`
	Failure   *Failure   `json:"failure,omitempty" doc:"Why the last attempt failed."`
}

// Progress is how far a task is.
type Progress struct {
	task.Progress
	Percent     int  `json:"percent"`
	SecondsLeft *int `json:"secondsLeft,omitempty" doc:"When it goes on as before; absent while that cannot be said."`
}

// Failure is why an attempt failed.
type Failure struct {
	Class   string    `json:"class" enum:"permanent,transient,throttled,died"`
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

// Attempt is one line of a task's timeline.
type Attempt struct {
	Number  int       `json:"number"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	Outcome string    `json:"outcome" enum:"done,parted,cancelled,released,permanent,transient,throttled,died"`
	Message string    `json:"message,omitempty"`
}

func (h *handler) shown(ctx context.Context, v task.View, names map[string]string) (Task, error) {
	t := Task{
		ID: v.ID, Kind: v.Kind, KindTitle: v.Kind, Title: v.Title, State: string(v.State), By: v.By, Parent: v.Parent, RequestID: v.Request,
		CreatedAt: v.CreatedAt, RunAt: v.RunAt, StartedAt: unlessZero(v.StartedAt), EndedAt: unlessZero(v.EndedAt),
		ExpiresAt: unlessZero(v.ExpireAt), Attempt: v.Attempt, Attempts: v.Attempts,
		Progress: Progress{Progress: v.Progress, Percent: v.Progress.Percent()},
	}
	if k, known := h.kinds[v.Kind]; known {
		t.KindTitle = k.Title
	}
	now := h.clock.Now()
	switch {
	case v.State == task.Waiting && v.Failures > 0:
		t.State = "retrying"
	case v.State == task.Waiting && v.RunAt.After(now):
		t.State = "scheduled"
	case v.Cancelling:
		t.State = "cancelling"
	case v.State == task.Running && len(v.Timeline) == 0:
		if left := v.Progress.Left(v.StartedAt, now); left > 0 {
			seconds := int(left.Seconds())
			t.Progress.SecondsLeft = &seconds
		}
	}
	if v.Failure != nil {
		t.Failure = &Failure{string(v.Failure.Class), v.Failure.Message, v.Failure.At.UTC()}
	}
	var err error
	t.ByName, err = h.nameOf(ctx, v.Account, v.By, names)
	return t, err
}

// nameOf returns a member's name, and keeps it in names. It is empty for one who has left, and for nobody.
func (h *handler) nameOf(ctx context.Context, account, id string, names map[string]string) (string, error) {
	if id == "" {
		return "", nil
	}
	if _, known := names[id]; !known {
		m, err := h.accounts.Member(ctx, account, id)
		if err != nil && problem.CodeOf(err) != problem.NotFound {
			return "", err
		}
		names[id] = string(m.Name)
	}
	return names[id], nil
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type listInput struct {
	httpapi.PageInput
	Kind   string `query:"kind" maxLength:"64" doc:"Of one kind."`
	State  string `query:"state" enum:"waiting,running,parted,done,failed,cancelled" doc:"In one state; waiting is also what is scheduled or tried again later."`
	Parent string `query:"parent" maxLength:"128" doc:"The children of one task."`
	By     string `query:"by" maxLength:"128" doc:"What one member asked for."`
}

type listOutput struct {
	Body httpapi.Page[Task]
}

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	var after task.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	account := httpapi.PrincipalFrom(ctx).AccountID
	found, more, err := h.engine.List(ctx, account, task.Filter{Kind: in.Kind, State: task.State(in.State), Parent: in.Parent, By: in.By},
		after, in.Limit)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	items := make([]Task, len(found))
	for i, v := range found {
		if items[i], err = h.shown(ctx, v, names); err != nil {
			return nil, err
		}
	}
	cursor := ""
	if more {
		last := found[len(found)-1]
		if cursor, err = httpapi.EncodeCursor(task.Position{CreatedAt: last.CreatedAt, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &listOutput{httpapi.NewPage(items, cursor)}, nil
}

type oneInput struct {
	ID string `path:"id" minLength:"1" maxLength:"128"`
}

type taskOutput struct {
	Body Task
}

// Detail is a task with all that is known of it.
type Detail struct {
	Task
	Timeline []Attempt `json:"timeline" nullable:"false" doc:"The last twenty attempts, the oldest first."`
	Children *Children `json:"children,omitempty"`
}

// Children is how a task's children stand.
type Children struct {
	Total     int64 `json:"total"`
	Open      int64 `json:"open"`
	Done      int64 `json:"done"`
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"`
}

type detailOutput struct {
	Body Detail
}

func (h *handler) get(ctx context.Context, in *oneInput) (*detailOutput, error) {
	account := httpapi.PrincipalFrom(ctx).AccountID
	v, err := h.engine.Get(ctx, account, in.ID)
	if err != nil {
		return nil, err
	}
	out := &detailOutput{Detail{Timeline: make([]Attempt, len(v.Timeline))}}
	if out.Body.Task, err = h.shown(ctx, v, map[string]string{}); err != nil {
		return nil, err
	}
	for i, a := range v.Timeline {
		out.Body.Timeline[i] = Attempt{a.Number, a.Began.UTC(), a.Ended.UTC(), a.Outcome, a.Message}
	}
	if v.Parts {
		c, err := h.engine.Children(ctx, account, in.ID)
		if err != nil {
			return nil, err
		}
		shown := Children(c)
		out.Body.Children = &shown
	}
	return out, nil
}

func (h *handler) one(ctx context.Context, v task.View, err error) (*taskOutput, error) {
	if err != nil {
		return nil, err
	}
	t, err := h.shown(ctx, v, map[string]string{})
	return &taskOutput{t}, err
}

type payloadOutput struct {
	Body struct {
		Payload json.RawMessage `json:"payload"`
	}
}

func (h *handler) payload(ctx context.Context, in *oneInput) (*payloadOutput, error) {
	payload, err := h.engine.Payload(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.ID)
	if err != nil {
		return nil, err
	}
	out := &payloadOutput{}
	out.Body.Payload = payload
	return out, nil
}

type editInput struct {
	ID   string `path:"id" minLength:"1" maxLength:"128"`
	Body struct {
		Payload json.RawMessage `json:"payload" doc:"What the kind reads, whole."`
	}
}

func (h *handler) edit(ctx context.Context, in *editInput) (*taskOutput, error) {
	v, err := h.engine.Edit(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.ID, in.Body.Payload, h.kinds)
	return h.one(ctx, v, err)
}

func (h *handler) cancel(ctx context.Context, in *oneInput) (*taskOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	v, err := h.engine.Cancel(ctx, p.AccountID, in.ID, p.UserID)
	return h.one(ctx, v, err)
}

func (h *handler) retry(ctx context.Context, in *oneInput) (*taskOutput, error) {
	v, err := h.engine.Retry(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.ID)
	return h.one(ctx, v, err)
}

type replayInput struct {
	Body struct {
		Kind string `json:"kind,omitempty" maxLength:"64" doc:"Of one kind; without it, of all."`
	}
}

type replayOutput struct {
	Body task.Replayed
}

func (h *handler) replay(ctx context.Context, in *replayInput) (*replayOutput, error) {
	r, err := h.engine.Replay(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.Body.Kind)
	return &replayOutput{r}, err
}

// Kind is how an account's tasks of one kind stand.
type Kind struct {
	Kind         string     `json:"kind"`
	Title        string     `json:"title"`
	Queue        string     `json:"queue"`
	Paused       bool       `json:"paused"`
	PausedAll    bool       `json:"pausedAll" doc:"It is paused together with all kinds, and begins again only with them."`
	PausedBy     string     `json:"pausedBy,omitempty" doc:"The id of the member who paused it."`
	PausedByName string     `json:"pausedByName,omitempty" doc:"Absent for one who has left."`
	Waiting      int64      `json:"waiting" doc:"Also what is scheduled, or tried again later."`
	Running      int64      `json:"running"`
	Parted       int64      `json:"parted" doc:"Waiting for their children."`
	Failed       int64      `json:"failed" doc:"Dead letters."`
	OldestDue    *time.Time `json:"oldestDue,omitempty" doc:"Since when the oldest that is due waits."`
	DoneHour     int64      `json:"doneHour" doc:"Done in the last hour."`
	FailedHour   int64      `json:"failedHour" doc:"Failed for good in the last hour."`
}

type kindsOutput struct {
	Body struct {
		Items []Kind `json:"items" nullable:"false"`
	}
}

func (h *handler) standings(ctx context.Context, _ *struct{}) (*kindsOutput, error) {
	account := httpapi.PrincipalFrom(ctx).AccountID
	paused, err := h.engine.Paused(ctx, account)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(h.kinds))
	for name := range h.kinds {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(h.kinds[a].Title, h.kinds[b].Title) })
	people := map[string]string{}
	for _, p := range paused {
		if _, err := h.nameOf(ctx, account, p.By, people); err != nil {
			return nil, err
		}
	}
	out := &kindsOutput{}
	out.Body.Items = make([]Kind, len(names))
	g, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		g.Go(func() error {
			s, err := h.engine.Standing(ctx, account, name)
			if err != nil {
				return err
			}
			k := Kind{
				Kind: name, Title: h.kinds[name].Title, Queue: h.kinds[name].Queue, Waiting: s.Waiting, Running: s.Running, Parted: s.Parted,
				Failed: s.Failed, OldestDue: unlessZero(s.OldestDue), DoneHour: s.DoneHour, FailedHour: s.FailedHour,
			}
			for _, p := range paused {
				all := p.Kind == "*"
				if all || p.Kind == name && !k.PausedAll {
					k.Paused, k.PausedAll, k.PausedBy, k.PausedByName = true, all, p.By, people[p.By]
				}
			}
			out.Body.Items[i] = k
			return nil
		})
	}
	return out, g.Wait()
}

type kindInput struct {
	Kind string `path:"kind" minLength:"1" maxLength:"64" doc:"* for all."`
}

func (h *handler) pause(ctx context.Context, in *kindInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	return nil, h.engine.Pause(ctx, p.AccountID, in.Kind, p.UserID, h.kinds)
}

func (h *handler) resume(ctx context.Context, in *kindInput) (*struct{}, error) {
	return nil, h.engine.Resume(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.Kind, h.kinds)
}
