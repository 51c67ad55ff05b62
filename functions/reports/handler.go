package reports

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/report"
	"fieldboard.dev/fieldboard/shared/session"
)

// timeout is the function's, which the manifest sets to 60 s: a file is sent as it is read.
const timeout = 60 * time.Second

type handler struct {
	reports *report.Reports
}

// Build makes the function's handler. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "reports", Verifier: verifier, Timeout: timeout})
	if err != nil {
		return nil, err
	}
	answers, err := idempotency.New(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{}
	if h.reports, err = report.New(ctx, in); err != nil {
		return nil, err
	}
	h.register(api, answers)
	return api.Handler(), nil
}

func (h *handler) register(api *httpapi.API, answers *idempotency.Store) {
	read, change := httpapi.Needs(account.ReportRead), httpapi.Needs(account.ReportMake)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-report-kinds", Method: http.MethodGet, Path: "/api/v1/report-kinds",
		Summary: "The reports that one may ask for, with their groupings and filters",
	}, read, h.kinds)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "create-report", Method: http.MethodPost, Path: "/api/v1/reports", DefaultStatus: http.StatusCreated,
		Summary:     "Ask for a report",
		Description: "It is made in the background. Amounts of money are in it for those with finance:read alone.",
	}, change, h.create)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-reports", Method: http.MethodGet, Path: "/api/v1/reports", Summary: "The reports of the last 30 days, the newest first",
		Description: "Reports with amounts of money are listed for those with finance:read alone.",
	}, read, h.list)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-report", Method: http.MethodGet, Path: "/api/v1/reports/{id}", Summary: "How a report stands",
	}, read, h.get)
	httpapi.Register(api, huma.Operation{
		OperationID: "cancel-report", Method: http.MethodPost, Path: "/api/v1/reports/{id}/cancel", DefaultStatus: http.StatusOK,
		Summary: "End a report that is not done; it leaves no file",
	}, change, h.cancel)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "rerun-report", Method: http.MethodPost, Path: "/api/v1/reports/{id}/rerun", DefaultStatus: http.StatusCreated,
		Summary: "Ask for the same report again; a period by its name is that of today",
	}, change, h.rerun)
	httpapi.Register(api, huma.Operation{
		OperationID: "delete-report", Method: http.MethodDelete, Path: "/api/v1/reports/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "Remove a report and its file",
	}, change, h.remove)
	httpapi.Register(api, huma.Operation{
		OperationID: "download-report", Method: http.MethodGet, Path: "/api/v1/reports/{id}/file", Summary: "The file of a report that is done",
	}, read, h.file)
	httpapi.Register(api, huma.Operation{
		OperationID: "link-report", Method: http.MethodPost, Path: "/api/v1/reports/{id}/link", DefaultStatus: http.StatusOK,
		Summary:     "An address of the file that works without signing in, for seven days",
		Description: "Whoever has the address has the file, until the report is deleted or its time is over.",
	}, change, h.link)
	httpapi.Register(api, huma.Operation{
		OperationID: "download-linked-report", Method: http.MethodGet, Path: "/api/v1/report-files", Summary: "The file that a link leads to",
	}, httpapi.Public, h.linked)
}

// Kind is one report that can be asked for.
type Kind struct {
	Kind      string     `json:"kind"`
	Title     string     `json:"title"`
	About     string     `json:"about"`
	Period    bool       `json:"period" doc:"It is of a period; otherwise it tells how things are now."`
	Groupings []Grouping `json:"groupings" nullable:"false"`
	Statuses  []Status   `json:"statuses" nullable:"false" doc:"What the filter by status may name; of a grouping that has it."`
}

// Grouping is one way to make a report.
type Grouping struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Filters []string `json:"filters" nullable:"false" doc:"Those that narrow it: client, person, team or status."`
	Needs   []string `json:"needs" nullable:"false" doc:"Filters without which it cannot be made."`
	Columns []string `json:"columns" nullable:"false" doc:"What its columns are called."`
}

