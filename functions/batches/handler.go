package batches

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/batch"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

// timeout is the function's, which the manifest sets to 60 s: a draft of 5,000 rows is written in a few.
const timeout = 60 * time.Second

// maxSelection bounds the body of a selection: 5,000 ids.
const maxSelection = 512 << 10

type handler struct {
	batches  *batch.Batches
	accounts *account.Store
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "batches", Verifier: verifier, Timeout: timeout})
	if err != nil {
		return nil, err
	}
	answers, err := idempotency.New(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{accounts: account.NewStore(in.Cloud, in.Clock)}
	if h.batches, err = batch.New(ctx, in); err != nil {
		return nil, err
	}
	h.register(api, answers)
	return api.Handler(), nil
}

func (h *handler) register(api *httpapi.API, answers *idempotency.Store) {
	const path = "/api/v1/batches"
	access := httpapi.Needs(account.BatchRun)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "create-batch", Method: http.MethodPost, Path: path, DefaultStatus: http.StatusCreated, MaxBodyBytes: maxSelection,
		Summary:     "Draft changes to selected records",
		Description: "Nothing is changed at Jobber before the batch is started. Marking invoices as sent needs finance:read too.",
	}, access, h.selection)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "upload-batch", Method: http.MethodPost, Path: path + "/uploads", DefaultStatus: http.StatusCreated, MaxBodyBytes: batch.MaxFileBytes,
		Summary:     "Draft clients from a CSV file",
		Description: "Rows with an id edit that client, the others create one. All that keeps the file from being read is told at once, and nothing is created then; what its cells say is told row by row.",
	}, access, h.upload)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-batch-template", Method: http.MethodGet, Path: path + "/template", Summary: "An empty CSV file of clients",
	}, access, h.template)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-batches", Method: http.MethodGet, Path: path, Summary: "The batches of the last 30 days, the newest first",
	}, access, h.list)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-batch", Method: http.MethodGet, Path: path + "/{id}", Summary: "How a batch stands",
	}, access, h.get)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-batch-rows", Method: http.MethodGet, Path: path + "/{id}/rows", Summary: "What each row does, and what became of it",
	}, access, h.rows)
	httpapi.Register(api, huma.Operation{
		OperationID: "start-batch", Method: http.MethodPost, Path: path + "/{id}/start", Summary: "Start a draft, or go on with what was stopped",
		DefaultStatus: http.StatusOK,
	}, access, h.start)
	httpapi.Register(api, huma.Operation{
		OperationID: "stop-batch", Method: http.MethodPost, Path: path + "/{id}/stop", Summary: "Stop after the row that is being done; what was done stays done",
		DefaultStatus: http.StatusOK,
	}, access, h.stop)
	httpapi.Register(api, huma.Operation{
		OperationID: "retry-batch", Method: http.MethodPost, Path: path + "/{id}/retry", Summary: "Try the rows again that failed",
		DefaultStatus: http.StatusOK,
	}, access, h.retry)
	httpapi.Register(api, huma.Operation{
		OperationID: "discard-batch", Method: http.MethodDelete, Path: path + "/{id}", Summary: "Remove a batch that does not run; what it did stays done",
		DefaultStatus: http.StatusNoContent,
	}, access, h.discard)
	httpapi.Register(api, huma.Operation{
		OperationID: "download-batch-results", Method: http.MethodGet, Path: path + "/{id}/results", Summary: "All rows as CSV, with what became of each",
	}, access, h.results)
}

// Batch is a batch as it stands.
type Batch struct {
	ID         string       `json:"id"`
	Title      string       `json:"title" doc:"What it does: Tag 12 clients"`
	Action     batch.Action `json:"action" enum:"clients.import,clients.tag,clients.untag,clients.archive,clients.unarchive,visits.complete,invoices.mark_sent"`
	State      batch.State  `json:"state" enum:"draft,running,stopped,finished"`
	By         string       `json:"by" doc:"The id of the member who made it."`
	ByName     string       `json:"byName" doc:"Empty for one who has left."`
	File       string       `json:"file,omitempty" doc:"The name of the file that it was made from."`
	Encoding   string       `json:"encoding,omitempty" doc:"That the file was found to be in."`
	Ignored    []string     `json:"ignored" nullable:"false" doc:"Headings of the file that are no field, and are left out."`
	Tags       []string     `json:"tags" nullable:"false"`
	Counts     Counts       `json:"counts"`
	Reason     string       `json:"reason,omitempty" doc:"Why it could not go on; absent when somebody stopped it."`
	TaskID     string       `json:"taskId,omitempty" doc:"The task that works on it, or did last."`
	CreatedAt  time.Time    `json:"createdAt"`
	StartedAt  *time.Time   `json:"startedAt,omitempty"`
	FinishedAt *time.Time   `json:"finishedAt,omitempty"`
	ExpiresAt  time.Time    `json:"expiresAt" doc:"When it and its rows are gone."`
}

// Counts are how many rows stand how.
type Counts struct {
	Total     int64 `json:"total"`
	Pending   int64 `json:"pending"`
	Done      int64 `json:"done"`
	Failed    int64 `json:"failed"`
	Unsure    int64 `json:"unsure" doc:"They may have been done, and it cannot be found out."`
	Unchanged int64 `json:"unchanged" doc:"There is nothing to do."`
	Invalid   int64 `json:"invalid" doc:"They cannot be done, and are left out."`
}

