package business_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
	"fieldboard.dev/fieldboard/shared/clock"
)

const (
	denver  = "America/Denver"
	stJohns = "America/St_Johns"
)

// with is a business in a time zone that has just the given records.
func with(t *testing.T, zone string, records ...any) *business.Business {
	t.Helper()
	b, err := business.Empty(business.Account{Name: "Sample", Currency: "USD", TimeZone: zone}, clock.NewManual(at("2026-01-01T00:00:00Z")), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Put(records...)
	return b
}

func truth(t *testing.T, b *business.Business, period, instant string) business.Summary {
	t.Helper()
	s, err := b.Truth(period, at(instant))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(s string) time.Time {
	instant, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return instant.UTC()
}

func on(s string) *time.Time {
	instant := at(s)
	return &instant
}

func rate(f float64) *float64 { return &f }

func TestTruthPeriods(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, zone, period, at                   string
		from, to, previousFrom, previousTo, last string // last: the start of the last point of the trend
		points, previousPoints                   int
	}{
		{"today", denver, "today", "2026-05-13T18:00:00Z", "2026-05-13", "2026-05-13", "2026-05-12", "2026-05-12", "2026-05-13", 1, 1},
		{"today before midnight in Denver", denver, "today", "2026-05-13T05:59:59Z", "2026-05-12", "2026-05-12", "2026-05-11", "2026-05-11", "2026-05-12", 1, 1},
		{"today before midnight in St. John's, winter", stJohns, "today", "2026-01-13T03:29:59Z", "2026-01-12", "2026-01-12", "2026-01-11", "2026-01-11", "2026-01-12", 1, 1},
		{"today at midnight in St. John's, winter", stJohns, "today", "2026-01-13T03:30:00Z", "2026-01-13", "2026-01-13", "2026-01-12", "2026-01-12", "2026-01-13", 1, 1},
		{"today at midnight in St. John's, summer", stJohns, "today", "2026-07-13T02:30:00Z", "2026-07-13", "2026-07-13", "2026-07-12", "2026-07-12", "2026-07-13", 1, 1},
		{"7d over the start of summer time", denver, "7d", "2026-03-10T12:00:00Z", "2026-03-04", "2026-03-10", "2026-02-25", "2026-03-03", "2026-03-10", 7, 7},
		{"30d over the end of summer time", denver, "30d", "2026-11-10T12:00:00Z", "2026-10-12", "2026-11-10", "2026-09-12", "2026-10-11", "2026-11-10", 30, 30},
		{"mtd", denver, "mtd", "2026-05-13T18:00:00Z", "2026-05-01", "2026-05-13", "2026-04-01", "2026-04-13", "2026-05-13", 13, 13},
		{"mtd after a shorter month", denver, "mtd", "2026-03-31T18:00:00Z", "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28", "2026-03-31", 31, 28},
		{"mtd after February of a leap year", denver, "mtd", "2028-03-30T18:00:00Z", "2028-03-01", "2028-03-30", "2028-02-01", "2028-02-29", "2028-03-30", 30, 29},
		{"mtd in January", denver, "mtd", "2026-01-15T18:00:00Z", "2026-01-01", "2026-01-15", "2025-12-01", "2025-12-15", "2026-01-15", 15, 15},
		{"ytd", denver, "ytd", "2026-05-13T18:00:00Z", "2026-01-01", "2026-05-13", "2025-01-01", "2025-05-13", "2026-05-01", 5, 5},
		{"ytd on February 29", denver, "ytd", "2028-02-29T18:00:00Z", "2028-01-01", "2028-02-29", "2027-01-01", "2027-02-28", "2028-02-01", 2, 2},
		{"ytd on New Year's Day", stJohns, "ytd", "2027-01-01T03:30:00Z", "2027-01-01", "2027-01-01", "2026-01-01", "2026-01-01", "2027-01-01", 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := truth(t, with(t, tt.zone), tt.period, tt.at)
			want := business.Period{
				Name: tt.period, From: tt.from, To: tt.to, PreviousFrom: tt.previousFrom, PreviousTo: tt.previousTo, TimeZone: tt.zone,
			}
			if diff := cmp.Diff(want, s.Period); diff != "" {
				t.Errorf("period (-want +got):\n%s", diff)
			}
			if got := len(s.Revenue.Trend); got != tt.points {
				t.Fatalf("trend has %d points, want %d", got, tt.points)
			}
			if got := len(s.Revenue.PreviousTrend); got != tt.previousPoints {
				t.Errorf("previous trend has %d points, want %d", got, tt.previousPoints)
			}
			if got := s.Revenue.Trend[len(s.Revenue.Trend)-1].Start; got != tt.last {
				t.Errorf("last point starts %s, want %s", got, tt.last)
			}
		})
	}
}