// Status is a value of the filter by status.
type Status struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

type kindsOutput struct {
	Body struct {
		Items []Kind `json:"items" nullable:"false"`
	}
}

func (h *handler) kinds(ctx context.Context, _ *struct{}) (*kindsOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	out := &kindsOutput{}
	out.Body.Items = []Kind{}
	for _, d := range report.Available(p) {
		k := Kind{Kind: d.Kind, Title: d.Title, About: d.About, Period: !d.NoPeriod, Groupings: []Grouping{}, Statuses: []Status{}}
		for _, g := range d.Groupings {
			shown := Grouping{ID: g.ID, Title: g.Title, Filters: listed(g.Filters), Needs: listed(g.Needs), Columns: []string{}}
			for _, c := range g.Shown(p.Can(account.FinanceRead)) {
				shown.Columns = append(shown.Columns, c.Label)
			}
			k.Groupings = append(k.Groupings, shown)
		}
		for _, s := range d.Statuses {
			k.Statuses = append(k.Statuses, Status{s.ID, s.Label})
		}
		out.Body.Items = append(out.Body.Items, k)
	}
	return out, nil
}

// listed is an empty list rather than null.
func listed(names []string) []string { return append([]string{}, slices.Clone(names)...) }

// Filters narrow a report.
type Filters struct {
	Client string `json:"client,omitempty" maxLength:"128" doc:"A client's id."`
	Person string `json:"person,omitempty" maxLength:"128" doc:"The id of a person in Jobber."`
	Team   string `json:"team,omitempty" maxLength:"128" doc:"A team's id."`
	Status string `json:"status,omitempty" maxLength:"64"`
}

// Report is a report as it stands.
type Report struct {
	ID         string           `json:"id"`
	Title      string           `json:"title"`
	Kind       string           `json:"kind"`
	Grouping   string           `json:"grouping"`
	Format     report.Format    `json:"format" enum:"pdf,xlsx,csv"`
	Period     string           `json:"period,omitempty" doc:"Its name, where it was asked for by name."`
	From       string           `json:"from,omitempty" doc:"First day; absent where the report tells how things are now."`
	To         string           `json:"to,omitempty" doc:"Last day."`
	Filters    Filters          `json:"filters"`
	State      report.State     `json:"state" enum:"queued,running,done,failed,cancelled"`
	By         string           `json:"by" doc:"The id of the member who asked."`
	Read       int64            `json:"read" doc:"Records and days read so far."`
	Expected   int64            `json:"expected" doc:"Those that are going to be read, as far as it is known."`
	Rows       int64            `json:"rows" doc:"Of the finished report."`
	Bytes      int64            `json:"bytes" doc:"Of its file."`
	Totals     map[string]int64 `json:"totals,omitempty" doc:"Of the finished report, by column; amounts in cents."`
	Failure    string           `json:"failure,omitempty"`
	CreatedAt  time.Time        `json:"createdAt"`
	FinishedAt *time.Time       `json:"finishedAt,omitempty"`
	ExpiresAt  time.Time        `json:"expiresAt" doc:"When this and its file are gone."`
}

func shown(r report.Report) Report {
	out := Report{
		ID: r.ID, Title: r.Title, Kind: r.Order.Kind, Grouping: r.Order.Grouping, Format: r.Order.Format, Period: r.Order.Period,
		From: string(r.Order.From), To: string(r.Order.To), Filters: Filters(r.Order.Filters), State: r.State, By: r.By,
		Read: r.Read, Expected: r.Expected, Rows: r.Rows, Bytes: r.Bytes, Totals: r.Totals, Failure: r.Failure, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpireAt,
	}
	if !r.FinishedAt.IsZero() {
		out.FinishedAt = &r.FinishedAt
	}
	return out
}

type reportOutput struct{ Body Report }

func answer(r report.Report, err error) (*reportOutput, error) {
	if err != nil {
		return nil, err
	}
	return &reportOutput{Body: shown(r)}, nil
}

