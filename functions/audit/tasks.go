package audit

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/trail"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
)

// registerTasks adds what takes long: each is asked for, done in the background and looked at meanwhile. No API key can be given
// any of these permissions.
func (h *handler) registerTasks(api *httpapi.API, answers *idempotency.Store) {
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "create-audit-export", Method: http.MethodPost, Path: "/api/v1/audit/exports", DefaultStatus: http.StatusCreated,
		Summary:     "Export the log into a file",
		Description: "jsonl has the whole log with its proofs, and shows of it what is asked for; csv has what is asked for, the newest first.",
	}, httpapi.Needs(account.EventExport), h.export)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "create-audit-replay", Method: http.MethodPost, Path: "/api/v1/audit/replays", DefaultStatus: http.StatusCreated,
		Summary:     "Send stored events to one consumer again, in their order",
		Description: "To realtime, browsers get each event again, marked as replayed, and read again what it touches.",
	}, httpapi.Needs(account.EventReplay), h.replay)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "create-audit-erasure", Method: http.MethodPost, Path: "/api/v1/audit/erasures", DefaultStatus: http.StatusCreated,
		Summary:     "Take a person out of all events, for good",
		Description: "Names, addresses and changes go from the events about the person and from those that mention them; every proof still holds. Finished exports are deleted, because they tell what was erased.",
	}, httpapi.Needs(account.EventErase), h.erase)
	httpapi.Register(api, huma.Operation{
		OperationID: "download-audit-export", Method: http.MethodGet, Path: "/api/v1/audit/exports/{id}/content",
		Summary: "The file of an export that is done",
	}, httpapi.Needs(account.EventExport), h.download)
	h.registerKind(api, trail.Exports, "exports", account.EventExport)
	h.registerKind(api, trail.Replays, "replays", account.EventReplay)
	h.registerKind(api, trail.Erasures, "erasures", account.EventErase)
}

// registerKind adds what all kinds have.
func (h *handler) registerKind(api *httpapi.API, kind trail.Kind, plural string, permission account.Permission) {
	access, path := httpapi.Needs(permission), "/api/v1/audit/"+plural
	httpapi.Register(api, huma.Operation{
		OperationID: "list-audit-" + plural, Method: http.MethodGet, Path: path, Summary: "The " + plural + " of the last week, the newest first",
	}, access, func(ctx context.Context, in *tasksInput) (*tasksOutput, error) { return h.tasks(ctx, kind, in) })
	httpapi.Register(api, huma.Operation{
		OperationID: "get-audit-" + string(kind), Method: http.MethodGet, Path: path + "/{id}", Summary: "How one stands",
	}, access, func(ctx context.Context, in *taskInput) (*taskOutput, error) {
		return shownTask(h.trail.Get(ctx, httpapi.PrincipalFrom(ctx).AccountID, kind, in.ID))
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "cancel-audit-" + string(kind), Method: http.MethodDelete, Path: path + "/{id}", Summary: "End one that is not done; what it did stays done",
		DefaultStatus: http.StatusOK,
	}, access, func(ctx context.Context, in *taskInput) (*taskOutput, error) {
		return shownTask(h.trail.Cancel(ctx, httpapi.PrincipalFrom(ctx).AccountID, kind, in.ID))
	})
}

// Task is a piece of work on the log, as it stands.
type Task struct {
	ID         string      `json:"id"`
	Kind       trail.Kind  `json:"kind" enum:"export,replay,erasure"`
	State      trail.State `json:"state" enum:"queued,running,done,failed,cancelled"`
	By         string      `json:"by" doc:"The id of the member who asked."`
	Done       int64       `json:"done" doc:"Events dealt with."`
	Total      int64       `json:"total" doc:"About as many events as there are to deal with."`
	Failure    string      `json:"failure,omitempty"`
	CreatedAt  time.Time   `json:"createdAt"`
	FinishedAt *time.Time  `json:"finishedAt,omitempty"`
	ExpiresAt  time.Time   `json:"expiresAt" doc:"When this and its file are gone."`

	Format   string         `json:"format,omitempty" enum:"csv,jsonl" doc:"Of an export."`
	Bytes    int64          `json:"bytes,omitempty" doc:"Of an export's file, as far as it is written."`
	Consumer string         `json:"consumer,omitempty" doc:"Of a replay."`
	Member   string         `json:"member,omitempty" doc:"Of an erasure: the id of the member who was erased."`
	Record   *trailedRecord `json:"record,omitempty" doc:"Of an erasure."`
}