func TestTruthUnknownPeriod(t *testing.T) {
	t.Parallel()
	if _, err := with(t, denver).Truth("quarter", at("2026-05-13T18:00:00Z")); !errors.Is(err, business.ErrUnknown) {
		t.Errorf("error %v, want ErrUnknown", err)
	}
}

func invoice(number int64, status, issued string, total, tax float64) business.Invoice {
	i := business.Invoice{Number: number, InvoiceStatus: status, Amounts: business.InvoiceAmounts{Total: total, TaxAmount: tax, InvoiceBalance: total}}
	if issued != "" {
		i.IssuedDate = on(issued)
	}
	return i
}

func TestTruthRevenue(t *testing.T) {
	t.Parallel()
	b := with(
		t, stJohns,
		invoice(1, "paid", "2026-01-13T03:30:00Z", 115, 15),              // today's first instant
		invoice(2, "awaiting_payment", "2026-01-14T03:29:59Z", 1.005, 0), // today's last second; 1.005 dollars are 100.4999… cents
		invoice(3, "bad_debt", "2026-01-13T12:00:00Z", 108.13, 8.125),    // each part is rounded: 10813 − 813
		invoice(4, "awaiting_payment", "2026-01-13T03:29:59Z", 1000, 0),  // yesterday
		invoice(5, "awaiting_payment", "2026-01-14T03:30:00Z", 77, 0),    // tomorrow
		invoice(6, "draft", "2026-01-13T12:00:00Z", 500, 0),              // not issued, though it has a date
		invoice(7, "voided", "2026-01-13T12:00:00Z", 500, 0),             // never was
		invoice(8, "awaiting_payment", "", 500, 0),                       // no day
	)
	got := truth(t, b, "today", "2026-01-13T15:00:00Z").Revenue
	want := business.Flow{
		Cents: 10000 + 100 + 10000, PreviousCents: 100000, Change: rate(-0.799), Granularity: "day",
		Trend:         []business.Point{{Start: "2026-01-13", Cents: 20100}},
		PreviousTrend: []business.Point{{Start: "2026-01-12", Cents: 100000}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revenue (-want +got):\n%s", diff)
	}
}

func TestTruthRevenueByMonth(t *testing.T) {
	t.Parallel()
	b := with(
		t, denver,
		invoice(1, "paid", "2026-01-01T07:00:00Z", 1, 0),   // January 1, midnight
		invoice(2, "paid", "2026-02-01T06:59:59Z", 2, 0),   // January 31
		invoice(3, "paid", "2026-02-28T12:00:00Z", 4, 0),   // February
		invoice(4, "paid", "2026-03-20T12:00:00Z", 8, 0),   // March, before today
		invoice(5, "paid", "2026-03-22T12:00:00Z", 16, 0),  // March, after today
		invoice(6, "paid", "2026-01-01T06:59:59Z", 32, 0),  // last year, after the span
		invoice(7, "paid", "2025-03-21T12:00:00Z", 64, 0),  // last year, the span's last day
		invoice(8, "paid", "2025-03-22T12:00:00Z", 128, 0), // last year, the day after
	)
	got := truth(t, b, "ytd", "2026-03-21T18:00:00Z").Revenue
	want := business.Flow{
		Cents: 1500, PreviousCents: 6400, Change: rate(-0.7656), Granularity: "month", // −0.765625
		Trend:         []business.Point{{Start: "2026-01-01", Cents: 300}, {Start: "2026-02-01", Cents: 400}, {Start: "2026-03-01", Cents: 800}},
		PreviousTrend: []business.Point{{Start: "2025-01-01"}, {Start: "2025-02-01"}, {Start: "2025-03-01", Cents: 6400}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revenue (-want +got):\n%s", diff)
	}
}

func TestTruthChange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		now, previous float64
		want          *float64
	}{
		{"nothing before", 5, 0, nil},
		{"nothing at all", 0, 0, nil},
		{"same", 5, 5, rate(0)},
		{"half a ten-thousandth is rounded up", 5500.28, 5500, rate(0.0001)},    // 0.0000509…
		{"less than half is rounded down", 5500.27, 5500, rate(0)},              // 0.0000490…
		{"a tie goes away from zero", 200.01, 200, rate(0.0001)},                // 0.00005
		{"a negative tie goes away from zero", 199.99, 200, rate(-0.0001)},      // −0.00005
		{"a tie that floating point misses", 101.1150 * 10, 1000, rate(0.0112)}, // 0.01115
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := with(
				t, denver,
				invoice(1, "paid", "2026-05-13T18:00:00Z", tt.now, 0),
				invoice(2, "paid", "2026-05-12T18:00:00Z", tt.previous, 0),
			)
			if diff := cmp.Diff(tt.want, truth(t, b, "today", "2026-05-13T20:00:00Z").Revenue.Change); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTruthCollected(t *testing.T) {
	t.Parallel()
	entry := func(number int64, kind, day string, amount float64) business.PaymentRecord {
		return business.PaymentRecord{Number: number, AdjustmentType: kind, EntryDate: at(day), Amount: amount}
	}
	b := with(
		t, denver,
		entry(1, "PAYMENT", "2026-05-13T06:00:00Z", 100),
		entry(2, "DEPOSIT", "2026-05-14T05:59:59Z", 50.25),
		entry(3, "INITIAL_BALANCE", "2026-05-13T12:00:00Z", 20),
		entry(4, "REFUND", "2026-05-13T12:00:00Z", 30),
		entry(5, "FAILED_ACH_PAYMENT", "2026-05-13T12:00:00Z", 10.5),
		entry(6, "BAD_DEBT", "2026-05-13T12:00:00Z", 999),
		entry(7, "CORRECTION", "2026-05-13T12:00:00Z", 999),
		entry(8, "INVOICE", "2026-05-13T12:00:00Z", 999),
		entry(9, "REFUND", "2026-05-13T05:59:59Z", 40), // yesterday
	)
	got := truth(t, b, "today", "2026-05-13T20:00:00Z").Collected
	want := business.Flow{
		Cents: 10000 + 5025 + 2000 - 3000 - 1050, PreviousCents: -4000, Change: rate(-4.2438), Granularity: "day", // 16975 / −4000
		Trend:         []business.Point{{Start: "2026-05-13", Cents: 12975}},
		PreviousTrend: []business.Point{{Start: "2026-05-12", Cents: -4000}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("collected (-want +got):\n%s", diff)
	}
}

func TestTruthReceivables(t *testing.T) {
	t.Parallel()
	paidUp := invoice(20, "awaiting_payment", "2026-05-01T18:00:00Z", 900, 0)
	paidUp.Amounts.InvoiceBalance = 0
	overpaid := invoice(21, "awaiting_payment", "2026-05-01T18:00:00Z", 900, 0)
	overpaid.Amounts.InvoiceBalance = -10
	partly := invoice(22, "awaiting_payment", "2026-05-01T18:00:00Z", 900, 0)
	partly.Amounts.InvoiceBalance = 0.004 // less than half a cent
	b := with(
		t, denver,
		invoice(1, "awaiting_payment", "2026-05-20T18:00:00Z", 1, 0),   // in the future
		invoice(2, "awaiting_payment", "2026-05-13T06:00:00Z", 2, 0),   // today
		invoice(3, "awaiting_payment", "2026-04-13T06:00:00Z", 4, 0),   // 30 days
		invoice(4, "awaiting_payment", "2026-04-13T05:59:59Z", 8, 0),   // 31
		invoice(5, "awaiting_payment", "2026-03-14T06:00:00Z", 16, 0),  // 60
		invoice(6, "past_due", "2026-03-13T06:00:00Z", 32, 0),          // 61
		invoice(7, "sent_not_due", "2026-02-12T07:00:00Z", 64, 0),      // 90
		invoice(8, "awaiting_payment", "2026-02-11T07:00:00Z", 128, 0), // 91
		invoice(10, "draft", "2026-05-13T18:00:00Z", 900, 0),
		invoice(11, "paid", "2026-05-13T18:00:00Z", 900, 0),
		invoice(12, "bad_debt", "2026-05-13T18:00:00Z", 900, 0),
		invoice(13, "voided", "2026-05-13T18:00:00Z", 900, 0),
		invoice(14, "awaiting_payment", "", 900, 0),
		paidUp, overpaid, partly,
	)
	got := truth(t, b, "today", "2026-05-13T20:00:00Z").Receivables
	want := business.Receivables{Cents: 25500, Invoices: 8, Ageing: []business.Ageing{
		{Bucket: "0-30", Cents: 700, Invoices: 3},
		{Bucket: "31-60", Cents: 2400, Invoices: 2},
		{Bucket: "61-90", Cents: 9600, Invoices: 2},
		{Bucket: "90+", Cents: 12800, Invoices: 1},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("receivables (-want +got):\n%s", diff)
	}
}

func visit(number int64, start, end string) business.Visit {
	v := business.Visit{Number: number}
	if start != "" {
		v.StartAt = on(start)
	}
	if end != "" {
		v.EndAt = on(end)
	}
	return v
}

func TestTruthVisitsToday(t *testing.T) {
	t.Parallel()
	const now = "2026-05-13T18:00:30Z"
	complete := visit(10, "2026-05-13T22:00:00Z", "2026-05-13T23:00:00Z")
	complete.IsComplete = true
	wholeDay := visit(11, "2026-05-13T06:00:00Z", "2026-05-14T05:59:59Z")
	wholeDay.AllDay = true
	tests := []struct {
		name  string
		visit business.Visit
		want  business.VisitsToday // the state that counts it
	}{
		{"complete before its time", complete, business.VisitsToday{Total: 1, Completed: 1}},
		{"over", visit(1, "2026-05-13T15:00:00Z", "2026-05-13T18:00:00Z"), business.VisitsToday{Total: 1, Late: 1}},
		{"ends within this minute", visit(1, "2026-05-13T15:00:00Z", "2026-05-13T18:00:01Z"), business.VisitsToday{Total: 1, InProgress: 1}},
		{"begins within this minute", visit(1, "2026-05-13T18:00:59Z", "2026-05-13T19:00:00Z"), business.VisitsToday{Total: 1, InProgress: 1}},
		{"begins next minute", visit(1, "2026-05-13T18:01:00Z", "2026-05-13T19:00:00Z"), business.VisitsToday{Total: 1, Upcoming: 1}},
		{"without an end, begun", visit(1, "2026-05-13T18:00:00Z", ""), business.VisitsToday{Total: 1, Late: 1}},
		{"without an end, begun this minute", visit(1, "2026-05-13T18:00:10Z", ""), business.VisitsToday{Total: 1, InProgress: 1}},
		{"the whole day", wholeDay, business.VisitsToday{Total: 1, InProgress: 1}},
		{"the day's first instant", visit(1, "2026-05-13T06:00:00Z", "2026-05-13T07:00:00Z"), business.VisitsToday{Total: 1, Late: 1}},
		{"the day's last second, into tomorrow", visit(1, "2026-05-14T05:59:59Z", "2026-05-14T08:00:00Z"), business.VisitsToday{Total: 1, Upcoming: 1}},
		{"yesterday, into today", visit(1, "2026-05-13T05:59:59Z", "2026-05-13T20:00:00Z"), business.VisitsToday{}},
		{"tomorrow", visit(1, "2026-05-14T06:00:00Z", "2026-05-14T07:00:00Z"), business.VisitsToday{}},
		{"not scheduled", visit(1, "", ""), business.VisitsToday{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.Date = "2026-05-13"
			if diff := cmp.Diff(tt.want, truth(t, with(t, denver, tt.visit), "today", now).VisitsToday); diff != "" {
				t.Errorf("visits today (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTruthPipeline(t *testing.T) {
	t.Parallel()
	request := func(number int64, status string, look *business.Assessment) business.Request {
		return business.Request{Number: number, RequestStatus: status, Assessment: look}
	}
	quote := func(number int64, status string, total float64) business.Quote {
		return business.Quote{Number: number, QuoteStatus: status, Amounts: business.QuoteAmounts{Total: total}}
	}
	job := func(number int64, status string, total, uninvoiced float64) business.Job {
		return business.Job{Number: number, JobStatus: status, Total: total, UninvoicedTotal: uninvoiced}
	}
	part := invoice(3, "awaiting_payment", "2026-05-01T18:00:00Z", 900, 0)
	part.Amounts.InvoiceBalance = 0.5
	late := invoice(4, "awaiting_payment", "2026-05-01T18:00:00Z", 1, 0)
	late.DueDate = on("2026-05-02T06:00:00Z")
	b := with(
		t, denver,
		request(1, "new", nil),
		request(2, "new", &business.Assessment{}),
		request(3, "new", &business.Assessment{StartAt: on("2026-05-13T18:00:00Z")}),
		request(4, "new", &business.Assessment{StartAt: on("2026-05-12T18:00:00Z")}),
		request(5, "new", &business.Assessment{StartAt: on("2026-05-19T18:00:00Z")}),
		request(6, "new", &business.Assessment{IsComplete: true}),
		request(7, "converted", nil),
		request(8, "completed", nil),
		request(9, "archived", &business.Assessment{}),
		quote(1, "draft", 1), quote(2, "awaiting_response", 2), quote(3, "awaiting_response", 3.335), quote(4, "changes_requested", 4),
		quote(5, "approved", 5), quote(6, "converted", 900), quote(7, "archived", 900),
		job(1, "active", 10, 5), job(2, "requires_invoicing", 100, 50.5), job(3, "archived", 900, 900), job(4, "on_hold", 7, 7),
		invoice(1, "draft", "", 6, 0), invoice(2, "awaiting_payment", "", 7, 0), part, late,
		invoice(5, "paid", "", 900, 0), invoice(6, "bad_debt", "", 900, 0), invoice(7, "voided", "", 900, 0),
	)
	got := truth(t, b, "today", "2026-05-13T20:00:00Z").Pipeline
	want := business.Pipeline{
		Requests: business.Stages{Count: 6, Stages: []business.Stage{{Stage: "new", Count: 1}, {Stage: "assessment", Count: 4}, {Stage: "assessed", Count: 1}}},
		Quotes: business.Stages{Count: 5, Cents: 1534, Stages: []business.Stage{
			{Stage: "draft", Count: 1, Cents: 100}, {Stage: "awaitingResponse", Count: 2, Cents: 534},
			{Stage: "changesRequested", Count: 1, Cents: 400}, {Stage: "approved", Count: 1, Cents: 500},
		}},
		Jobs:     business.Stages{Count: 3, Cents: 6750, Stages: []business.Stage{{Stage: "active", Count: 2, Cents: 1700}, {Stage: "requiresInvoicing", Count: 1, Cents: 5050}}},
		Invoices: business.Stages{Count: 4, Cents: 1450, Stages: []business.Stage{{Stage: "draft", Count: 1, Cents: 600}, {Stage: "awaitingPayment", Count: 3, Cents: 850}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pipeline (-want +got):\n%s", diff)
	}
}

func TestTruthQuoteConversion(t *testing.T) {
	t.Parallel()
	quote := func(number int64, status, sent string, total float64) business.Quote {
		q := business.Quote{Number: number, QuoteStatus: status, Amounts: business.QuoteAmounts{Total: total}}
		if sent != "" {
			q.SentAt = on(sent)
		}
		return q
	}
	b := with(
		t, denver,
		quote(1, "approved", "2026-05-07T06:00:00Z", 1),           // the first instant of the seven days
		quote(2, "converted", "2026-05-14T05:59:59Z", 2),          // the last second of today
		quote(3, "archived", "2026-05-10T18:00:00Z", 4),           // sent and lost
		quote(4, "converted", "2026-05-07T05:59:59Z", 900),        // the day before
		quote(5, "converted", "2026-05-14T06:00:00Z", 900),        // tomorrow
		quote(6, "draft", "", 900),                                // never sent
		quote(7, "changes_requested", "2026-05-11T18:00:00Z", 8),  // open
		quote(8, "awaiting_response", "2026-05-11T18:00:00Z", 16), // open
		quote(9, "awaiting_response", "2026-05-11T18:00:00Z", 32), // open
	)
	got := truth(t, b, "7d", "2026-05-13T20:00:00Z").QuoteConversion
	want := business.Conversion{Sent: 6, Won: 2, SentCents: 6300, WonCents: 300, Rate: rate(0.3333)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("conversion (-want +got):\n%s", diff)
	}
	if got := truth(t, with(t, denver), "7d", "2026-05-13T20:00:00Z").QuoteConversion.Rate; got != nil {
		t.Errorf("rate without quotes is %v, want null", *got)
	}
}

func user(number int64, crew, status string, available bool) business.User {
	u := business.User{Number: number, Status: status, AvailableForScheduling: available}
	u.CustomFields = []business.CustomField{
		{TypeName: business.CustomFieldText, Label: business.CrewLabel, ValueText: "not a dropdown"},
		{TypeName: business.CustomFieldDropdown, Label: "Shirt", ValueDropdown: "Large"},
	}
	if crew != "" {
		u.CustomFields = append(u.CustomFields, business.CustomField{TypeName: business.CustomFieldDropdown, Label: business.CrewLabel, ValueDropdown: crew})
	}
	return u
}

func by(v business.Visit, complete bool, users ...int64) business.Visit {
	v.IsComplete = complete
	for _, number := range users {
		v.AssignedUserIDs = append(v.AssignedUserIDs, business.EncodeID(business.TypeUser, number))
	}
	return v
}

func TestTruthCrewUtilisation(t *testing.T) {
	t.Parallel()
	wholeDay := visit(5, "2026-03-09T06:00:00Z", "2026-03-10T05:59:59Z")
	wholeDay.AllDay = true
	b := with(
		t, denver,
		user(1, "South & West", "ACTIVATED", true),
		user(2, "South & West", "ACTIVATED", true),
		user(3, "South & West", "DEACTIVATED", true),
		user(4, "South & West", "ACTIVATED", false),
		user(5, "Alpha", "ACTIVATED", false),
		user(6, "", "ACTIVATED", true),
		by(visit(1, "2026-03-08T06:30:00Z", "2026-03-08T09:30:00Z"), true, 1), // Sat 23:30 to Sun 03:30 by the wall, over the lost hour: 180; Saturday's
		by(visit(2, "2026-03-09T15:00:00Z", "2026-03-09T16:00:59Z"), false, 1, 2),
		by(visit(3, "2026-03-09T15:00:00Z", "2026-03-09T15:45:00Z"), true, 2, 5, 6),
		by(visit(4, "", ""), true, 1),
		by(wholeDay, true, 4),
		by(visit(6, "2026-03-04T06:59:59Z", "2026-03-04T09:00:00Z"), true, 1), // the day before the period
		by(visit(7, "2026-03-11T06:00:00Z", "2026-03-11T09:00:00Z"), true, 1), // the day after
		by(visit(8, "2026-03-09T15:00:00Z", "2026-03-09T19:00:00Z"), true),    // nobody's
		by(visit(9, "2026-03-09T15:00:00Z", ""), false, 1),                    // no length
	)
	got := truth(t, b, "7d", "2026-03-10T20:00:00Z").CrewUtilisation // Wed March 4 to Tue March 10: five weekdays
	want := []business.Crew{
		{Team: "alpha", Name: "Alpha", ScheduledMinutes: 45, CompletedMinutes: 45},
		{
			Team: "south-west", Name: "South & West", ScheduledMinutes: 180 + 60 + 60 + 45 + 480, CompletedMinutes: 180 + 45 + 480,
			CapacityMinutes: 2 * 480 * 5, Utilisation: rate(0.1719), // 825/4800 = 0.171875
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("crews (-want +got):\n%s", diff)
	}
}

func TestTruthCrewUtilisationAcrossClockChanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, zone, start, end, now string
		want                        int64
	}{
		{"an hour is lost in Denver", denver, "2026-03-08T08:30:00Z", "2026-03-08T10:00:00Z", "2026-03-08T20:00:00Z", 90}, // 01:30 to 04:00
		{"an hour is won in Denver", denver, "2026-11-01T06:30:00Z", "2026-11-01T10:30:00Z", "2026-11-01T20:00:00Z", 240}, // 00:30 to 03:30
		{"an hour is lost in St. John's", stJohns, "2026-03-08T03:30:00Z", "2026-03-08T06:30:00Z", "2026-03-08T20:00:00Z", 180},
		{"the day of the change has ended in St. John's", stJohns, "2026-03-09T02:30:00Z", "2026-03-09T04:30:00Z", "2026-03-08T20:00:00Z", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := with(t, tt.zone, user(1, "A", "ACTIVATED", true), by(visit(1, tt.start, tt.end), true, 1))
			got := truth(t, b, "today", tt.now).CrewUtilisation
			want := []business.Crew{{Team: "a", Name: "A", ScheduledMinutes: tt.want, CompletedMinutes: tt.want}} // Sundays: no capacity
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("crews (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTruthShape holds the JSON of a business without records: every key, every list, and null only where a ratio is.
func TestTruthShape(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(truth(t, with(t, denver), "today", "2026-05-13T20:00:00Z"), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const flow = `{
  "cents": 0,
  "previousCents": 0,
  "change": null,
  "granularity": "day",
  "trend": [
   {
    "start": "2026-05-13",
    "cents": 0
   }
  ],
  "previousTrend": [
   {
    "start": "2026-05-12",
    "cents": 0
   }
  ]
 }`
	want := `{
 "period": {
  "name": "today",
  "from": "2026-05-13",
  "to": "2026-05-13",
  "previousFrom": "2026-05-12",
  "previousTo": "2026-05-12",
  "timeZone": "America/Denver"
 },
 "currency": "USD",
 "revenue": ` + flow + `,
 "collected": ` + flow + `,
 "receivables": {
  "cents": 0,
  "invoices": 0,
  "ageing": [
` + ageing("0-30") + `,
` + ageing("31-60") + `,
` + ageing("61-90") + `,
` + ageing("90+") + `
  ]
 },
 "visitsToday": {
  "date": "2026-05-13",
  "total": 0,
  "completed": 0,
  "inProgress": 0,
  "late": 0,
  "upcoming": 0
 },
 "pipeline": {
` + kind("requests", "new", "assessment", "assessed") + `,
` + kind("quotes", "draft", "awaitingResponse", "changesRequested", "approved") + `,
` + kind("jobs", "active", "requiresInvoicing") + `,
` + kind("invoices", "draft", "awaitingPayment") + `
 },
 "quoteConversion": {
  "sent": 0,
  "won": 0,
  "sentCents": 0,
  "wonCents": 0,
  "rate": null
 },
 "crewUtilisation": []
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func ageing(bucket string) string {
	return "   {\n    \"bucket\": \"" + bucket + "\",\n    \"cents\": 0,\n    \"invoices\": 0\n   }"
}

func kind(name string, stages ...string) string {
	s := "  \"" + name + "\": {\n   \"count\": 0,\n   \"cents\": 0,\n   \"stages\": [\n"
	for n, stage := range stages {
		if n > 0 {
			s += ",\n"
		}
		s += "    {\n     \"stage\": \"" + stage + "\",\n     \"count\": 0,\n     \"cents\": 0\n    }"
	}
	return s + "\n   ]\n  }"
}