type createInput struct {
	Body struct {
		Kind     string  `json:"kind" maxLength:"64" doc:"One of the kinds; see list-report-kinds, also for what follows."`
		Grouping string  `json:"grouping" maxLength:"64"`
		Format   string  `json:"format" maxLength:"16" doc:"pdf, xlsx or csv."`
		Period   string  `json:"period,omitempty" maxLength:"16" doc:"today, 7d, 30d, mtd or ytd, as on the overview; or from and to."`
		From     string  `json:"from,omitempty" maxLength:"16" doc:"First day, in the account's time zone: 2026-03-01."`
		To       string  `json:"to,omitempty" maxLength:"16" doc:"Last day, within five years of the first."`
		Filters  Filters `json:"filters,omitempty"`
	}
}

func (h *handler) create(ctx context.Context, in *createInput) (*reportOutput, error) {
	b := in.Body
	return answer(h.reports.Create(ctx, httpapi.IdempotentID(ctx), httpapi.PrincipalFrom(ctx), report.Request{
		Kind: b.Kind, Grouping: b.Grouping, Format: b.Format, Period: b.Period, From: b.From, To: b.To, Filters: report.Filters(b.Filters),
	}))
}

type reportInput struct {
	ID string `path:"id" maxLength:"128"`
}

func (h *handler) get(ctx context.Context, in *reportInput) (*reportOutput, error) {
	return answer(h.reports.Get(ctx, httpapi.PrincipalFrom(ctx), in.ID))
}

func (h *handler) cancel(ctx context.Context, in *reportInput) (*reportOutput, error) {
	return answer(h.reports.Cancel(ctx, httpapi.PrincipalFrom(ctx), in.ID))
}

func (h *handler) rerun(ctx context.Context, in *reportInput) (*reportOutput, error) {
	return answer(h.reports.Rerun(ctx, httpapi.IdempotentID(ctx), httpapi.PrincipalFrom(ctx), in.ID))
}

func (h *handler) remove(ctx context.Context, in *reportInput) (*struct{}, error) {
	return nil, h.reports.Delete(ctx, httpapi.PrincipalFrom(ctx), in.ID)
}

type listInput struct {
	httpapi.PageInput
}

type listOutput struct {
	Body httpapi.Page[Report]
}

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	var after report.Position
	given, err := httpapi.DecodeCursor(in.Cursor, &after)
	if err != nil {
		return nil, err
	}
	from := &after
	if !given {
		from = nil
	}
	found, more, err := h.reports.List(ctx, httpapi.PrincipalFrom(ctx), from, in.Limit)
	if err != nil {
		return nil, err
	}
	items, next := []Report{}, ""
	for _, r := range found {
		items = append(items, shown(r))
	}
	if more {
		last := found[len(found)-1]
		if next, err = httpapi.EncodeCursor(report.Position{Time: last.CreatedAt, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: httpapi.NewPage(items, next)}, nil
}

func (h *handler) file(ctx context.Context, in *reportInput) (*huma.StreamResponse, error) {
	return streamed(h.reports.Open(ctx, httpapi.PrincipalFrom(ctx), in.ID))
}

func streamed(f report.File, err error) (*huma.StreamResponse, error) {
	if err != nil {
		return nil, err
	}
	return httpapi.Stream(f.MediaType, f.Name, f.Write), nil
}

type linkOutput struct {
	Body struct {
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expiresAt"`
	}
}

func (h *handler) link(ctx context.Context, in *reportInput) (*linkOutput, error) {
	out := &linkOutput{}
	var err error
	out.Body.URL, out.Body.ExpiresAt, err = h.reports.Link(ctx, httpapi.PrincipalFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// linkedInput has the token in the query, which is in no log line of ours.
type linkedInput struct {
	Token string `query:"token" required:"true" minLength:"1" maxLength:"1024"`
}

func (h *handler) linked(ctx context.Context, in *linkedInput) (*huma.StreamResponse, error) {
	return streamed(h.reports.OpenLinked(ctx, in.Token))
}
