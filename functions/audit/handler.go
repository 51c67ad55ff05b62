package audit

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger"
	"fieldboard.dev/fieldboard/shared/event/trail"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

// timeout is the function's, which the manifest sets to 60 s.
const timeout = 60 * time.Second

type handler struct {
	events   *event.Store
	accounts *account.Store
	clock    clock.Clock
	ledger   *ledger.Ledger
	trail    *trail.Trail
	schemas  []byte
}

// Build makes the function's handler.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var cfg event.Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{events: event.NewStore(in.Cloud, cfg, in.Log), accounts: account.NewStore(in.Cloud, in.Clock), clock: in.Clock}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "audit", Verifier: verifier, Timeout: timeout})
	if err != nil {
		return nil, err
	}
	httpapi.Register(api, huma.Operation{
		OperationID: "search-audit-events", Method: http.MethodGet, Path: "/api/v1/audit/events",
		Summary:     "Who did what, to what, when and from where, the newest first",
		Description: "Asking is itself written into the log. Amounts, and events that are about money, are for those with finance:read.",
	}, httpapi.Needs(account.SecurityRead), h.search)
	var sealing ledger.Config
	if err := in.Config(ctx, &sealing); err != nil {
		return nil, err
	}
	if h.ledger, err = ledger.New(in.Cloud, sealing); err != nil {
		return nil, err
	}
	if h.schemas, err = event.Schemas(); err != nil {
		return nil, err
	}
	httpapi.Register(api, huma.Operation{
		OperationID: "get-event-schemas", Method: http.MethodGet, Path: "/api/events/schema",
		Summary: "The JSON Schema of every type of event",
	}, httpapi.Public, h.schema)
	h.registerProofs(api)
	answers, err := idempotency.New(ctx, in)
	if err != nil {
		return nil, err
	}
	if h.trail, err = trail.New(ctx, in); err != nil {
		return nil, err
	}
	h.registerTasks(api, answers)
	return api.Handler(), nil
}

type schemaOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte `contentType:"application/schema+json"`
}

func (h *handler) schema(context.Context, *struct{}) (*schemaOutput, error) {
	return &schemaOutput{ContentType: "application/schema+json", Body: h.schemas}, nil
}

// Actor is who did something.
type Actor struct {
	Kind event.ActorKind `json:"kind" enum:"member,key,jobber,system"`
	ID   string          `json:"id,omitempty" doc:"Of the member; for a key, of the member who made it."`
	Name string          `json:"name,omitempty" doc:"The member's name now; empty for one who has left."`
	Key  string          `json:"key,omitempty" doc:"The id of the API key."`
}

// Target is what it was done to.
type Target struct {
	Collection string `json:"collection,omitempty"`
	ID         string `json:"id,omitempty"`
	Title      string `json:"title,omitempty"`
	MemberID   string `json:"memberId,omitempty" doc:"The member whom it is about."`
}

