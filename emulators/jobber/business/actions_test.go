package business_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
	"fieldboard.dev/fieldboard/shared/clock"
)

const noon = "2026-11-24T19:00:00Z"

// told collects the changes that a business tells of.
func told(b *business.Business) *[]business.Change {
	var changes []business.Change
	b.Subscribe(func(c business.Change) { changes = append(changes, c) })
	return &changes
}

func topics(changes []business.Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, c.Topic)
	}
	return list
}

func TestActionsTellWhatJobberTells(t *testing.T) {
	t.Parallel()
	type actions = *business.Business
	anyOf := func(do func(actions, string) (business.Done, error)) func(actions) (business.Done, error) {
		return func(b actions) (business.Done, error) { return do(b, business.Any) }
	}
	remove := func(collection string) func(actions) (business.Done, error) {
		return func(b actions) (business.Done, error) { return b.Delete(collection, business.Any) }
	}
	tests := []struct {
		name string
		do   func(actions) (business.Done, error)
		want []string
	}{
		{"complete a visit", anyOf(actions.CompleteVisit), []string{"VISIT_COMPLETE", "VISIT_UPDATE"}},
		{"take a completion back", anyOf(actions.UncompleteVisit), []string{"VISIT_UPDATE"}},
		{"reschedule a visit", func(b actions) (business.Done, error) { return b.RescheduleVisit(business.Any, time.Time{}) }, []string{"VISIT_UPDATE"}},
		{"unschedule a visit", anyOf(actions.UnscheduleVisit), []string{"VISIT_UPDATE"}},
		{"reassign a visit", anyOf(actions.ReassignVisit), []string{"VISIT_UPDATE"}},
		{"create a visit", anyOf(actions.CreateVisit), []string{"VISIT_CREATE"}},
		{"create a job: of its visits only the first", anyOf(actions.CreateJob), []string{"JOB_CREATE", "VISIT_CREATE"}},
		{"update a job", anyOf(actions.UpdateJob), []string{"JOB_UPDATE"}},
		{"close a job: nothing of its visits", anyOf(actions.CloseJob), []string{"JOB_UPDATE", "JOB_CLOSED"}},
		{"create an invoice: nothing of the job", anyOf(actions.CreateInvoice), []string{"INVOICE_CREATE"}},
		{"issue an invoice", anyOf(actions.IssueInvoice), []string{"INVOICE_UPDATE"}},
		{"pay an invoice", anyOf(actions.PayInvoice), []string{"PAYMENT_CREATE", "INVOICE_UPDATE"}},
		{"pay a part", anyOf(actions.PayInvoicePart), []string{"PAYMENT_CREATE", "INVOICE_UPDATE"}},
		{"give up an invoice", anyOf(actions.MarkBadDebt), []string{"PAYMENT_CREATE", "INVOICE_UPDATE"}},
		{"void an invoice", anyOf(actions.VoidInvoice), []string{"INVOICE_UPDATE"}},
		{"refund a payment", anyOf(actions.Refund), []string{"PAYMENT_CREATE", "INVOICE_UPDATE"}},
		{"fail a payment", anyOf(actions.FailPayment), []string{"PAYMENT_CREATE", "INVOICE_UPDATE"}},
		{"create a quote", anyOf(actions.CreateQuote), []string{"QUOTE_CREATE"}},
		{"update a quote", anyOf(actions.UpdateQuote), []string{"QUOTE_UPDATE"}},
		{"send a quote", anyOf(actions.SendQuote), []string{"QUOTE_SENT", "QUOTE_UPDATE"}},
		{"approve a quote", anyOf(actions.ApproveQuote), []string{"QUOTE_APPROVED", "QUOTE_UPDATE"}},
		{"ask for changes", anyOf(actions.RequestQuoteChanges), []string{"QUOTE_UPDATE"}},
		{"convert a quote", anyOf(actions.ConvertQuote), []string{"JOB_CREATE", "VISIT_CREATE", "QUOTE_UPDATE"}},
		{"archive a quote", anyOf(actions.ArchiveQuote), []string{"QUOTE_UPDATE"}},
		{"create a request", anyOf(actions.CreateRequest), []string{"REQUEST_CREATE"}},
		{"schedule an assessment: there is no topic", anyOf(actions.ScheduleAssessment), nil},
		{"complete an assessment: there is no topic", anyOf(actions.CompleteAssessment), nil},
		{"convert a request", anyOf(actions.ConvertRequest), []string{"QUOTE_CREATE", "REQUEST_UPDATE"}},
		{"archive a request", anyOf(actions.ArchiveRequest), []string{"REQUEST_UPDATE"}},
		{"create a client", actions.CreateClient, []string{"CLIENT_CREATE", "PROPERTY_CREATE"}},
		{"update a client", anyOf(actions.UpdateClient), []string{"CLIENT_UPDATE"}},
		{"archive a client", anyOf(actions.ArchiveClient), []string{"CLIENT_UPDATE"}},
		{"create a property", anyOf(actions.CreateProperty), []string{"PROPERTY_CREATE"}},
		{"update a property", anyOf(actions.UpdateProperty), []string{"PROPERTY_UPDATE"}},
		{"update a user", anyOf(actions.UpdateUser), []string{"USER_UPDATE"}},
		{"delete a client: nothing of what goes with it", remove("clients"), []string{"CLIENT_DESTROY"}},
		{"delete a property: nothing of what goes with it", remove("properties"), []string{"PROPERTY_DESTROY"}},
		{"delete a request", remove("requests"), []string{"REQUEST_DESTROY"}},
		{"delete a quote", remove("quotes"), []string{"QUOTE_DESTROY"}},
		{"delete a job: nothing of its visits", remove("jobs"), []string{"JOB_DESTROY"}},
		{"delete a visit", remove("visits"), []string{"VISIT_DESTROY"}},
		{"delete an invoice", remove("invoices"), []string{"INVOICE_DESTROY"}},
		{"delete a payment", remove("payments"), []string{"PAYMENT_DESTROY"}},
		{"delete a user, who is deactivated", remove("users"), []string{"USER_UPDATE"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, clk := seeded(t, 1, noon, 3, 0.05)
			before := newest(b)
			changes := told(b)
			done, err := tt.do(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, topics(*changes)); diff != "" {
				t.Errorf("topics (-want +got):\n%s", diff)
			}
			if !done.At.After(before) {
				t.Errorf("done at %v, not after the last change before, %v", done.At, before)
			}
			if after := newest(b); after.Before(done.At) && !strings.HasSuffix(done.Action, ".delete") {
				t.Errorf("no record says that it was updated at %v; the newest is of %v", done.At, after)
			}
			for _, c := range *changes {
				if got := clk.Now().Sub(c.OccurredAt).Abs(); got > time.Second {
					t.Errorf("%s occurred at %v, %v from now", c.Topic, c.OccurredAt, got)
				}
				typeName, _, err := business.DecodeID(c.ItemID)
				if err != nil {
					t.Error(err)
				}
				if want, _, _ := strings.Cut(c.Topic, "_"); !strings.HasPrefix(strings.ToUpper(typeName), want) {
					t.Errorf("%s is about a %s", c.Topic, typeName)
				}
			}
			sound(t, b)
		})
	}
}

