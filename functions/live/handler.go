package live

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	connected "fieldboard.dev/fieldboard/shared/live"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

type handler struct {
	register *connected.Register
	accounts *account.Store
	events   *event.Store
	clock    clock.Clock
}

// Build makes the function's handler. Its verifier takes sessions only: no key ends what people do.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	var cfg event.Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	verifier, err := session.NewVerifier(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{
		register: connected.NewRegister(in.Cloud), accounts: account.NewStore(in.Cloud, in.Clock),
		events: event.NewStore(in.Cloud, cfg, in.Log), clock: in.Clock,
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "live", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	manage := httpapi.Needs(account.LiveManage)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-live-connections", Method: http.MethodGet, Path: "/api/v1/live/connections",
		Summary: "The account's live connections, the newest first",
	}, manage, h.list)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-live-status", Method: http.MethodGet, Path: "/api/v1/live/status",
		Summary: "How many live connections there are, and how fast events reach them",
	}, manage, h.status)
	httpapi.Register(api, huma.Operation{
		OperationID: "end-live-connection", Method: http.MethodDelete, Path: "/api/v1/live/connections/{id}", DefaultStatus: http.StatusNoContent,
		Summary:     "End one live connection, at once",
		Description: "Its page says so, and connects again when its person asks for it. The session goes on.",
	}, manage, h.end)
	httpapi.Register(api, huma.Operation{
		OperationID: "end-member-connections", Method: http.MethodDelete, Path: "/api/v1/live/members/{id}/connections", DefaultStatus: http.StatusNoContent,
		Summary: "End all of a member's live connections, at once",
	}, manage, h.endAll)
	return api.Handler(), nil
}

// Connection is a live connection as those see it who manage them.
type Connection struct {
	ID         string    `json:"id"`
	MemberID   string    `json:"memberId"`
	MemberName string    `json:"memberName" doc:"Empty for one who has left."`
	Since      time.Time `json:"since"`
	Transport  string    `json:"transport" doc:"websocket, or http_stream where a network lets none through."`
	Instance   string    `json:"instance" doc:"The server's name for the instance that has it."`
	Address    string    `json:"address" doc:"The network that it comes from, without what tells the household; empty when it is not known."`
	UserAgent  string    `json:"userAgent"`
	Idle       bool      `json:"idle" doc:"Whether its page is hidden, or nobody has touched it for some minutes."`
	Endable    bool      `json:"endable" doc:"Whether the caller may end it: its member may do no more than the caller."`
}

type listOutput struct {
	Body httpapi.Page[Connection]
}

func (h *handler) list(ctx context.Context, in *httpapi.PageInput) (*listOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	var after connected.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	found, next, err := h.register.Connections(ctx, p.AccountID, after, in.Limit)
	if err != nil {
		return nil, unknown(err)
	}
	members := map[string]account.Member{}
	items := make([]Connection, len(found))
	for i, c := range found {
		m, known := members[c.UserID]
		if !known {
			if m, err = h.accounts.Member(ctx, p.AccountID, c.UserID); err != nil && problem.CodeOf(err) != problem.NotFound {
				return nil, err
			}
			members[c.UserID] = m
		}
		items[i] = Connection{
			ID: c.ID, MemberID: c.UserID, MemberName: string(m.Name), Since: c.Since.UTC(), Transport: c.Transport, Instance: c.Instance,
			Address: c.Address, UserAgent: c.UserAgent, Idle: c.Idle, Endable: p.Grants.Cover(account.GrantsOf(m.Role)),
		}
	}
	cursor := ""
	if next != nil {
		if cursor, err = httpapi.EncodeCursor(*next); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: httpapi.NewPage(items, cursor)}, nil
}