// Change is a field before and after, each as JSON; null where it had no value.
type Change struct {
	Field  string          `json:"field"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// Entry is an event with all that it tells.
type Entry struct {
	ID            string         `json:"id"`
	Type          string         `json:"type"`
	Time          time.Time      `json:"time"`
	Audience      event.Audience `json:"audience" enum:"operations,finance,security"`
	Actor         Actor          `json:"actor"`
	Target        Target         `json:"target"`
	Detail        string         `json:"detail,omitempty"`
	AmountCents   *int64         `json:"amountCents,omitempty"`
	Changes       []Change       `json:"changes" nullable:"false"`
	Address       string         `json:"address,omitempty" doc:"IP address that the request came from."`
	CorrelationID string         `json:"correlationId,omitempty" doc:"What one request caused has one."`
	TraceID       string         `json:"traceId,omitempty"`
	Reason        string         `json:"reason,omitempty"`
}

type searchInput struct {
	httpapi.PageInput
	Family        string    `query:"family" pattern:"^[a-z]{1,32}$" maxLength:"32" doc:"The first part of a type: security, member, invoice."`
	Type          string    `query:"type" pattern:"^[a-z]{1,32}(\\.[a-z_]{1,32}){1,3}$" maxLength:"128"`
	Actor         string    `query:"actor" maxLength:"128" doc:"The id of the member who did it."`
	Member        string    `query:"member" maxLength:"128" doc:"The id of the member whom it is about."`
	Entity        string    `query:"entity" maxLength:"128" doc:"The id of the record that it is about."`
	CorrelationID string    `query:"correlationId" maxLength:"64" doc:"All that one request caused."`
	From          time.Time `query:"from" doc:"Included."`
	To            time.Time `query:"to" doc:"Not included."`
	Q             string    `query:"q" maxLength:"100" doc:"A part of what the event tells. A page looks at 1,000 events at most, so it may be short and still have a next."`
}

type searchOutput struct {
	Body httpapi.Page[Entry]
}

func (h *handler) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	var after event.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	q := event.Search{
		Family: in.Family, Type: in.Type, Actor: in.Actor, Member: in.Member, EntityID: in.Entity, Correlation: in.CorrelationID,
		From: in.From, To: in.To, Text: in.Q, Audiences: audiencesOf(p),
	}
	found, err := h.events.Find(ctx, p.AccountID, q, after, in.Limit)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The audit log cannot be read right now. Try again shortly.")
	}
	if in.Cursor == "" { // the pages after the first belong to the same look
		if err := h.tell(ctx, p, in); err != nil {
			return nil, problem.Wrap(err, problem.Unavailable, "The audit log cannot be read right now, since that it was read cannot be written into it. Try again shortly.")
		}
	}
	items, err := h.show(ctx, p, found.Events)
	if err != nil {
		return nil, err
	}
	next := ""
	if found.Next != nil {
		if next, err = httpapi.EncodeCursor(*found.Next); err != nil {
			return nil, err
		}
	}
	return &searchOutput{Body: httpapi.NewPage(items, next)}, nil
}

// audiencesOf are those whose events somebody sees who may see the log.
func audiencesOf(p httpapi.Principal) []event.Audience {
	if p.Can(account.FinanceRead) {
		return []event.Audience{event.Operations, event.Security, event.Finance}
	}
	return []event.Audience{event.Operations, event.Security}
}

func (in *searchInput) check() error {
	return refused("query.", map[string]string{"actor": in.Actor, "member": in.Member, "entity": in.Entity}, in.From, in.To)
}

// refused tells every broken rule of ids and of a span of time at once.
func refused(at string, ids map[string]string, from, to time.Time) error {
	var bad []problem.Field
	for name, id := range ids {
		if id != "" && !cloud.AreIDs(id) {
			bad = append(bad, problem.Field{Location: at + name, Message: "is no id"})
		}
	}
	for name, moment := range map[string]time.Time{"from": from, "to": to} {
		if !moment.IsZero() && !cloud.IsTime(moment) {
			bad = append(bad, problem.Field{Location: at + name, Message: "must be in the years 1 to 9999"})
		}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		bad = append(bad, problem.Field{Location: at + "to", Message: "must be after from"})
	}
	if len(bad) == 0 {
		return nil
	}
	return &problem.Error{Code: problem.Invalid, Message: "Correct the fields below and send the request again.", Fields: bad}
}

func invalid(location, message string) error {
	return &problem.Error{
		Code: problem.Invalid, Message: "Correct the fields below and send the request again.",
		Fields: []problem.Field{{Location: location, Message: message}},
	}
}

// tell writes into the log that it was read, and what was looked for.
func (h *handler) tell(ctx context.Context, p httpapi.Principal, in *searchInput) error {
	e := event.New(p.AccountID, event.AuditRead, h.clock.Now())
	e.Audience = event.Security
	var asked []string
	for _, part := range []struct{ name, value string }{
		{"family", in.Family}, {"type", in.Type}, {"actor", in.Actor}, {"member", in.Member}, {"entity", in.Entity}, {"correlation", in.CorrelationID}, {"text", in.Q},
	} {
		if part.value != "" {
			asked = append(asked, part.name+" "+part.value)
		}
	}
	for name, at := range map[string]time.Time{"from": in.From, "to": in.To} {
		if !at.IsZero() {
			asked = append(asked, name+" "+at.UTC().Format(time.RFC3339))
		}
	}
	e.Detail = strings.Join(asked, ", ")
	return h.events.Emit(ctx, e)
}

func (h *handler) show(ctx context.Context, p httpapi.Principal, events []event.Event) ([]Entry, error) {
	names := map[string]string{"": ""}
	items := make([]Entry, len(events))
	for i, e := range events {
		if _, known := names[e.Actor]; !known {
			member, err := h.accounts.Member(ctx, p.AccountID, e.Actor)
			if err != nil && problem.CodeOf(err) != problem.NotFound {
				return nil, err
			}
			names[e.Actor] = string(member.Name)
		}
		items[i] = Entry{
			ID: e.ID, Type: e.Type, Time: e.Time.UTC(), Audience: e.Audience,
			Actor:  Actor{Kind: e.Audit.Kind, ID: e.Actor, Name: names[e.Actor], Key: e.Audit.Key},
			Target: Target{Collection: e.Collection, ID: e.EntityID, Title: e.Title, MemberID: e.Member},
			Detail: e.Detail, AmountCents: e.AmountCents, Changes: changesOf(e, p.Can(account.FinanceRead)),
			Address: e.Audit.Address, CorrelationID: e.Audit.Correlation, TraceID: e.Audit.Trace, Reason: e.Audit.Reason,
		}
		if items[i].Actor.Kind == "" {
			items[i].Actor.Kind = event.BySystem
		}
	}
	return items, nil
}

func changesOf(e event.Event, finance bool) []Change {
	changes := []Change{}
	for _, c := range e.ChangesFor(finance) {
		changes = append(changes, Change{Field: c.Field, Before: orNull(c.Before), After: orNull(c.After)})
	}
	return changes
}

func orNull(text string) json.RawMessage {
	if text == "" {
		return json.RawMessage("null")
	}
	return json.RawMessage(text)
}
