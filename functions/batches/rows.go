package batches

import (
	"context"
	"time"

	"fieldboard.dev/fieldboard/shared/batch"
	"fieldboard.dev/fieldboard/shared/httpapi"
)

// Row is one row of a batch.
type Row struct {
	Number   int            `json:"number" doc:"In the batch, from 1."`
	Line     int            `json:"line,omitempty" doc:"In the file, as a spreadsheet numbers it."`
	Does     batch.Does     `json:"does" enum:"create,edit,tag,untag,archive,unarchive,complete,send"`
	Label    string         `json:"label" doc:"What a person calls the record."`
	RecordID string         `json:"recordId,omitempty" doc:"Absent until a client is made."`
	Changes  []batch.Change `json:"changes" nullable:"false"`
	State    batch.RowState `json:"state" enum:"pending,doing,done,failed,unsure,unchanged,invalid"`
	Warnings []string       `json:"warnings" nullable:"false"`
	Message  string         `json:"message,omitempty" doc:"Why it is unchanged or invalid, or what Jobber said."`
	DoneAt   *time.Time     `json:"doneAt,omitempty"`
}

type rowsInput struct {
	httpapi.PageInput
	ID    string         `path:"id" maxLength:"128"`
	State batch.RowState `query:"state" enum:"pending,doing,done,failed,unsure,unchanged,invalid"`
}

type rowsOutput struct {
	Body httpapi.Page[Row]
}

// position is where a page of rows ends.
type position struct {
	Number int `json:"n"`
}

// Valid tells whether a list can go on there.
func (p position) Valid() bool { return p.Number > 0 && p.Number <= batch.MaxRows }

func (h *handler) rows(ctx context.Context, in *rowsInput) (*rowsOutput, error) {
	var after position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	b, err := h.seen(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	found, more, err := h.batches.Rows(ctx, b.Account, b.ID, in.State, after.Number, in.Limit)
	if err != nil {
		return nil, err
	}
	var items []Row
	for _, r := range found {
		items = append(items, Row{
			Number: r.Number, Line: r.Line, Does: r.Does, Label: r.Label, RecordID: r.RecordID, Changes: orEmpty(r.Changes), State: r.State,
			Warnings: orEmpty(r.Warnings), Message: r.Message, DoneAt: unlessZero(r.DoneAt),
		})
	}
	next := ""
	if more {
		if next, err = httpapi.EncodeCursor(position{found[len(found)-1].Number}); err != nil {
			return nil, err
		}
	}
	return &rowsOutput{Body: httpapi.NewPage(items, next)}, nil
}
