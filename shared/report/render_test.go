package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var denver = func() *time.Location {
	zone, err := time.LoadLocation("America/Denver")
	if err != nil {
		panic(err)
	}
	return zone
}()

var made = time.Date(2026, time.March, 4, 15, 0, 0, 0, time.UTC)

// sample is a report with a column of every type.
func sample() head {
	return head{
		Title: "Everything by row", Business: "Alder Creek", Period: "1 Mar 2026 to 31 Mar 2026", Filters: []string{"Client: Jiří Łukasz"},
		Currency: "USD", Zone: denver, Made: made, Chart: Line, Plots: []string{"money"},
		Columns: []Column{
			{ID: "date", Label: "Day", Type: Date}, {ID: "month", Label: "Month", Type: Month}, {ID: "text", Label: "Client", Type: Text, Width: 2},
			{ID: "count", Label: "Visits", Type: Count, Summed: true}, {ID: "done", Label: "Done", Type: Count, Summed: true},
			{ID: "rate", Label: "Done %", Type: Percent, Share: [2]string{"done", "count"}},
			{ID: "money", Label: "Revenue", Type: Money, Summed: true}, {ID: "minutes", Label: "Minutes", Type: Minutes, Summed: true},
			{ID: "moment", Label: "Start", Type: Moment, Width: 1.4},
		},
	}
}

func sampleRow(i int) Row {
	at := time.Date(2026, time.March, 1+i%28, 20, 30, 0, 0, time.UTC)
	return Row{
		text(at.Format("2006-01-02")), text("2026-03"), text(fmt.Sprintf("Jiří Łukasz %d", i)), number(int64(1000 + i)), number(int64(i % 7)), share(int64(i%7), int64(1000+i)),
		number(int64(123456 + i)), number(90), moment(&at),
	}
}