// newest is the time of the last update of any record.
func newest(b *business.Business) time.Time {
	return slices.MaxFunc([]time.Time{
		last(b.Users).UpdatedAt, last(b.Clients).UpdatedAt, last(b.Properties).UpdatedAt, last(b.Requests).UpdatedAt,
		last(b.Quotes).UpdatedAt, last(b.Jobs).UpdatedAt, last(b.Visits).UpdatedAt, last(b.Invoices).UpdatedAt, last(b.Payments).UpdatedAt,
	}, time.Time.Compare)
}

func last[T any](table *business.Table[T]) *T {
	list := table.List(business.ByUpdatedAt)
	return list[len(list)-1]
}

func TestActionsNameTheirRecordInThreeWays(t *testing.T) {
	t.Parallel()
	b, _ := seeded(t, 1, noon, 1, 0.02)
	var open []*business.Visit
	for _, v := range b.Visits.List(business.ByID) {
		if !v.IsComplete {
			open = append(open, v)
		}
	}
	if len(open) < 3 {
		t.Fatalf("%d open visits, want 3", len(open))
	}
	number := func(v *business.Visit) string {
		return strings.TrimPrefix(business.WebURI(business.TypeClient, v.Number), "https://secure.getjobber.com/clients/")
	}
	for n, id := range []string{open[0].ID, "Visit_" + number(open[1]), number(open[2])} {
		done, err := b.CompleteVisit(id)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if done.ID != open[n].ID {
			t.Errorf("%s: completed %s, want %s", id, done.ID, open[n].ID)
		}
		if v, _ := b.Visits.Get(open[n].ID); !v.IsComplete || v.CompletedAt == nil {
			t.Errorf("%s: not complete: %+v", id, v)
		}
		if open[n].IsComplete {
			t.Errorf("%s: the record that was handed out before has changed", id)
		}
	}
}