func (h *handler) shown(ctx context.Context, b batch.Batch) (Batch, error) {
	out := Batch{
		ID: b.ID, Title: b.Title(), Action: b.Action, State: b.State, By: b.By, File: b.File, Encoding: b.Encoding,
		Ignored: orEmpty(b.Ignored), Tags: orEmpty(b.Tags), Counts: Counts(b.Counts), Reason: b.Reason, TaskID: b.Task,
		CreatedAt: b.CreatedAt, StartedAt: unlessZero(b.StartedAt), FinishedAt: unlessZero(b.FinishedAt), ExpiresAt: b.ExpireAt,
	}
	member, err := h.accounts.Member(ctx, b.Account, b.By)
	if err != nil && problem.CodeOf(err) != problem.NotFound {
		return Batch{}, err
	}
	out.ByName = string(member.Name)
	return out, nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type batchOutput struct{ Body Batch }

func (h *handler) answer(ctx context.Context, b batch.Batch, err error) (*batchOutput, error) {
	if err != nil {
		return nil, err
	}
	shown, err := h.shown(ctx, b)
	return &batchOutput{Body: shown}, err
}

type selectionInput struct {
	Body struct {
		Action batch.Action `json:"action" enum:"clients.tag,clients.untag,clients.archive,clients.unarchive,visits.complete,invoices.mark_sent"`
		IDs    []string     `json:"ids" minItems:"1" maxItems:"5000" doc:"Of records of the collection that the action begins with."`
		Tags   []string     `json:"tags,omitempty" maxItems:"20" doc:"To put on, or to take off."`
	}
}

func (h *handler) selection(ctx context.Context, in *selectionInput) (*batchOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	if !maySee(p, in.Body.Action) {
		return nil, problem.New(problem.Forbidden, "This needs the permission %s, which you do not have.", account.FinanceRead)
	}
	b, err := h.batches.FromSelection(ctx, p, httpapi.IdempotentID(ctx), in.Body.Action, in.Body.IDs, in.Body.Tags)
	return h.answer(ctx, b, err)
}

// maySee tells whether somebody may see the records that an action is about.
func maySee(p httpapi.Principal, a batch.Action) bool {
	return a != batch.SendInvoices || p.Can(account.FinanceRead)
}

type uploadInput struct {
	Name    string `query:"name" maxLength:"200" default:"clients.csv" doc:"The file's name."`
	RawBody []byte `contentType:"text/csv"`
}

func (h *handler) upload(ctx context.Context, in *uploadInput) (*batchOutput, error) {
	b, err := h.batches.FromFile(ctx, httpapi.PrincipalFrom(ctx), httpapi.IdempotentID(ctx), in.Name, in.RawBody)
	return h.answer(ctx, b, err)
}

type templateOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte `contentType:"text/csv"`
}

func (h *handler) template(context.Context, *struct{}) (*templateOutput, error) {
	return &templateOutput{
		ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="clients.csv"`, Body: []byte(batch.Template()),
	}, nil
}

type listInput struct {
	httpapi.PageInput
}

type listOutput struct {
	Body httpapi.Page[Batch]
}

func (h *handler) list(ctx context.Context, in *listInput) (*listOutput, error) {
	var after event.Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	p := httpapi.PrincipalFrom(ctx)
	found, more, err := h.batches.List(ctx, p.AccountID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	var items []Batch
	for _, b := range found {
		if !maySee(p, b.Action) {
			continue // so a page may be short and still have a next
		}
		shown, err := h.shown(ctx, b)
		if err != nil {
			return nil, err
		}
		items = append(items, shown)
	}
	next := ""
	if more {
		last := found[len(found)-1]
		if next, err = httpapi.EncodeCursor(event.Position{Time: last.CreatedAt, ID: last.ID}); err != nil {
			return nil, err
		}
	}
	return &listOutput{Body: httpapi.NewPage(items, next)}, nil
}

type batchInput struct {
	ID string `path:"id" maxLength:"128"`
}

// seen returns a batch that somebody may see; a problem NotFound for another.
func (h *handler) seen(ctx context.Context, id string) (batch.Batch, error) {
	p := httpapi.PrincipalFrom(ctx)
	b, err := h.batches.Get(ctx, p.AccountID, id)
	if err == nil && !maySee(p, b.Action) {
		err = problem.New(problem.NotFound, "There is no such batch.")
	}
	return b, err
}

func (h *handler) get(ctx context.Context, in *batchInput) (*batchOutput, error) {
	b, err := h.seen(ctx, in.ID)
	return h.answer(ctx, b, err)
}

func (h *handler) start(ctx context.Context, in *batchInput) (*batchOutput, error) {
	return h.do(ctx, in.ID, h.batches.Start)
}

func (h *handler) stop(ctx context.Context, in *batchInput) (*batchOutput, error) {
	return h.do(ctx, in.ID, h.batches.Stop)
}

func (h *handler) retry(ctx context.Context, in *batchInput) (*batchOutput, error) {
	return h.do(ctx, in.ID, h.batches.Retry)
}

func (h *handler) do(ctx context.Context, id string, do func(context.Context, httpapi.Principal, string) (batch.Batch, error)) (*batchOutput, error) {
	if _, err := h.seen(ctx, id); err != nil {
		return nil, err
	}
	b, err := do(ctx, httpapi.PrincipalFrom(ctx), id)
	return h.answer(ctx, b, err)
}

func (h *handler) discard(ctx context.Context, in *batchInput) (*struct{}, error) {
	if _, err := h.seen(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, h.batches.Discard(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.ID)
}

func (h *handler) results(ctx context.Context, in *batchInput) (*huma.StreamResponse, error) {
	if _, err := h.seen(ctx, in.ID); err != nil {
		return nil, err
	}
	b, write, err := h.batches.Results(ctx, httpapi.PrincipalFrom(ctx).AccountID, in.ID)
	if err != nil {
		return nil, err
	}
	return httpapi.Stream("text/csv; charset=utf-8", "batch-"+b.CreatedAt.Format("2006-01-02")+".csv", write), nil
}