func rendered(tb testing.TB, f Format, h head, rows []Row) []byte {
	tb.Helper()
	var out bytes.Buffer
	r, sums := newRenderer(f, &out), newTotals(h.Columns)
	if err := r.begin(h); err != nil {
		tb.Fatal(err)
	}
	for _, row := range rows {
		sums.add(row)
		if err := r.row(row); err != nil {
			tb.Fatal(err)
		}
	}
	if err := r.end(sums.row()); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestCSV(t *testing.T) {
	t.Parallel()
	row := sampleRow(1)
	row[2] = text(`=HYPERLINK("x"), "quoted"`)
	row[6], row[8] = number(-5), none
	got, err := csv.NewReader(bytes.NewReader(rendered(t, CSV, sample(), []Row{sampleRow(0), row}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Day", "Month", "Client", "Visits", "Done", "Done %", "Revenue (USD)", "Minutes", "Start"},
		{"2026-03-01", "2026-03", "Jiří Łukasz 0", "1000", "0", "0.0000", "1234.56", "90", "2026-03-01T13:30:00-07:00"},
		{"2026-03-02", "2026-03", `'=HYPERLINK("x"), "quoted"`, "1001", "1", "0.0010", "-0.05", "90", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	rows := []Row{sampleRow(0), sampleRow(1), sampleRow(2)}
	rows[1][2] = text("=1+1 <b>&\x00 \U0001F600")
	rows[2][8] = none
	book, err := excelize.OpenReader(bytes.NewReader(rendered(t, XLSX, sample(), rows)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if diff := cmp.Diff([]string{"Report", "About"}, book.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	panes, err := book.GetPanes("Report")
	if err != nil {
		t.Fatal(err)
	}
	if !panes.Freeze || panes.YSplit != 1 || panes.TopLeftCell != "A2" {
		t.Errorf("the header is not frozen: %+v", panes)
	}
	shown, err := book.GetRows("Report")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Day", "Month", "Client", "Visits", "Done", "Done %", "Revenue (USD)", "Minutes", "Start"},
		{"2026-03-01", "Mar 2026", "Jiří Łukasz 0", "1,000", "0", "0.00%", "1,234.56", "90", "2026-03-01 13:30"},
		{"2026-03-02", "Mar 2026", "=1+1 <b>&\uFFFD \U0001F600", "1,001", "1", "0.10%", "1,234.57", "90", "2026-03-02 13:30"},
		{"2026-03-03", "Mar 2026", "Jiří Łukasz 2", "1,002", "2", "0.20%", "1,234.58", "90"},
		{"Total", "", "", "3,003", "3", "0.10%", "3,703.71", "270"},
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
	for cell, kind := range map[string]excelize.CellType{
		"A2": excelize.CellTypeUnset, "C3": excelize.CellTypeInlineString, "D2": excelize.CellTypeUnset, "G2": excelize.CellTypeUnset,
	} {
		if got, err := book.GetCellType("Report", cell); err != nil || got != kind { // a number has no type of its own
			t.Errorf("%s has the type %d, want %d: %v", cell, got, kind, err)
		}
	}
	for cell, formula := range map[string]string{"D5": "SUM(D2:D4)", "G5": "SUM(G2:G4)", "F5": "IF(D5=0,0,E5/D5)", "C3": ""} {
		if got, err := book.GetCellFormula("Report", cell); err != nil || got != formula {
			t.Errorf("%s is the formula %q, want %q: %v", cell, got, formula, err)
		}
	}
	for cell, want := range map[string]string{"G5": "3703.71", "F5": "0.000999000999000999"} { // worked out from the cells alone
		if got, err := book.CalcCellValue("Report", cell, excelize.Options{RawCellValue: true}); err != nil || got != want {
			t.Errorf("%s comes to %q, want %q: %v", cell, got, want, err)
		}
	}
	about, err := book.GetRows("About")
	if err != nil {
		t.Fatal(err)
	}
	if len(about) != 8 || about[2][1] != "1 Mar 2026 to 31 Mar 2026" || about[7][1] != "3" {
		t.Errorf("got %v", about)
	}
}

// pdfText returns what a reader of the PDF sees.
func pdfText(t *testing.T, pdf []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPDF(t *testing.T) {
	t.Parallel()
	var rows []Row
	for i := range 120 {
		rows = append(rows, sampleRow(i))
	}
	rows[3][2] = text("No letter for \U0001F600, and\ntwo lines")
	got := pdfText(t, rendered(t, PDF, sample(), rows))
	pages := strings.Split(strings.TrimRight(got, "\f\n"), "\f")
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, page := range pages {
		for _, want := range []string{"Alder Creek", "Everything by row", fmt.Sprintf("%d of %d", i+1, len(pages)), "Revenue (USD)"} {
			if !strings.Contains(page, want) {
				t.Errorf("page %d has no %q:\n%s", i+1, want, page)
			}
		}
	}
	for _, want := range []string{"Jiří Łukasz 119", "1 Mar 2026 to 31 Mar 2026", "Client: Jiří Łukasz", "1,234.56", "No letter for ?, and two lines", "1 Mar 2026 13:30", "0.10 %"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q", want)
		}
	}
	if last := pages[len(pages)-1]; !strings.Contains(last, "Total") || !strings.Contains(last, "127,140") || !strings.Contains(last, "148,218.60") {
		t.Errorf("the last page has no totals:\n%s", last)
	}
}

// What is too long for a PDF is told on each page, and its totals are of all rows.
func TestPDFIsBounded(t *testing.T) {
	t.Parallel()
	var rows []Row
	for i := range pdfRows + 1234 {
		rows = append(rows, sampleRow(i))
	}
	got := pdfText(t, rendered(t, PDF, sample(), rows))
	if !strings.Contains(got, "1,234 more rows are in the spreadsheet") {
		t.Error("it does not say that rows are left out")
	}
	if want := grouped(fmt.Sprint(90 * len(rows))); !strings.Contains(got, want) {
		t.Errorf("the total of minutes is not %s", want)
	}
}

func TestEmptyReport(t *testing.T) {
	t.Parallel()
	if got := pdfText(t, rendered(t, PDF, sample(), nil)); !strings.Contains(got, "1 of 1") {
		t.Errorf("got %s", got)
	}
	book, err := excelize.OpenReader(bytes.NewReader(rendered(t, XLSX, sample(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if got, err := book.CalcCellValue("Report", "G2"); err != nil || got != "0.00" {
		t.Errorf("the total of nothing is %q: %v", got, err)
	}
}

func TestDecimals(t *testing.T) {
	t.Parallel()
	for cents, want := range map[int64]string{0: "0.00", 5: "0.05", -5: "-0.05", 100: "1.00", -123456: "-1234.56", 1 << 53: "90071992547409.92"} {
		if got := decimal(cents); got != want {
			t.Errorf("%d is %s, want %s", cents, got, want)
		}
	}
	for in, want := range map[string]string{"0": "0", "999": "999", "1000": "1,000", "-1234567.89": "-1,234,567.89"} {
		if got := grouped(in); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
	for at, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := columnName(at); got != want {
			t.Errorf("column %d is %s, want %s", at, got, want)
		}
	}
}

const benchRows = 200_000

// peakHeap samples the heap until it is asked for the most that was in use, in MiB.
func peakHeap() func() float64 {
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() float64 { close(stop); return float64(<-peak) / (1 << 20) }
}

// BenchmarkRows renders 200,000 rows, and reports the rows a second and the most heap that was in use meanwhile.
func BenchmarkRows(b *testing.B) {
	for _, f := range Formats {
		b.Run(string(f), func(b *testing.B) {
			peak := peakHeap()
			for b.Loop() {
				var count int64
				h := sample()
				columns := make([]int, len(h.Columns))
				for i := range columns {
					columns[i] = i
				}
				from := func(yield func(Row, error) bool) {
					for i := range benchRows {
						if !yield(sampleRow(i), nil) {
							return
						}
					}
				}
				if err := render(context.Background(), newRenderer(f, io.Discard), h, columns, from, newTotals(h.Columns), &count); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(peak(), "peak-MiB")
		})
	}
}