func TestActionsThatCannotBe(t *testing.T) {
	t.Parallel()
	b, _ := seeded(t, 1, noon, 1, 0.02)
	changes := told(b)
	first := func(fits func(*business.Visit) bool) string {
		for _, v := range b.Visits.List(business.ByID) {
			if fits(v) {
				return v.ID
			}
		}
		t.Fatal("no such visit")
		return ""
	}
	done := func(_ business.Done, err error) error { return err }
	empty := with(t, denver)
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"complete a visit twice", done(b.CompleteVisit(first(func(v *business.Visit) bool { return v.IsComplete }))), business.ErrNotPossible},
		{"take back what is not complete", done(b.UncompleteVisit(first(func(v *business.Visit) bool { return !v.IsComplete }))), business.ErrNotPossible},
		{"an unknown visit", done(b.CompleteVisit("999")), business.ErrNotFound},
		{"no id at all", done(b.CompleteVisit("not an id")), business.ErrNotFound},
		{"a record of another type", done(b.CompleteVisit(b.Jobs.List(business.ByID)[0].ID)), business.ErrNotFound},
		{"nothing to choose from", done(empty.CompleteVisit(business.Any)), business.ErrNotFound},
		{"an unknown collection", done(b.Delete("tasks", business.Any)), business.ErrUnknown},
	}
	for _, tt := range tests {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, tt.err, tt.want)
		}
	}
	if len(*changes) != 0 {
		t.Errorf("told of %v", topics(*changes))
	}
	if _, err := business.New(business.Options{Number: 3, Clock: clock.NewManual(at(noon))}); !errors.Is(err, business.ErrUnknown) {
		t.Errorf("account 3: error %v, want ErrUnknown", err)
	}
	if _, err := empty.Random(1, 5); err != nil {
		t.Errorf("an empty business can begin with a client: %v", err)
	}
}