type trailedRecord struct {
	Collection string `json:"collection"`
	ID         string `json:"id"`
}

func shown(t trail.Task) Task {
	out := Task{
		ID: t.ID, Kind: t.Kind, State: t.State, By: t.By, Done: t.Done, Total: t.Total, Failure: t.Failure,
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpireAt,
	}
	if !t.FinishedAt.IsZero() {
		out.FinishedAt = &t.FinishedAt
	}
	switch o := t.Order; {
	case o.Export != nil:
		out.Format, out.Bytes = o.Export.Format, o.Export.Bytes
	case o.Replay != nil:
		out.Consumer = o.Replay.Consumer
	case o.Erasure != nil:
		out.Member = o.Erasure.Member
		if o.Erasure.EntityID != "" {
			out.Record = &trailedRecord{o.Erasure.Collection, o.Erasure.EntityID}
		}
	}
	return out
}

type taskInput struct {
	ID string `path:"id" maxLength:"128"`
}

type taskOutput struct{ Body Task }

func shownTask(t trail.Task, err error) (*taskOutput, error) {
	if err != nil {
		return nil, err
	}
	return &taskOutput{Body: shown(t)}, nil
}

type tasksInput struct {
	httpapi.PageInput
}

type tasksOutput struct {
	Body httpapi.Page[Task]
}

