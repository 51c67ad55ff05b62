package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/email"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/schedule"
	"fieldboard.dev/fieldboard/shared/task"
)

// Scheduled is the task of a report that is made by the calendar: it has the report made, and then tells its recipients.
var Scheduled = task.Kind[ScheduledOrder]{
	Name: "report.scheduled", Title: "Scheduled report", Queue: Queue, Timeout: time.Minute, Attempts: 8, Keep: Kept,
}

// ScheduledOrder is what such a task is to do.
type ScheduledOrder struct {
	Name       string           `json:"name"` // of the schedule
	Request    ScheduledRequest `json:"request"`
	Recipients []string         `json:"recipients"` // ids of members
	Slot       time.Time        `json:"slot"`       // its period is of
}

// ScheduledRequest is the order of a schedule. Its period goes by its name, so that it moves with the slots.
type ScheduledRequest struct {
	Kind     string  `json:"kind"`
	Grouping string  `json:"grouping"`
	Format   string  `json:"format"`
	Period   string  `json:"period,omitempty"`
	Filters  Filters `json:"filters"`
	Money    bool    `json:"money,omitempty"` // with amounts, so only for those who may see them
}

func (r ScheduledRequest) request() Request {
	return Request{Kind: r.Kind, Grouping: r.Grouping, Format: r.Format, Period: r.Period, Filters: r.Filters}
}

// NewAction returns the schedules' action that makes reports. It dials nothing.
func NewAction(in *instance.Instance) schedule.Action {
	events := event.NewStore(in.Cloud, event.Config{}, in.Log) // reads only: it publishes nothing
	a := action{accounts: account.NewStore(in.Cloud, in.Clock), records: record.NewStore(in.Cloud, events, in.Clock, in.Log), now: in.Clock.Now}
	return schedule.Action{Kind: Making.Name, Name: "Report", Check: a.check, Task: a.task}
}

type action struct {
	accounts *account.Store
	records  *record.Store
	now      func() time.Time
}

func (a action) check(ctx context.Context, accountID string, order json.RawMessage) ([]account.Permission, error) {
	var wanted ScheduledRequest
	d := json.NewDecoder(bytes.NewReader(order))
	d.DisallowUnknownFields()
	if err := d.Decode(&wanted); err != nil {
		return nil, problem.Wrap(err, problem.Invalid, "must be a report: kind, grouping, format, period, filters and money")
	}
	acc, err := a.accounts.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	// Whoever asks must be allowed what it needs; here it is found out what that is.
	anybody := httpapi.Principal{AccountID: accountID, Grants: granted(account.GrantsOf(account.Owner), wanted.Money)}
	o, definition, grouping, err := wanted.request().order(ctx, a.records, acc, anybody, a.now())
	switch {
	case problem.CodeOf(err) == problem.Forbidden:
		return nil, &problem.Error{Code: problem.Invalid, Message: "This report is of money.", Fields: []problem.Field{
			{Location: "money", Message: "must be true for this report"},
		}}
	case err != nil:
		return nil, inOrder(err)
	}
	needs := append([]account.Permission{account.ReportRead}, definition.Needs...)
	audience := definition.audience(grouping, o.Money)
	if (audience == ForFinance || audience == ForAuditMoney) && !slices.Contains(needs, account.FinanceRead) {
		needs = append(needs, account.FinanceRead)
	}
	return needs, nil
}

// inOrder says of broken rules where they are in an order.
func inOrder(err error) error {
	var e *problem.Error
	if errors.As(err, &e) {
		for i := range e.Fields {
			e.Fields[i].Location = strings.TrimPrefix(e.Fields[i].Location, "body.")
		}
	}
	return err
}

// granted takes the sight of money out of grants where it is not asked for.
func granted(g account.Grants, money bool) account.Grants {
	g = maps.Clone(g)
	if !money {
		delete(g, account.FinanceRead)
	}
	return g
}

func (a action) task(_ context.Context, due schedule.Due) (task.Task, error) {
	var wanted ScheduledRequest
	if err := json.Unmarshal(due.Order, &wanted); err != nil {
		return task.Task{}, problem.Wrap(err, problem.Invalid, "It is no report.")
	}
	t := Scheduled.New(due.Account, ScheduledOrder{Name: due.Name, Request: wanted, Recipients: due.Recipients, Slot: due.Slot})
	t.Title = due.Name
	return t, nil
}