// TestWorkBecomesMoney follows one job from the quote to the last cent.
func TestWorkBecomesMoney(t *testing.T) {
	t.Parallel()
	b := with(t, denver)
	must := func(done business.Done, err error) business.Done {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	client := must(b.CreateClient()).ID
	quote := must(b.CreateQuote(client)).ID
	must(b.SendQuote(quote))
	must(b.ApproveQuote(quote))
	must(b.ConvertQuote(quote))
	q, _ := b.Quotes.Get(quote)
	if q.QuoteStatus != "converted" || q.SentAt == nil || q.LastTransitioned.ApprovedAt == nil || q.LastTransitioned.ConvertedAt == nil {
		t.Errorf("quote %+v", q)
	}
	jobs := b.Jobs.Of(business.OfQuote, quote)
	if len(jobs) != 1 || jobs[0].Total != q.Amounts.Subtotal || jobs[0].JobStatus != "active" {
		t.Fatalf("jobs of the quote: %+v", jobs)
	}
	for _, v := range b.Visits.Of(business.OfJob, jobs[0].ID) {
		must(b.CompleteVisit(v.ID))
	}
	if j, _ := b.Jobs.Get(jobs[0].ID); j.JobStatus != "requires_invoicing" || j.UninvoicedTotal != j.Total {
		t.Errorf("job after its visits: %s, uninvoiced %v of %v", j.JobStatus, j.UninvoicedTotal, j.Total)
	}
	invoice := must(b.CreateInvoice(jobs[0].ID)).ID
	if i, _ := b.Invoices.Get(invoice); i.InvoiceStatus == "draft" {
		must(b.IssueInvoice(invoice))
	}
	if j, _ := b.Jobs.Get(jobs[0].ID); j.JobStatus != "archived" || j.UninvoicedTotal != 0 || j.CompletedAt == nil {
		t.Errorf("job after its invoice: %s, uninvoiced %v", j.JobStatus, j.UninvoicedTotal)
	}
	i, _ := b.Invoices.Get(invoice)
	if c, _ := b.Clients.Get(client); c.Balance != i.Amounts.Total || c.IsLead {
		t.Errorf("client owes %v of %v, lead %v", c.Balance, i.Amounts.Total, c.IsLead)
	}
	must(b.PayInvoicePart(invoice))
	must(b.PayInvoice(invoice))
	i, _ = b.Invoices.Get(invoice)
	if i.InvoiceStatus != "paid" || i.Amounts.InvoiceBalance != 0 || i.ReceivedDate == nil {
		t.Errorf("invoice: %s, balance %v", i.InvoiceStatus, i.Amounts.InvoiceBalance)
	}
	must(b.Refund(b.Payments.Of(business.OfInvoice, invoice)[0].ID))
	if i, _ = b.Invoices.Get(invoice); i.InvoiceStatus != "awaiting_payment" || i.Amounts.InvoiceBalance <= 0 {
		t.Errorf("invoice after a refund: %s, balance %v", i.InvoiceStatus, i.Amounts.InvoiceBalance)
	}
	must(b.MarkBadDebt(invoice))
	if i, _ = b.Invoices.Get(invoice); i.InvoiceStatus != "bad_debt" {
		t.Errorf("invoice given up: %s", i.InvoiceStatus)
	}
	if c, _ := b.Clients.Get(client); c.Balance != 0 {
		t.Errorf("client still owes %v", c.Balance)
	}
}

func TestDeletesTakeAlongWhatDepends(t *testing.T) {
	t.Parallel()
	b, _ := seeded(t, 1, noon, 1, 0.05)
	var busy *business.Client
	for _, c := range b.Clients.List(business.ByID) {
		if len(b.Payments.Of(business.OfClient, c.ID)) > 1 && len(b.Visits.Of(business.OfClient, c.ID)) > 3 && len(b.Requests.Of(business.OfClient, c.ID)) > 0 {
			busy = c
			break
		}
	}
	if busy == nil {
		t.Fatal("no busy client")
	}
	invoice := b.Invoices.Of(business.OfClient, busy.ID)[0]
	payments := b.Payments.Of(business.OfInvoice, invoice.ID)
	if _, err := b.Delete("invoices", invoice.ID); err != nil {
		t.Fatal(err)
	}
	for _, p := range payments {
		if kept, ok := b.Payments.Get(p.ID); !ok || kept.InvoiceID != "" {
			t.Errorf("payment %d of the deleted invoice: there %v", p.Number, ok)
		}
	}
	job := b.Jobs.Of(business.OfClient, busy.ID)[0]
	if _, err := b.Delete("jobs", job.ID); err != nil {
		t.Fatal(err)
	}
	if left := b.Visits.Of(business.OfJob, job.ID); len(left) > 0 {
		t.Errorf("%d visits outlive their job", len(left))
	}
	sound(t, b)
	if _, err := b.Delete("clients", busy.ID); err != nil {
		t.Fatal(err)
	}
	left := len(b.Properties.Of(business.OfClient, busy.ID)) + len(b.Requests.Of(business.OfClient, busy.ID)) +
		len(b.Quotes.Of(business.OfClient, busy.ID)) + len(b.Jobs.Of(business.OfClient, busy.ID)) + len(b.Visits.Of(business.OfClient, busy.ID)) +
		len(b.Invoices.Of(business.OfClient, busy.ID)) + len(b.Payments.Of(business.OfClient, busy.ID))
	if left > 0 {
		t.Errorf("%d records outlive their client", left)
	}
	property := b.Properties.List(business.ByID)[0]
	if _, err := b.Delete("properties", property.ID); err != nil {
		t.Fatal(err)
	}
	if left := len(b.Jobs.Of(business.OfProperty, property.ID)) + len(b.Visits.Of(business.OfProperty, property.ID)); left > 0 {
		t.Errorf("%d records outlive their property", left)
	}
	sound(t, b)
}

func TestRandomKeepsTheBusinessSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for seed := range uint64(6) {
		number := int(seed%2) + 1
		b, clk := seeded(t, number, instants[int(seed)%len(instants)], int64(seed), 0.02)
		for range 10 {
			done, err := b.Random(seed*100+uint64(b.Visits.Len()), 60)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range done {
				seen[d.Action] = true
			}
			clk.Advance(3 * time.Hour)
			sound(t, b)
		}
	}
	const kinds = 43 // CreateClient, the other actions, the deletions by chance
	if len(seen) != kinds {
		t.Errorf("%d kinds of things happened, want %d: %v", len(seen), kinds, seen)
	}
}

