package batch

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/task"
)

// people are n rows of a file.
func people(name string, n int) string {
	var b strings.Builder
	b.WriteString("First name,Last name,Email,Phone,Street,City,Tags\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,Number%d,%s%d@mail.example,555 01%02d,%d Mill Lane,Ashby,VIP;Lawn\n", name, i, strings.ToLower(name), i, i, i+1)
	}
	return b.String()
}

func TestAFileIsPreviewedAndNothingIsDone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.copied(record.Clients, 2)
	known, err := b.batches.records.Get(t.Context(), b.by.AccountID, record.Clients, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	was := known.(*record.Client)
	d := b.file("preview", "id,First name,Last name,Company,Email,Phone,Notes\n"+
		",Zia,Preview,,zia@mail.example,555 0100,x\n"+
		ids[0]+",,,,new@mail.example,,x\n"+
		ids[1]+",,,,,,x\n"+
		",,,,only@mail.example,,x\n"+
		"Client_1,Nobody,,,,,x\n"+
		"nonsense,Zed,,,bad address,12,x\n"+
		",Zia,Preview,,ZIA@mail.example,5550100,x\n")
	if diff := cmp.Diff(Counts{Total: 7, Pending: 2, Unchanged: 1, Invalid: 4}, d.Counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Notes"}, d.Ignored); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	var got []string
	for _, r := range b.rows("preview") {
		got = append(got, fmt.Sprintf("%d %d %s %s %s", r.Number, r.Line, r.Does, r.State, r.Message))
	}
	want := []string{
		"1 2 create pending ",
		"2 3 edit pending ",
		"3 4 edit unchanged Is so already.",
		"4 5 create invalid Needs a first name, a last name or a company.",
		"5 6 edit invalid There is no client Client_1.",
		"6 7 edit invalid ID is not a client's id, such as Client_123 or 123; leave it empty to create a client. Email is not an e-mail address. Phone is not a telephone number.",
		"7 8 create invalid Is about the same client as row 2.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Change{{"email", was.Email, "new@mail.example"}}, b.rows("preview")[1].Changes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if theirs, _ := b.named("Zia"); len(theirs) != 0 {
		t.Error("a draft made a client")
	}
}

func TestABatchIsDoneAndTheCopyFollows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.file("import", people("Zora", 12))
	b.start("import")
	d := b.await("import", Finished)
	if diff := cmp.Diff(Counts{Total: 12, Done: 12}, d.Counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	engine, err := task.NewEngine(t.Context(), b.in)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := engine.Get(t.Context(), b.by.AccountID, "batch-import-1"); err != nil || v.Attempt != 1 {
		t.Errorf("it took %d attempts (%v): nothing was to be waited for", v.Attempt, err)
	}
	theirs, ours := b.named("Zora")
	if len(theirs) != 12 || len(ours) != 12 {
		t.Fatalf("%d at Jobber, %d in the copy, want 12", len(theirs), len(ours))
	}
	for _, c := range ours {
		if len(c.Tags) != 2 || c.BillingAddress == nil || c.Email == "" {
			t.Errorf("got %+v", c)
		}
	}
	properties, err := b.batches.records.List(t.Context(), b.by.AccountID, record.Properties, record.Query{Sort: "name", Limit: 100})
	if err != nil || len(properties.Records) != 12 {
		t.Errorf("%d properties in the copy, want 12: %v", len(properties.Records), err)
	}
	var csv bytes.Buffer
	_, write, err := b.batches.Results(t.Context(), b.by.AccountID, "import")
	if err != nil {
		t.Fatal(err)
	}
	if err := write(&csv); err != nil || strings.Count(csv.String(), "done") != 12 {
		t.Errorf("got %s: %v", csv.String(), err)
	}
	// Twice is once.
	if _, err := b.batches.Start(t.Context(), b.by, "import"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("started again: %v", err)
	}
}

func TestSelections(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	clients, visits, invoices := b.copied(record.Clients, 3), b.copied(record.Visits, 2), b.copied(record.Invoices, 1)
	for _, tt := range []struct {
		action Action
		ids    []string
		tags   []string
		is     func(record.Record) bool
	}{
		{TagClients, clients, []string{"Spring", "VIP"}, func(r record.Record) bool { return hasFold(r.(*record.Client).Tags, "Spring") }},
		{UntagClients, clients, []string{"spring"}, func(r record.Record) bool { return !hasFold(r.(*record.Client).Tags, "Spring") }},
		{CompleteVisits, visits, nil, func(r record.Record) bool { return r.(*record.Visit).IsComplete }},
		{SendInvoices, invoices, nil, func(r record.Record) bool { return r.(*record.Invoice).Status != "draft" }},
	} {
		id := strings.ReplaceAll(string(tt.action), ".", "-")
		d, err := b.batches.FromSelection(t.Context(), b.by, id, tt.action, append(tt.ids, tt.ids[0], "Client_1"), tt.tags)
		if err != nil {
			t.Fatal(err)
		}
		if d.Counts.Invalid != 1 || d.Counts.Total != int64(len(tt.ids)+1) {
			t.Errorf("%s: %+v", tt.action, d.Counts)
		}
		b.start(id)
		if d = b.await(id, Finished); d.Counts.Done == 0 || d.Counts.Failed != 0 || d.Counts.Pending != 0 {
			t.Errorf("%s: %+v %+v", tt.action, d.Counts, b.rows(id))
		}
		for _, one := range tt.ids {
			r, err := b.batches.records.Get(t.Context(), b.by.AccountID, tt.action.Collection(), one)
			if err != nil || !tt.is(r) {
				t.Errorf("%s: the copy has %+v: %v", tt.action, r, err)
			}
		}
		if d, err = b.batches.FromSelection(t.Context(), b.by, id+"-again", tt.action, tt.ids, tt.tags); err != nil || d.Counts.Unchanged != int64(len(tt.ids)) {
			t.Errorf("%s again: %+v: %v", tt.action, d.Counts, err)
		}
	}
}

// A worker dies between Jobber's answer and its own note of it, and the answer to another call is lost: no client is made twice,
// and none is left out.
func TestNoClientIsMadeTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.file("crash", people("Zeno", 8))
	b.control(http.MethodPost, "faults", map[string]any{"kind": "lost", "probability": 0.15})
	// The worker that died: it claimed the first row, made its client, and was gone.
	row, err := b.worker.store.turn(t.Context(), b.by.AccountID, "crash", "the dead", nil, 1, time.Time{})
	if err != nil || row == nil {
		t.Fatalf("%v: %v", row, err)
	}
	for {
		if _, err := b.worker.jobber.CreateClient(t.Context(), b.by.AccountID, contactOf(row.cells)); err == nil || jobber.KindOf(err) == jobber.Unsure {
			break
		}
	}
	b.start("crash")
	d := b.await("crash", Finished)
	if diff := cmp.Diff(Counts{Total: 8, Done: 8}, d.Counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.control(http.MethodDelete, "faults", nil)
	theirs, _ := b.named("Zeno")
	seen := map[string]bool{}
	for _, c := range theirs {
		if seen[c.Name] {
			t.Errorf("%s was made twice", c.Name)
		}
		seen[c.Name] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d clients, want 8", len(seen))
	}
}

func TestStopAndResume(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.control(http.MethodPost, "faults", map[string]any{"kind": "slow", "probability": 1, "delayMs": 60})
	b.file("stop", people("Zelda", 40))
	b.start("stop")
	for { // some rows are done
		d, err := b.batches.Get(t.Context(), b.by.AccountID, "stop")
		if err != nil {
			t.Fatal(err)
		}
		if d.Counts.Done > 1 {
			break
		}
		if d.State != Running {
			t.Fatalf("got %+v", d)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if d, err := b.batches.Stop(t.Context(), b.by, "stop"); err != nil || d.State != Stopped {
		t.Fatalf("%+v: %v", d, err)
	}
	rest := func() (left int) {
		for _, r := range b.rows("stop") {
			if r.State == Pending || r.State == Doing {
				left++
			}
		}
		return left
	}
	for { // the row that was in hand is brought to its end
		before := rest()
		time.Sleep(2 * time.Second)
		if rest() == before {
			break
		}
	}
	if rest() == 0 {
		t.Error("nothing is left: it was not stopped")
	}
	if d, err := b.batches.Get(t.Context(), b.by.AccountID, "stop"); err != nil || d.Counts.Pending != int64(rest()) {
		t.Errorf("%d rows are left, counted are %+v: %v", rest(), d.Counts, err)
	}
	b.control(http.MethodDelete, "faults", nil)
	b.start("stop")
	d := b.await("stop", Finished)
	if diff := cmp.Diff(Counts{Total: 40, Done: 40}, d.Counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if theirs, ours := b.named("Zelda"); len(theirs) != 40 || len(ours) != 40 {
		t.Errorf("%d at Jobber, %d in the copy, want 40", len(theirs), len(ours))
	}
}

// What Jobber declines is told in its row, the others go on, and it can be tried again.
func TestRowsFailAloneAndAreRetried(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	all := b.copied(record.Clients, 60)
	var open string // a client with open work, whom Jobber does not archive
	var free []string
	for _, id := range all {
		err := b.worker.jobber.ArchiveClient(t.Context(), b.by.AccountID, record.JobberIDOf(id))
		switch {
		case jobber.KindOf(err) == jobber.Declined:
			open = id
		case err == nil && len(free) < 2:
			if err := b.worker.jobber.UnarchiveClient(t.Context(), b.by.AccountID, record.JobberIDOf(id)); err != nil {
				t.Fatal(err)
			}
			free = append(free, id)
		}
	}
	if open == "" || len(free) == 0 {
		t.Fatal("too small a business")
	}
	if _, err := b.batches.FromSelection(t.Context(), b.by, "fail", ArchiveClients, append([]string{open}, free...), nil); err != nil {
		t.Fatal(err)
	}
	b.start("fail")
	for range 2 {
		d := b.await("fail", Finished)
		if d.Counts.Failed != 1 || d.Counts.Done != int64(len(free)) {
			t.Errorf("got %+v", d.Counts)
		}
		if r := b.rows("fail")[0]; r.State != Failed || r.Message == "" {
			t.Errorf("got %+v", r)
		}
		if _, err := b.batches.Retry(t.Context(), b.by, "fail"); err != nil {
			t.Fatal(err)
		}
	}
	b.await("fail", Finished)
}

// A small budget is kept to: Jobber refuses no request, and the batch takes its time.
func TestABatchStaysWithinTheBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulated.Options) { o.Bucket, o.RestoreRate = 1000, 400 })
	b.file("budget", people("Zane", 30))
	b.start("budget")
	if d := b.await("budget", Finished); d.Counts.Done != 30 {
		t.Errorf("got %+v", d.Counts)
	}
	if s := b.control(http.MethodGet, "accounts/1/stats", nil); s["throttled"].(float64) != 0 || s["rateLimited"].(float64) != 0 {
		t.Errorf("got %v", s)
	}
}

func TestABatchStopsWhenJobberIsGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.file("gone", people("Zack", 3))
	b.control(http.MethodPost, "accounts/1/disconnect", nil)
	b.start("gone")
	if d := b.await("gone", Stopped); d.Counts.Pending != 3 || !strings.Contains(d.Reason, "Connect it again") {
		t.Errorf("got %+v", d)
	}
}

