package records

import (
	"time"

	"fieldboard.dev/fieldboard/shared/record"
)

// Meta is what is shown of every record.
type Meta struct {
	ID        string     `json:"id"`
	WebURI    string     `json:"webUri" doc:"The record's page in Jobber; empty when it has none"`
	CreatedAt *time.Time `json:"createdAt" doc:"null when Jobber does not tell"`
	UpdatedAt *time.Time `json:"updatedAt" doc:"null when Jobber does not tell"`
	FetchedAt time.Time  `json:"fetchedAt" doc:"When this state was read from Jobber"`
}

func metaOf(r record.Record) Meta {
	m := r.Base()
	return Meta{ID: m.ID, WebURI: m.WebURI, CreatedAt: instantOrNil(m.CreatedAt), UpdatedAt: instantOrNil(m.UpdatedAt), FetchedAt: m.FetchedAt}
}

func instantOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