func TestRandomIsDeterministic(t *testing.T) {
	t.Parallel()
	one, _ := seeded(t, 2, noon, 1, 0.05)
	two, _ := seeded(t, 2, noon, 1, 0.05)
	changesOne, changesTwo := told(one), told(two)
	doneOne, err := one.Random(7, 200)
	if err != nil {
		t.Fatal(err)
	}
	doneTwo, err := two.Random(7, 200)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(doneOne, doneTwo); diff != "" {
		t.Errorf("things that happened (-one +two):\n%s", diff)
	}
	if diff := cmp.Diff(*changesOne, *changesTwo); diff != "" {
		t.Errorf("changes (-one +two):\n%s", diff)
	}
	if diff := cmp.Diff(everything(one), everything(two), inside); diff != "" {
		t.Errorf("records (-one +two):\n%s", diff)
	}
}

// TestRecordsThatWereHandedOutStay compares what readers hold with copies of it, after much has happened.
func TestRecordsThatWereHandedOutStay(t *testing.T) {
	t.Parallel()
	b, _ := seeded(t, 1, noon, 1, 0.02)
	held := b.Visits.List(business.ByID)
	ordered := b.Invoices.List(business.ByUpdatedAt)
	children := b.Jobs.Of(business.OfClient, b.Clients.List(business.ByID)[0].ID)
	visits, invoices, jobs := values(held), values(ordered), values(children)
	if _, err := b.Random(3, 400); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(visits, values(held)); diff != "" {
		t.Errorf("visits changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(invoices, values(ordered)); diff != "" {
		t.Errorf("invoices changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(jobs, values(children), inside); diff != "" {
		t.Errorf("jobs changed (-before +after):\n%s", diff)
	}
}

func values[T any](list []*T) []T {
	var copies []T
	for _, r := range list {
		copies = append(copies, *r)
	}
	return copies
}

func TestListOrders(t *testing.T) {
	t.Parallel()
	b, _ := seeded(t, 1, noon, 1, 0.02)
	if _, err := b.Random(3, 50); err != nil {
		t.Fatal(err)
	}
	byTime := func(of func(*business.Client) time.Time) func(a, b *business.Client) int {
		return func(x, y *business.Client) int { return of(x).Compare(of(y)) }
	}
	for order, compare := range map[string]func(a, b *business.Client) int{
		business.ByID:        func(x, y *business.Client) int { return int(x.Number - y.Number) },
		business.ByCreatedAt: byTime(func(c *business.Client) time.Time { return c.CreatedAt }),
		business.ByUpdatedAt: byTime(func(c *business.Client) time.Time { return c.UpdatedAt }),
	} {
		list := b.Clients.List(order)
		if len(list) != b.Clients.Len() || !slices.IsSortedFunc(list, compare) {
			t.Errorf("%s: %d of %d, sorted %v", order, len(list), b.Clients.Len(), slices.IsSortedFunc(list, compare))
		}
	}
	byName := func(x, y *business.Client) int { return strings.Compare(x.Name, y.Name) }
	if !slices.IsSortedFunc(b.Clients.Sorted("NAME", byName), byName) {
		t.Error("not in the order asked for")
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(at(noon))
	b, err := business.New(business.Options{Number: 1, Clock: clk, Seed: 1, Scale: 0.02, Pace: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	happened := make(chan string, 1000)
	b.Subscribe(func(c business.Change) {
		select {
		case happened <- c.Topic:
		default:
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- b.Live(ctx) }()

	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 50 {
				if _, err := b.Truth("30d", clk.Now()); err != nil {
					t.Error(err)
				}
				for _, j := range b.Jobs.List(business.ByUpdatedAt) {
					b.JobStatus(j, clk.Now())
				}
			}
		})
	}
	for range 100 {
		<-happened
		clk.Advance(time.Minute)
	}
	readers.Wait()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("live ended with %v", err)
	}
	sound(t, b)
}

func TestIDs(t *testing.T) {
	t.Parallel()
	const known = "Z2lkOi8vSm9iYmVyL0NsaWVudC8xMTg0MDQwMzk=" // a client's id as Jobber writes it
	if got := business.EncodeID(business.TypeClient, 118404039); got != known {
		t.Errorf("encoded %s, want %s", got, known)
	}
	typeName, number, err := business.DecodeID(known)
	if err != nil || typeName != business.TypeClient || number != 118404039 {
		t.Errorf("decoded %s %d %v", typeName, number, err)
	}
	for _, bad := range []string{"", "***", "MQ==", "Z2lkOi8vSm9iYmVyL0NsaWVudC94"} {
		if _, _, err := business.DecodeID(bad); err == nil {
			t.Errorf("%q was decoded", bad)
		}
	}
	if got, want := business.WebURI(business.TypeClient, 12), "https://secure.getjobber.com/clients/12"; got != want {
		t.Errorf("web address %s, want %s", got, want)
	}
}
