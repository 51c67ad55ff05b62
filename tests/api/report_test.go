package api_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/tests/harness"
)

type report struct {
	ID, Title, State, Failure string
	Rows, Bytes               int64
	Totals                    map[string]int64
}

// made asks for a report and waits until it is done.
func made(t *testing.T, stack *harness.Stack, who string, ask map[string]any) report {
	t.Helper()
	var r report
	if err := stack.As(t, who).Call(t.Context(), http.MethodPost, "/api/v1/reports", ask, &r); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, func() error {
		stack.Get(t, who, "/api/v1/reports/"+r.ID, &r)
		if r.State != "done" {
			return fmt.Errorf("%s is %s: %s", r.Title, r.State, r.Failure)
		}
		return nil
	})
	return r
}

// A report of the copy has the figures of the overview, and its file comes with a session, and by a link without one.
func TestReports(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)
	for _, period := range []string{"mtd", "ytd"} {
		var shown struct {
			Revenue, Collected, Receivables struct{ Cents int64 }
			QuoteConversion                 struct{ Sent, Won int64 }
		}
		stack.Get(t, "owner", "/api/v1/dashboard/summary?period="+period, &shown)
		revenue := made(t, stack, "owner", map[string]any{"kind": "revenue", "grouping": "month", "format": "pdf", "period": period})
		if revenue.Totals["revenue"] != shown.Revenue.Cents || revenue.Totals["collected"] != shown.Collected.Cents {
			t.Errorf("%s: the report says %v, the overview %+v", period, revenue.Totals, shown)
		}
		quotes := made(t, stack, "owner", map[string]any{"kind": "quotes", "grouping": "client", "format": "xlsx", "period": period})
		if quotes.Totals["sent"] != shown.QuoteConversion.Sent || quotes.Totals["won"] != shown.QuoteConversion.Won {
			t.Errorf("%s: the report says %v, the overview %+v", period, quotes.Totals, shown)
		}
		owed := made(t, stack, "owner", map[string]any{"kind": "receivables", "grouping": "client", "format": "csv"})
		if owed.Totals["owed"] != shown.Receivables.Cents {
			t.Errorf("the report says that %d is owed, the overview %d", owed.Totals["owed"], shown.Receivables.Cents)
		}
	}

	visits := made(t, stack, "dispatcher", map[string]any{"kind": "visits", "grouping": "visit", "format": "csv", "period": "mtd"})
	res, err := stack.As(t, "viewer").Do(t.Context(), http.MethodGet, "/api/v1/reports/"+visits.ID+"/file", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	file, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || int64(len(file)) != visits.Bytes {
		t.Fatalf("%s, %d bytes of %d: %v", res.Status, len(file), visits.Bytes, err)
	}
	if got := res.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="visits-`) || !strings.HasSuffix(got, `.csv"`) {
		t.Errorf("Content-Disposition is %q", got)
	}
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil || int64(len(rows)-1) != visits.Rows || visits.Rows == 0 {
		t.Errorf("%d rows of %d: %v", len(rows)-1, visits.Rows, err)
	}

	var link struct{ URL string }
	if err := stack.As(t, "dispatcher").Call(t.Context(), http.MethodPost, "/api/v1/reports/"+visits.ID+"/link", nil, &link); err != nil {
		t.Fatal(err)
	}
	status := func(address string) (int, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body
	}
	if code, linked := status(link.URL); code != http.StatusOK || !bytes.Equal(linked, file) {
		t.Errorf("the link answers %d with %d bytes", code, len(linked))
	}
	if code, _ := status(link.URL + "x"); code != http.StatusNotFound {
		t.Errorf("a changed link answers %d", code)
	}

	res, err = stack.As(t, "dispatcher").Do(t.Context(), http.MethodPost, "/api/v1/reports", map[string]any{"kind": "revenue", "grouping": "day", "format": "csv", "period": "mtd"})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a dispatcher who asks for revenue is answered with %d", res.StatusCode)
	}
	if err := stack.As(t, "dispatcher").Call(t.Context(), http.MethodDelete, "/api/v1/reports/"+visits.ID, nil, nil); err != nil {
		t.Fatal(err)
	}
	if code, _ := status(link.URL); code != http.StatusNotFound {
		t.Errorf("the link to a deleted report answers %d", code)
	}
}