func (h *handler) tasks(ctx context.Context, kind trail.Kind, in *tasksInput) (*tasksOutput, error) {
	var after event.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	found, more, err := h.trail.List(ctx, httpapi.PrincipalFrom(ctx).AccountID, kind, after, in.Limit)
	if err != nil {
		return nil, err
	}
	var items []Task
	next := ""
	for _, t := range found {
		items = append(items, shown(t))
	}
	if more {
		last := found[len(found)-1]
		if next, err = httpapi.EncodeCursor(event.Position{Time: last.CreatedAt, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &tasksOutput{Body: httpapi.NewPage(items, next)}, nil
}

type exportInput struct {
	Body struct {
		Format        string    `json:"format" enum:"csv,jsonl"`
		Family        string    `json:"family,omitempty" pattern:"^[a-z]{1,32}$" maxLength:"32"`
		Type          string    `json:"type,omitempty" pattern:"^[a-z]{1,32}(\\.[a-z_]{1,32}){1,3}$" maxLength:"128"`
		Actor         string    `json:"actor,omitempty" maxLength:"128"`
		Member        string    `json:"member,omitempty" maxLength:"128"`
		Entity        string    `json:"entity,omitempty" maxLength:"128"`
		CorrelationID string    `json:"correlationId,omitempty" maxLength:"64"`
		From          time.Time `json:"from,omitempty" doc:"Included."`
		To            time.Time `json:"to,omitempty" doc:"Not included."`
		Q             string    `json:"q,omitempty" maxLength:"100"`
	}
}

func (h *handler) export(ctx context.Context, in *exportInput) (*taskOutput, error) {
	p, b := httpapi.PrincipalFrom(ctx), in.Body
	if err := refused("body.", map[string]string{"actor": b.Actor, "member": b.Member, "entity": b.Entity}, b.From, b.To); err != nil {
		return nil, err
	}
	return shownTask(h.trail.StartExport(ctx, httpapi.IdempotentID(ctx), p, trail.Export{
		Format: b.Format, Finance: p.Can(account.FinanceRead),
		Search: event.Search{
			Family: b.Family, Type: b.Type, Actor: b.Actor, Member: b.Member, EntityID: b.Entity, Correlation: b.CorrelationID,
			From: b.From, To: b.To, Text: b.Q, Audiences: audiencesOf(p),
		},
	}))
}

func (h *handler) download(ctx context.Context, in *taskInput) (*huma.StreamResponse, error) {
	p := httpapi.PrincipalFrom(ctx)
	t, write, err := h.trail.Open(ctx, p, in.ID, p.Can(account.FinanceRead))
	if err != nil {
		return nil, err
	}
	name, media := "audit-log-"+t.CreatedAt.Format("2006-01-02"), "application/jsonl"
	if t.Order.Export.Format == trail.CSV {
		media = "text/csv; charset=utf-8"
	}
	return httpapi.Stream(media, name+"."+t.Order.Export.Format, write), nil
}

type replayInput struct {
	Body struct {
		Types      []string  `json:"types,omitempty" maxItems:"10" uniqueItems:"true" doc:"All when left out."`
		Collection string    `json:"collection,omitempty" maxLength:"32" pattern:"^[a-z]+$" doc:"Of the record that the events are about."`
		EntityID   string    `json:"entityId,omitempty" maxLength:"128" doc:"Of that record."`
		From       time.Time `json:"from" doc:"Included."`
		To         time.Time `json:"to" doc:"Not included."`
		Consumer   string    `json:"consumer" enum:"realtime"`
		DryRun     bool      `json:"dryRun,omitempty" doc:"Tell what would be sent, and send nothing."`
	}
}

type replayOutput struct {
	Body struct {
		Count    int64            `json:"count" doc:"Events that are sent, counted up to 100,000."`
		Examples []event.Envelope `json:"examples" nullable:"false" doc:"The first ones, of a dry run."`
		Task     *Task            `json:"task,omitempty" doc:"Not of a dry run."`
	}
}

func (h *handler) replay(ctx context.Context, in *replayInput) (*replayOutput, error) {
	p, b := httpapi.PrincipalFrom(ctx), in.Body
	if err := refused("body.", map[string]string{"entityId": b.EntityID}, b.From, b.To); err != nil {
		return nil, err
	}
	for _, name := range b.Types {
		if _, known := event.TypeOf(name); !known {
			return nil, invalid("body.types", "has a type that there is not")
		}
	}
	r := trail.Replay{
		Range:    event.Range{Types: b.Types, Collection: b.Collection, EntityID: b.EntityID, From: b.From, To: b.To},
		Consumer: b.Consumer,
	}
	out := &replayOutput{}
	out.Body.Examples = []event.Envelope{}
	if b.DryRun {
		preview, err := h.trail.PreviewReplay(ctx, p.AccountID, r)
		if err != nil {
			return nil, err
		}
		out.Body.Count = preview.Count
		for _, e := range preview.Examples {
			out.Body.Examples = append(out.Body.Examples, e.Envelope())
		}
		return out, nil
	}
	t, err := h.trail.StartReplay(ctx, httpapi.IdempotentID(ctx), p, r)
	if err != nil {
		return nil, err
	}
	task := shown(t)
	out.Body.Count, out.Body.Task = t.Total, &task
	return out, nil
}

type eraseInput struct {
	Body struct {
		Member     string `json:"member,omitempty" maxLength:"128" doc:"The id of somebody who was a member; or a record, by the two next."`
		Collection string `json:"collection,omitempty" enum:"clients,properties,users"`
		EntityID   string `json:"entityId,omitempty" maxLength:"128"`
		Reason     string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, such as the person's request. It is written into the log: name nobody."`
	}
}

func (h *handler) erase(ctx context.Context, in *eraseInput) (*taskOutput, error) {
	b := in.Body
	if (b.Member == "") == (b.EntityID == "") || (b.EntityID == "") != (b.Collection == "") {
		return nil, invalid("body.member", "name either a member, or a record by its collection and id")
	}
	if err := refused("body.", map[string]string{"member": b.Member, "entityId": b.EntityID}, time.Time{}, time.Time{}); err != nil {
		return nil, err
	}
	return shownTask(h.trail.StartErasure(ctx, httpapi.IdempotentID(ctx), httpapi.PrincipalFrom(ctx),
		trail.Erasure{Member: b.Member, Collection: b.Collection, EntityID: b.EntityID}, b.Reason))
}
