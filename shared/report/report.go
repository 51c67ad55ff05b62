// Package report makes reports of an account's figures and records, as a file: PDF, XLSX or CSV. What can be asked for is in
// definition.go. A report is a task: its rows are read page by page and rendered into Cloud Storage while they are read, so
// that its length does not matter to memory. The file is there when it is complete, and not before.
//
// Figures by day, week and month are the sums that the dashboard shows (package rollup). Where rows are asked for, or a filter
// is set, they are counted from the records by the rules that the sums are made by.
package report

import (
	"time"

	"fieldboard.dev/fieldboard/shared/rollup"
)

// Kept is how long a report and its file are kept; the bucket's own rule in the manifest is as long.
const Kept = 30 * 24 * time.Hour

// State says how a report stands.
type State string

// The states. The last three are for good.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Format is the form of a report's file.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
	PDF  Format = "pdf"
)

// Formats are all formats.
var Formats = []Format{PDF, XLSX, CSV}

// MediaType returns what the file is served as.
func (f Format) MediaType() string {
	switch f {
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case PDF:
		return "application/pdf"
	}
	return "text/csv; charset=utf-8"
}

// Audience says who may see a report besides having report:read.
type Audience string

// The audiences.
const (
	ForOperations Audience = "operations" // no amount of money is in it
	ForFinance    Audience = "finance"    // for those with finance:read
	ForAudit      Audience = "audit"      // for those with event:export, and without amounts unless they see them
	ForAuditMoney Audience = "auditFinance"
)

// Report is one report, as it stands.
type Report struct {
	ID         string
	Account    string
	Title      string // "Revenue by month"
	Order      Order
	Audience   Audience
	State      State
	By         string // id of the member who asked
	Read       int64  // records and days read so far
	Expected   int64  // that are going to be read, as far as it is known
	Rows       int64  // of the finished report
	Bytes      int64
	Totals     map[string]int64 // by column, of the finished report
	Failure    string           // for a person; only when State is Failed
	CreatedAt  time.Time
	FinishedAt time.Time // zero before
	ExpireAt   time.Time // when the report and its file are gone
}

// Order is a request that was found good, with what it means: the period's days, and whether amounts of money are in it.
type Order struct {
	Kind     string     `firestore:"kind" json:"kind"`
	Grouping string     `firestore:"grouping" json:"grouping"`
	Format   Format     `firestore:"format" json:"format"`
	Period   string     `firestore:"period,omitempty" json:"period,omitempty"` // its name; empty where the days were chosen
	From     rollup.Day `firestore:"from,omitempty" json:"from,omitempty"`     // empty where the report takes no period
	To       rollup.Day `firestore:"to,omitempty" json:"to,omitempty"`         // included
	Filters  Filters    `firestore:"filters" json:"filters"`
	Money    bool       `firestore:"money" json:"money"` // whoever asked may see amounts
}

// Filters narrow a report. An empty one narrows nothing.
type Filters struct {
	Client string `firestore:"client,omitempty" json:"client,omitempty"` // a record's id
	Person string `firestore:"person,omitempty" json:"person,omitempty"` // a record's id
	Team   string `firestore:"team,omitempty" json:"team,omitempty"`     // a team's slug
	Status string `firestore:"status,omitempty" json:"status,omitempty"`
}

func (f Filters) none() bool { return f == Filters{} }
