package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/tests/harness"
)

type batchView struct {
	ID, Title, Action, State, Encoding, Reason string
	Counts                                     struct{ Total, Pending, Done, Failed, Unsure, Unchanged, Invalid int }
}

// upload sends a file as somebody.
func upload(t *testing.T, stack *harness.Stack, as *demo.Client, file string) (status int, answer []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, stack.URL+"/api/v1/batches/uploads?name=clients.csv", strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/csv")
	r.Header.Set("Authorization", "Bearer "+as.AccessToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

// A file becomes a preview, the preview a batch, and the batch clients in the copy: once each, though Jobber's notices of them
// come as well.
func TestBatches(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)
	dispatcher := stack.As(t, "dispatcher")
	var file strings.Builder
	file.WriteString("First name,Last name,Email,City,Tags\n")
	for i := range 20 {
		fmt.Fprintf(&file, "Quillaby,Number%d,zora%d@mail.example,Ashby,VIP\n", i, i)
	}
	status, answer := upload(t, stack, dispatcher, file.String()+"Quillaby,,no address,,\n")
	var b batchView
	if err := json.Unmarshal(answer, &b); status != http.StatusCreated || err != nil || b.State != "draft" || b.Counts.Pending != 20 || b.Counts.Invalid != 1 {
		t.Fatalf("status %d: %s", status, answer)
	}
	var progress atomic.Int32
	listening(t, stack, "dispatcher", func(e event.Event) {
		if e.Type == event.TaskProgress && e.Collection == "tasks" && e.Detail == "batch.run" && e.EntityID != "" {
			progress.Add(1)
		}
	})
	path := "/api/v1/batches/" + b.ID
	if err := dispatcher.Call(t.Context(), http.MethodPost, path+"/start", nil, &b); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, func() error {
		stack.Get(t, "dispatcher", path, &b)
		if b.State != "finished" {
			return fmt.Errorf("%+v", b)
		}
		return nil
	})
	if b.Counts.Done != 20 || b.Counts.Failed != 0 {
		t.Errorf("got %+v", b)
	}
	var found struct {
		Items []struct {
			Name string
			Tags []string
		}
	}
	stack.Get(t, "dispatcher", "/api/v1/clients?limit=100&q=Quillaby", &found)
	names := map[string]bool{}
	for _, c := range found.Items {
		names[c.Name] = true
		if len(c.Tags) != 1 {
			t.Errorf("%s has the tags %v", c.Name, c.Tags)
		}
	}
	if len(found.Items) != 20 || len(names) != 20 {
		t.Errorf("%d clients, %d names, want 20", len(found.Items), len(names))
	}
	var rows struct {
		Items      []struct{ State, RecordID string }
		NextCursor string
	}
	stack.Get(t, "dispatcher", path+"/rows?limit=10&state=done", &rows)
	if len(rows.Items) != 10 || rows.NextCursor == "" || rows.Items[0].RecordID == "" {
		t.Errorf("got %+v", rows)
	}
	res, err := dispatcher.Do(t.Context(), http.MethodGet, path+"/results", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if csv, err := io.ReadAll(res.Body); err != nil || bytes.Count(csv, []byte("\n")) != 22 {
		t.Errorf("got %s: %v", csv, err)
	}
	// Who is connected sees it go on; nobody reads of that later.
	harness.Eventually(t, func() error {
		if progress.Load() == 0 {
			return errors.New("no progress was shown")
		}
		return nil
	})
	var kept struct{ Items []struct{ Type string } }
	stack.Get(t, "owner", "/api/v1/audit/events?family=task", &kept)
	if len(kept.Items) != 0 {
		t.Errorf("the log has %+v", kept.Items)
	}
	// It is told in the feed, and is in the log with who did it.
	harness.Eventually(t, func() error {
		var log struct {
			Items []struct {
				Type  string
				Actor struct{ ID string }
			}
		}
		stack.Get(t, "owner", "/api/v1/audit/events?family=batch", &log)
		if len(log.Items) != 2 || log.Items[0].Type != "batch.finished" || log.Items[1].Actor.ID != "demo-dispatcher" {
			return fmt.Errorf("got %+v", log)
		}
		return nil
	})
}

// A file that cannot be read says all that is wrong, and leaves nothing behind; so does one that is too large. What is about
// money is for those who see money.
func TestBatchesRefuse(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	dispatcher := stack.As(t, "dispatcher")
	status, answer := upload(t, stack, dispatcher, "First name,Email\n=1+1,ada@mail.example\nfew\n")
	var refused struct {
		Errors []struct{ Location, Message string }
	}
	if err := json.Unmarshal(answer, &refused); status != http.StatusUnprocessableEntity || err != nil || len(refused.Errors) != 2 {
		t.Errorf("status %d: %s", status, answer)
	}
	if status, answer := upload(t, stack, dispatcher, "First name\n"+strings.Repeat("a\n", 1<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d: %.300s", status, answer)
	}
	if status, _ := upload(t, stack, stack.As(t, "technician"), "First name\nAda\n"); status != http.StatusForbidden {
		t.Errorf("a technician: status %d, want 403", status)
	}
	for body, want := range map[string]int{
		`{"action":"invoices.mark_sent","ids":["Invoice_1"]}`:   http.StatusForbidden,
		`{"action":"clients.tag","ids":["Client_1"]}`:           http.StatusUnprocessableEntity,
		`{"action":"clients.archive","ids":[]}`:                 http.StatusUnprocessableEntity,
		`{"action":"clients.archive","ids":["a/b","__x__",""]}`: http.StatusCreated, // there are no such records: told row by row
		`{"action":"clients.import","ids":["Client_1"]}`:        http.StatusUnprocessableEntity,
	} {
		res, err := dispatcher.Do(t.Context(), http.MethodPost, "/api/v1/batches", json.RawMessage(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != want {
			t.Errorf("%s: status %d, want %d: %v", body, res.StatusCode, want, err)
		}
	}
	var list struct{ Items []batchView }
	stack.Get(t, "dispatcher", "/api/v1/batches", &list)
	if len(list.Items) != 1 || list.Items[0].Counts.Invalid != 3 {
		t.Errorf("got %+v", list.Items)
	}
}