// Status is how the account's live connections do.
type Status struct {
	Connections     int     `json:"connections"`
	PerMember       int     `json:"perMember" doc:"How many a member may have; 0 while no instance is there."`
	PerAccount      int     `json:"perAccount" doc:"How many the account may have; 0 while no instance is there."`
	Instances       int     `json:"instances" doc:"Of the realtime service, which all accounts share."`
	Minutes         int     `json:"minutes" doc:"That the figures below are of: the last ones."`
	EventsPerMinute float64 `json:"eventsPerMinute"`
	LagP50          *int64  `json:"lagP50Ms" doc:"Half of the events reach their channel within so many milliseconds of their commit; null without events."`
	LagP99          *int64  `json:"lagP99Ms" doc:"99 of a hundred do."`
}

type statusOutput struct {
	Body Status
}

func (h *handler) status(ctx context.Context, _ *struct{}) (*statusOutput, error) {
	s, err := h.register.Status(ctx, httpapi.PrincipalFrom(ctx).AccountID, h.clock.Now())
	if err != nil {
		return nil, unknown(err)
	}
	body := Status{
		Connections: s.Connections, PerMember: s.Limits.PerMember, PerAccount: s.Limits.PerAccount, Instances: s.Instances,
		Minutes: s.Minutes, EventsPerMinute: float64(s.Events) / float64(s.Minutes),
	}
	if s.Events > 0 {
		p50, p99 := s.P50.Milliseconds(), s.P99.Milliseconds()
		body.LagP50, body.LagP99 = &p50, &p99
	}
	return &statusOutput{Body: body}, nil
}

type oneInput struct {
	ID string `path:"id" maxLength:"128"`
}

func (h *handler) end(ctx context.Context, in *oneInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	c, found, err := h.register.Find(ctx, p.AccountID, in.ID)
	if err != nil {
		return nil, unknown(err)
	}
	if !found {
		return nil, problem.New(problem.NotFound, "There is no such live connection. It may have ended.")
	}
	m, err := h.accounts.Member(ctx, p.AccountID, c.UserID)
	if err != nil && problem.CodeOf(err) != problem.NotFound { // who has left may be let go
		return nil, err
	}
	m.UserID = c.UserID
	return nil, h.letGo(ctx, p, m, "A live connection, not the session", []connected.Connection{c})
}

func (h *handler) endAll(ctx context.Context, in *oneInput) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	m, err := h.accounts.Member(ctx, p.AccountID, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := h.register.Of(ctx, p.AccountID, m.UserID)
	if err != nil {
		return nil, unknown(err)
	}
	return nil, h.letGo(ctx, p, m, "All live connections, not the sessions", all)
}

// letGo writes into the audit log who is let go, tells them when somebody else does it, and then lets go: when that fails, the log tells of what was tried, and doing
// it again is safe.
func (h *handler) letGo(ctx context.Context, p httpapi.Principal, m account.Member, what string, connections []connected.Connection) error {
	if !p.Grants.Cover(account.GrantsOf(m.Role)) {
		return problem.New(problem.Forbidden, "You cannot end the connections of a member with the role %s: they may do more than you.", m.Role)
	}
	if len(connections) == 0 {
		return nil
	}
	e := event.New(p.AccountID, event.ConnectionEnded, h.clock.Now())
	e.Audience, e.Title, e.Detail, e.Member, e.Actor = event.Security, string(m.Name), what, m.UserID, p.UserID
	told := []event.Event{e}
	if p.UserID != m.UserID {
		personal := event.New(e.Account, e.Type, e.Time)
		personal.Audience, personal.Member, personal.Detail = event.Personal, m.UserID, what
		told = append(told, personal)
	}
	if err := h.events.Emit(ctx, told...); err != nil {
		return problem.Wrap(err, problem.Unavailable, "The connection was not ended, since that cannot be written into the audit log right now. Try again shortly.")
	}
	if err := h.register.LetGo(ctx, p.AccountID, connections); err != nil {
		return problem.Wrap(err, problem.Unavailable, "The connection could not be ended right now. Try again shortly.")
	}
	return nil
}

func unknown(err error) error {
	return problem.Wrap(err, problem.Unavailable, "It cannot be found out right now who is connected. Try again shortly.")
}
