package batch

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"fieldboard.dev/fieldboard/shared/sheet"
)

// verbs say what an action does to how many records.
var verbs = map[Action]string{
	TagClients: "Tag %s", UntagClients: "Untag %s", ArchiveClients: "Archive %s", UnarchiveClients: "Unarchive %s",
	CompleteVisits: "Complete %s", SendInvoices: "Mark %s as sent",
}

// title is what a person calls a batch.
func (d *document) title() string {
	if d.Action == ImportClients {
		return fmt.Sprintf("Import %s from %s", counted(d.Counts.Total, "client"), d.File)
	}
	one := strings.TrimSuffix(string(d.Action.Collection()), "s")
	return fmt.Sprintf(verbs[d.Action], counted(d.Counts.Total, one))
}

func counted(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + one + "s"
}

// outcome says how a batch ended.
func (d *document) outcome() string {
	if d.State == Stopped {
		return strings.TrimSpace("Stopped: " + d.Counts.text() + ". " + d.Reason)
	}
	return d.Counts.text()
}

func (c Counts) text() string {
	parts := []string{fmt.Sprintf("%d done", c.Done)}
	for _, p := range []struct {
		n    int64
		what string
	}{{c.Failed, "failed"}, {c.Unsure, "unsure"}, {c.Pending, "left"}, {c.Invalid, "left out"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// Title is what a person calls the batch.
func (b Batch) Title() string {
	return (&document{Action: b.Action, Counts: b.Counts, File: b.File}).title()
}

// Template is an empty file of clients, as ParseFile reads it.
func Template() string {
	headings := make([]string, len(Columns))
	for i, c := range Columns {
		headings[i] = fieldName[c]
	}
	return strings.Join(headings, ",") + "\r\n"
}

// writeResults writes a batch's rows as CSV.
func (b *Batches) writeResults(ctx context.Context, w io.Writer, account, id string) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"Row", "Record", "Name", "Action", "Result", "Message", "Done at", "Changes"}); err != nil {
		return err
	}
	for after := 0; ; {
		rows, err := b.store.rows(ctx, account, id, "", after, 500)
		if err != nil {
			return err
		}
		for _, r := range rows {
			line, at := r.Number, ""
			if r.Line > 0 {
				line = r.Line
			}
			if !r.DoneAt.IsZero() {
				at = r.DoneAt.Format("2006-01-02T15:04:05Z")
			}
			var changes []string
			for _, c := range r.Changes {
				changes = append(changes, fmt.Sprintf("%s: %s → %s", c.Field, c.From, c.To))
			}
			cells := append([]string{strconv.Itoa(line)},
				sheet.Row(r.RecordID, r.Label, string(r.Does), string(r.State), strings.Join(append([]string{r.Message}, r.Warnings...), " "), at, strings.Join(changes, "; "))...)
			if err := out.Write(cells); err != nil {
				return err
			}
			after = r.Number
		}
		if len(rows) < 500 {
			out.Flush()
			return out.Error()
		}
	}
}