// A batch whose task somebody cancelled among the tasks is stopped, and can be resumed.
func TestACancelledTaskStopsItsBatch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.broken.Store(true)
	b.file("cancel", people("Zita", 2))
	b.start("cancel")
	d, err := b.batches.Get(t.Context(), b.by.AccountID, "cancel")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.engine.Cancel(t.Context(), b.by.AccountID, d.Task, "somebody"); err != nil {
		t.Fatal(err)
	}
	b.await("cancel", Stopped)
	b.broken.Store(false)
	b.start("cancel")
	if d := b.await("cancel", Finished); d.Counts.Done != 2 {
		t.Errorf("got %+v", d.Counts)
	}
}

func TestAnotherAccountsBatchIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.file("mine", people("Zuri", 1))
	other := httpapi.Principal{UserID: "other", AccountID: "acc_other"}
	_, err := b.batches.Get(t.Context(), other.AccountID, "mine")
	_, rowsErr := func() (int, error) {
		rows, _, err := b.batches.Rows(t.Context(), other.AccountID, "mine", "", 0, 10)
		return len(rows), err
	}()
	_, startErr := b.batches.Start(t.Context(), other, "mine")
	_, stopErr := b.batches.Stop(t.Context(), other, "mine")
	_, retryErr := b.batches.Retry(t.Context(), other, "mine")
	for name, err := range map[string]error{
		"get": err, "rows": rowsErr, "start": startErr, "stop": stopErr, "retry": retryErr, "discard": b.batches.Discard(t.Context(), other.AccountID, "mine"),
	} {
		if problem.CodeOf(err) != problem.NotFound {
			t.Errorf("%s: got %v, want it not found", name, err)
		}
	}
	if err := b.batches.Discard(t.Context(), b.by.AccountID, "mine"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.batches.Get(t.Context(), b.by.AccountID, "mine"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("a discarded batch: %v", err)
	}
}
