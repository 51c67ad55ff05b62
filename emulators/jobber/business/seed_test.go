package business_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
	"fieldboard.dev/fieldboard/shared/clock"
)

// The instants at which businesses are looked at: an ordinary noon, a Sunday, the minutes around midnight in both zones,
// a leap day, the two nights in which clocks change, New Year.
var instants = []string{
	"2026-11-24T19:00:00Z", "2026-08-16T15:00:00Z", "2026-06-10T05:59:00Z", "2026-06-10T06:01:00Z", "2026-01-20T03:31:00Z",
	"2028-02-29T18:00:00Z", "2026-03-08T09:30:00Z", "2026-11-01T08:30:00Z", "2027-01-01T07:00:30Z",
}

// full is a business at full scale that nothing happens in; it is made once for all tests.
func full(t *testing.T, number int) *business.Business {
	t.Helper()
	b, err := fullScale[number]()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var fullScale = map[int]func() (*business.Business, error){1: fullScaleOf(1), 2: fullScaleOf(2)}

func fullScaleOf(number int) func() (*business.Business, error) {
	return sync.OnceValues(func() (*business.Business, error) {
		return business.New(business.Options{Number: number, Clock: clock.NewManual(at("2026-11-24T19:00:00Z")), Seed: 1})
	})
}

func TestSeedIsSound(t *testing.T) {
	t.Parallel()
	for n, now := range instants {
		for _, number := range []int{1, 2} {
			for seed := range int64(4) {
				t.Run(fmt.Sprintf("account %d at %s, seed %d", number, now, seed), func(t *testing.T) {
					t.Parallel()
					b, _ := seeded(t, number, now, seed+int64(n)*10, 0.02)
					sound(t, b)
				})
			}
		}
	}
}

func TestSeedAtFullScale(t *testing.T) {
	t.Parallel()
	type sizes struct {
		Users, Clients, Properties, Requests, Quotes, Jobs, Visits, Invoices, Payments int
	}
	for number, want := range map[int]sizes{
		1: {24, 2000, 2500, 1200, 3000, 6000, 15000, 6000, 5500},
		2: {7, 200, 250, 120, 300, 600, 1500, 600, 550},
	} {
		t.Run(fmt.Sprint("account ", number), func(t *testing.T) {
			t.Parallel()
			b := full(t, number)
			sound(t, b)
			got := sizes{
				b.Users.Len(), b.Clients.Len(), b.Properties.Len(), b.Requests.Len(), b.Quotes.Len(), b.Jobs.Len(), b.Visits.Len(),
				b.Invoices.Len(), b.Payments.Len(),
			}
			near := cmp.Comparer(func(a, b int) bool { return math.Abs(float64(a-b)) <= 0.02*float64(max(a, b)) })
			if diff := cmp.Diff(want, got, near); diff != "" {
				t.Errorf("sizes differ by more than 2 percent (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSeedHasEveryCase looks for each state and each odd thing in the larger business.
func TestSeedHasEveryCase(t *testing.T) {
	t.Parallel()
	b := full(t, 1)
	now, zone := b.Now(), b.Zone()
	seen := map[string]int{}
	for _, r := range b.Requests.List(business.ByID) {
		seen["request "+b.RequestStatus(r, now)]++
	}
	for _, q := range b.Quotes.List(business.ByID) {
		seen["quote "+q.QuoteStatus]++
		if q.QuoteStatus == "converted" && len(b.Jobs.Of(business.OfQuote, q.ID)) == 1 {
			seen["quote with its job"]++
		}
	}
	for _, j := range b.Jobs.List(business.ByID) {
		seen["job "+b.JobStatus(j, now)]++
		seen["job "+j.JobType+" "+j.BillingFrequency]++
		if j.JobStatus != "archived" && j.InvoicedTotal > 0 && j.UninvoicedTotal > 0 {
			seen["job billed in part"]++
		}
	}
	for _, i := range b.Invoices.List(business.ByID) {
		seen["invoice "+b.InvoiceStatus(i, now)]++
		if i.InvoiceStatus == "awaiting_payment" && i.Amounts.PaymentsTotal > 0 {
			seen["invoice paid in part"]++
		}
		if i.Amounts.InvoiceBalance < 0 {
			seen["invoice overpaid"]++
		}
		if i.InvoiceStatus == "draft" && i.IssuedDate != nil {
			seen["draft with a date"]++
		}
		if i.IssuedDate != nil && i.IssuedDate.In(zone).Day() != i.IssuedDate.Day() {
			seen["issued on another day in UTC"]++
		}
		if cents := i.Amounts.TaxAmount * 100; math.Abs(cents-math.Round(cents)) > 0.1 {
			seen["tax with a fraction of a cent"]++
		}
	}
	for _, p := range b.Payments.List(business.ByID) {
		seen["payment "+p.AdjustmentType]++
		if p.AdjustmentType == "DEPOSIT" && p.InvoiceID == "" {
			seen["deposit on the account"]++
		}
	}
	crew := map[string]string{}
	for _, u := range b.Users.List(business.ByID) {
		crew[u.ID] = business.CrewOf(u)
		seen["user "+u.Status]++
		if u.AvailableForScheduling && crew[u.ID] == "" {
			seen["field user without a crew"]++
		}
		if !u.AvailableForScheduling && crew[u.ID] != "" {
			seen["crew member who cannot be scheduled"]++
		}
	}
	for _, v := range b.Visits.List(business.ByID) {
		seen["visit "+b.VisitStatus(v, now)]++
		switch {
		case len(v.AssignedUserIDs) == 0:
			seen["visit of nobody"]++
		case len(v.AssignedUserIDs) > 1 && crew[v.AssignedUserIDs[0]] != crew[v.AssignedUserIDs[1]]:
			seen["visit of two crews"]++
		case len(v.AssignedUserIDs) > 1:
			seen["visit of several"]++
		}
		if v.StartAt == nil {
			continue
		}
		start, end := v.StartAt.In(zone), v.EndAt.In(zone)
		_, before := start.Zone()
		_, after := end.Zone()
		if before != after {
			seen["visit over a change of clocks"]++
		}
		if v.AllDay {
			seen["visit for the whole day"]++
		} else if start.Day() != end.Day() {
			seen["visit through midnight"]++
		}
		if start.Hour() == 0 && start.Minute() == 0 && !v.AllDay {
			seen["visit at midnight"]++
		}
		if start.Second() != 0 {
			seen["visit with seconds"]++
		}
		if start.Format(time.DateOnly) == now.In(zone).Format(time.DateOnly) && !v.AllDay {
			seen[fmt.Sprintf("today's part %d of the day", start.Hour()/4)]++
		}
	}
	for _, want := range []string{
		"request new", "request unscheduled", "request upcoming", "request today", "request overdue", "request assessment_completed",
		"request completed", "request converted", "request archived",
		"quote draft", "quote awaiting_response", "quote changes_requested", "quote approved", "quote converted", "quote archived",
		"quote with its job",
		"job late", "job today", "job upcoming", "job unscheduled", "job action_required", "job requires_invoicing", "job archived",
		"job ONE_OFF ON_COMPLETION", "job ONE_OFF NEVER", "job RECURRING PERIODIC", "job RECURRING PER_VISIT", "job billed in part",
		"invoice draft", "invoice awaiting_payment", "invoice past_due", "invoice sent_not_due", "invoice paid", "invoice bad_debt",
		"invoice voided", "invoice paid in part", "invoice overpaid", "draft with a date", "issued on another day in UTC",
		"tax with a fraction of a cent",
		"payment PAYMENT", "payment DEPOSIT", "payment REFUND", "payment FAILED_ACH_PAYMENT", "payment BAD_DEBT",
		"payment INITIAL_BALANCE", "payment CORRECTION", "deposit on the account",
		"user ACTIVATED", "user DEACTIVATED", "field user without a crew", "crew member who cannot be scheduled",
		"visit COMPLETED", "visit LATE", "visit TODAY", "visit UPCOMING", "visit UNSCHEDULED", "visit of nobody", "visit of several",
		"visit of two crews", "visit over a change of clocks", "visit for the whole day", "visit through midnight",
		"visit at midnight", "visit with seconds",
		"today's part 2 of the day", "today's part 3 of the day",
	} {
		if seen[want] == 0 {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestSeedHasVisitsTodayAtAnyTime(t *testing.T) {
	t.Parallel()
	for _, now := range instants {
		for _, number := range []int{1, 2} {
			b, clk := seeded(t, number, now, 1, 0.02)
			if got := truth(t, b, "today", clk.Now().Format(time.RFC3339)).VisitsToday; got.Total < 5 {
				t.Errorf("account %d at %s: %d visits today, want 5 or more", number, now, got.Total)
			}
		}
	}
}

func TestSeedFollowsTheSeasons(t *testing.T) {
	t.Parallel()
	for number, want := range map[int]string{1: "summer", 2: "winter"} {
		b := full(t, number)
		months := map[time.Month]int{}
		for _, v := range b.Visits.List(business.ByID) {
			if v.StartAt != nil && v.StartAt.Year() == 2026 {
				months[v.StartAt.In(b.Zone()).Month()]++
			}
		}
		got := "winter"
		if months[time.May]+months[time.June] > months[time.January]+months[time.February] {
			got = "summer"
		}
		if got != want {
			t.Errorf("account %d is busiest in %s: %v", number, got, months)
		}
	}
}

// everything is all that a business holds, for comparing.
func everything(b *business.Business) map[string]any {
	return map[string]any{
		"users": b.Users.List(business.ByID), "clients": b.Clients.List(business.ByID), "properties": b.Properties.List(business.ByID),
		"requests": b.Requests.List(business.ByID), "quotes": b.Quotes.List(business.ByID), "jobs": b.Jobs.List(business.ByID),
		"visits": b.Visits.List(business.ByID), "invoices": b.Invoices.List(business.ByID), "payments": b.Payments.List(business.ByID),
	}
}

var inside = cmp.AllowUnexported(business.Job{})

func TestSeedIsDeterministic(t *testing.T) {
	t.Parallel()
	one, _ := seeded(t, 1, "2026-11-24T19:00:00Z", 5, 0.02)
	two, _ := seeded(t, 1, "2026-11-24T19:00:00Z", 5, 0.02)
	if diff := cmp.Diff(everything(one), everything(two), inside); diff != "" {
		t.Errorf("the same seed makes another business (-one +two):\n%s", diff)
	}
	other, _ := seeded(t, 1, "2026-11-24T19:00:00Z", 6, 0.02)
	if cmp.Equal(everything(one), everything(other), inside) {
		t.Error("another seed makes the same business")
	}
}

func TestAccountsShareNoIDs(t *testing.T) {
	t.Parallel()
	one, _ := seeded(t, 1, "2026-11-24T19:00:00Z", 1, 0.02)
	two, _ := seeded(t, 2, "2026-11-24T19:00:00Z", 1, 0.02)
	for _, v := range one.Visits.List(business.ByID) {
		if _, ok := two.Visits.Get(v.ID); ok {
			t.Fatalf("visit %d is in both", v.Number)
		}
	}
}