// Sender works on Scheduled.
type Sender struct {
	reports *Reports
}

// NewSender returns the sender of an instance's settings. It dials nothing.
func NewSender(ctx context.Context, in *instance.Instance) (*Sender, error) {
	reports, err := New(ctx, in)
	if err != nil {
		return nil, err
	}
	return &Sender{reports}, nil
}

// lookAgain is how long it waits for the report, again and again.
const lookAgain = 5 * time.Second

// Send has the report made in the name of whom the schedule runs for, waits for it, and writes to the recipients who may see it
// then. However often it runs, there is one report, and one letter to each.
func (s *Sender) Send(ctx context.Context, run *task.Run, o ScheduledOrder) error {
	r := s.reports
	by, err := r.accounts.Member(ctx, run.Account, run.By)
	if err != nil {
		return err
	}
	if by.Status != account.Active {
		return problem.New(problem.Forbidden, "The member in whose name it runs is disabled.")
	}
	p := httpapi.Principal{
		UserID: by.UserID, AccountID: run.Account, Role: by.Role, Grants: granted(account.GrantsOf(by.Role), o.Request.Money),
	}
	made, err := r.createOf(ctx, event.Digest(run.Account, run.ID), p, o.Request.request(), o.Slot)
	if err != nil {
		return err
	}
	switch made.State {
	case Queued, Running:
		return task.Throttled(fmt.Errorf("the report %s is %s", made.ID, made.State), r.clock.Now().Add(lookAgain))
	case Failed, Cancelled:
		return task.Permanent(problem.New(problem.Conflict, "The report is %s. %s", made.State, made.Failure))
	}
	return s.tell(ctx, run, o, made)
}

// tell writes to the recipients.
func (s *Sender) tell(ctx context.Context, run *task.Run, o ScheduledOrder, made Report) error {
	r := s.reports
	acc, err := r.accounts.Account(ctx, run.Account)
	if err != nil {
		return err
	}
	files, err := s.files(ctx, run.Account, made)
	if err != nil {
		return err
	}
	ready := fmt.Sprintf("%s is ready: %s, as %s.", made.Title, counted(made.Rows), strings.ToUpper(string(made.Order.Format)))
	if len(files) > 0 {
		ready += " It is attached."
	}
	told := 0
	for _, id := range o.Recipients {
		m, err := r.accounts.Member(ctx, run.Account, id)
		if err != nil && problem.CodeOf(err) != problem.NotFound {
			return err
		}
		if err != nil || m.Status != account.Active || !slices.Contains(audiences(httpapi.Principal{Grants: account.GrantsOf(m.Role)}), made.Audience) {
			continue
		}
		letter := email.Sending.New(run.Account, email.Letter{
			To: m.Email, Business: acc.Name, Subject: o.Name,
			Lines:  []string{ready},
			Files:  files,
			Action: &email.Action{Text: "Open the reports", URL: r.url + "/reports"},
			Reason: "You get this because somebody at " + acc.Name + " has it made by the calendar for you.",
		})
		letter.ID, letter.By, letter.Title = event.Digest(run.Account, run.ID, id), run.By, o.Name
		if _, err := r.engine.Enqueue(ctx, letter); err != nil {
			return err
		}
		told++
	}
	return run.Result(map[string]any{"report": made.ID, "letters": told})
}

// files are what goes with the letters: the report, as long as it is small. One of the audit log stays where it is deleted when
// somebody is erased.
func (s *Sender) files(ctx context.Context, accountID string, made Report) ([]email.File, error) {
	if !email.Attached(made.Bytes) || made.Audience == ForAudit || made.Audience == ForAuditMoney {
		return nil, nil
	}
	d, err := s.reports.store.get(ctx, accountID, made.ID)
	if err != nil {
		return nil, err
	}
	return []email.File{{Object: d.Object, Name: d.fileName(), Bytes: d.Bytes}}, nil
}

func counted(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.FormatInt(n, 10) + " rows"
}
