package report

import (
	"slices"

	"fieldboard.dev/fieldboard/shared/account"
)

// Type is what a column's values are.
type Type string

// The types of columns.
const (
	Text    Type = "text"
	Count   Type = "count"
	Money   Type = "money"   // cents of the account's currency
	Date    Type = "date"    // a day in the account's zone, "2006-01-02"
	Month   Type = "month"   // a month in the account's zone, "2006-01"
	Moment  Type = "moment"  // an instant, shown in the account's zone to the minute
	Percent Type = "percent" // a share in 1/10,000
	Minutes Type = "minutes"
)

// Column is one column of a report.
type Column struct {
	ID     string
	Label  string
	Type   Type
	Width  float64   // relative to the others; 1 where it is 0
	Summed bool      // has a total
	Share  [2]string // of a Percent: the columns whose quotient it is, by which its total is told too
	Amount bool      // left out for those who may not see money; every column of Money is
}

func (c Column) width() float64 {
	if c.Width == 0 {
		return 1
	}
	return c.Width
}

// Chart is what a PDF draws above the rows.
type Chart string

// The charts.
const (
	NoChart Chart = ""
	Line    Chart = "line" // over time
	Bars    Chart = "bars" // of the first rows
)

// Grouping is one way to make a report: what a row is of.
type Grouping struct {
	ID      string
	Title   string // "by month"
	Columns []Column
	Filters []string // names of the fields of Filters that narrow it
	Needs   []string // those without which it cannot be made
	Chart   Chart
	Plots   []string // columns that the chart shows
	source  source
}

// Shown are the columns that somebody sees who may see money, or not.
func (g Grouping) Shown(money bool) []Column {
	var columns []Column
	for _, at := range shownColumns(g, money) {
		columns = append(columns, g.Columns[at])
	}
	return columns
}

// Definition is one kind of report.
type Definition struct {
	Kind      string
	Title     string
	About     string
	Needs     []account.Permission // besides report:make
	NoPeriod  bool                 // it tells how things are now
	Groupings []Grouping
	Statuses  []Status // that the filter by status may name
}

// Status is one value of the filter by status.
type Status struct{ ID, Label string }

// Grouping returns the grouping by that id.
func (d Definition) Grouping(id string) (Grouping, bool) {
	i := slices.IndexFunc(d.Groupings, func(g Grouping) bool { return g.ID == id })
	if i < 0 {
		return Grouping{}, false
	}
	return d.Groupings[i], true
}

// audience is whom a report of the kind is for. With money, amounts are in it.
func (d Definition) audience(g Grouping, money bool) Audience {
	switch {
	case slices.Contains(d.Needs, account.EventExport) && money:
		return ForAuditMoney
	case slices.Contains(d.Needs, account.EventExport):
		return ForAudit
	case money && (slices.Contains(d.Needs, account.FinanceRead) || slices.ContainsFunc(g.Columns, hasAmounts)):
		return ForFinance
	}
	return ForOperations
}

func hasAmounts(c Column) bool { return c.Type == Money || c.Amount }

// Find returns the definition of a kind.
func Find(kind string) (Definition, bool) {
	i := slices.IndexFunc(Definitions, func(d Definition) bool { return d.Kind == kind })
	if i < 0 {
		return Definition{}, false
	}
	return Definitions[i], true
}

// Columns that several reports have.
var (
	clientColumn = Column{ID: "client", Label: "Client", Type: Text, Width: 2.2}
	titleColumn  = Column{ID: "title", Label: "Title", Type: Text, Width: 2.2}
	numberColumn = Column{ID: "number", Label: "Number", Type: Text, Width: 0.8}
	statusColumn = Column{ID: "status", Label: "Status", Type: Text, Width: 1.2}
)

// stepped returns the groupings by day, week and month of a report whose rows are steps of time.
func stepped(columns []Column, plots []string, filters []string, rows source) []Grouping {
	steps := []struct {
		id, title, label string
		typ              Type
	}{
		{"day", "by day", "Day", Date}, {"week", "by week", "Week from", Date}, {"month", "by month", "Month", Month},
	}
	var groupings []Grouping
	for _, s := range steps {
		first := Column{ID: "start", Label: s.label, Type: s.typ}
		groupings = append(groupings, Grouping{
			ID: s.id, Title: s.title, Columns: append([]Column{first}, columns...),
			Filters: filters, Chart: Line, Plots: plots, source: rows,
		})
	}
	return groupings
}

// Definitions are the reports that there are.
var Definitions = []Definition{
	{
		Kind: "revenue", Title: "Revenue", About: "What was invoiced before tax, by the day of issue, and what was collected.",
		Needs: []account.Permission{account.FinanceRead},
		Groupings: append(stepped([]Column{
			{ID: "revenue", Label: "Revenue", Type: Money, Summed: true},
			{ID: "collected", Label: "Collected", Type: Money, Summed: true},
		}, []string{"revenue", "collected"}, []string{"client"}, revenueByTime),
			Grouping{
				ID: "client", Title: "by client", Filters: []string{"client"}, Chart: Bars, Plots: []string{"revenue"}, source: revenueByClient,
				Columns: []Column{
					clientColumn, {ID: "invoices", Label: "Invoices", Type: Count, Summed: true},
					{ID: "revenue", Label: "Revenue", Type: Money, Summed: true}, {ID: "collected", Label: "Collected", Type: Money, Summed: true},
				},
			},
			Grouping{
				ID: "invoice", Title: "by invoice", Filters: []string{"client"}, source: revenueByInvoice,
				Columns: []Column{
					numberColumn, clientColumn, {ID: "subject", Label: "Subject", Type: Text, Width: 2.2},
					{ID: "issued", Label: "Issued", Type: Date}, {ID: "due", Label: "Due", Type: Date}, statusColumn,
					{ID: "revenue", Label: "Revenue", Type: Money, Summed: true}, {ID: "tax", Label: "Tax", Type: Money, Summed: true},
					{ID: "total", Label: "Total", Type: Money, Summed: true}, {ID: "balance", Label: "Outstanding", Type: Money, Summed: true},
				},
			}),
	},
	{
		Kind: "receivables", Title: "Receivables ageing", About: "What is outstanding now, by its age since the day of issue.",
		Needs: []account.Permission{account.FinanceRead}, NoPeriod: true,
		Groupings: []Grouping{
			{
				ID: "age", Title: "by age", Filters: []string{"client"}, Chart: Bars, Plots: []string{"owed"}, source: receivablesByAge,
				Columns: []Column{
					{ID: "age", Label: "Days since issue", Type: Text}, {ID: "invoices", Label: "Invoices", Type: Count, Summed: true},
					{ID: "owed", Label: "Outstanding", Type: Money, Summed: true},
				},
			},
			{
				ID: "client", Title: "by client", Filters: []string{"client"}, Chart: Bars, Plots: []string{"owed"}, source: receivablesByClient,
				Columns: []Column{
					clientColumn, {ID: "invoices", Label: "Invoices", Type: Count, Summed: true},
					{ID: "age0", Label: "0-30 days", Type: Money, Summed: true}, {ID: "age31", Label: "31-60 days", Type: Money, Summed: true},
					{ID: "age61", Label: "61-90 days", Type: Money, Summed: true}, {ID: "age90", Label: "90+ days", Type: Money, Summed: true},
					{ID: "owed", Label: "Outstanding", Type: Money, Summed: true},
				},
			},
			{
				ID: "invoice", Title: "by invoice", Filters: []string{"client"}, source: receivablesByInvoice,
				Columns: []Column{
					numberColumn, clientColumn, {ID: "subject", Label: "Subject", Type: Text, Width: 2.2}, {ID: "issued", Label: "Issued", Type: Date},
					{ID: "due", Label: "Due", Type: Date}, statusColumn, {ID: "days", Label: "Days", Type: Count, Width: 0.6},
					{ID: "owed", Label: "Outstanding", Type: Money, Summed: true},
				},
			},
		},
	},
	{
		Kind: "visits", Title: "Visits", About: "The visits that are scheduled in the period, and which of them are complete.",
		Statuses: []Status{
			{"completed", "Completed"}, {"late", "Late"}, {"inProgress", "In progress"}, {"upcoming", "Upcoming"},
		},
		Groupings: append(stepped([]Column{
			{ID: "visits", Label: "Visits", Type: Count, Summed: true}, {ID: "completed", Label: "Completed", Type: Count, Summed: true},
			{ID: "rate", Label: "Completed %", Type: Percent, Share: [2]string{"completed", "visits"}},
		}, []string{"visits", "completed"}, visitFilters, visitsByTime),
			visitsBy("client", "by client", clientColumn, true),
			visitsBy("person", "by person", Column{ID: "person", Label: "Person", Type: Text, Width: 2}, false),
			visitsBy("team", "by team", Column{ID: "team", Label: "Team", Type: Text, Width: 2}, false),
			Grouping{
				ID: "visit", Title: "by visit", Filters: visitFilters, source: visitsByVisit,
				Columns: []Column{
					{ID: "start", Label: "Start", Type: Moment, Width: 1.3}, {ID: "end", Label: "End", Type: Moment, Width: 1.3}, clientColumn, titleColumn,
					{ID: "people", Label: "People", Type: Text, Width: 1.8}, statusColumn, {ID: "minutes", Label: "Minutes", Type: Minutes, Summed: true},
				},
			}),
	},
	{
		Kind: "jobs", Title: "Jobs", About: "The jobs that start in the period.",
		Statuses: jobStatuses,
		Groupings: []Grouping{
			{
				ID: "month", Title: "by month", Filters: []string{"client", "status"}, Chart: Line, Plots: []string{"jobs", "completed"}, source: jobsByMonth,
				Columns: append([]Column{{ID: "start", Label: "Month", Type: Month}}, jobSums...),
			},
			{
				ID: "client", Title: "by client", Filters: []string{"client", "status"}, Chart: Bars, Plots: []string{"jobs"}, source: jobsByClient,
				Columns: append([]Column{clientColumn}, jobSums...),
			},
			{
				ID: "job", Title: "by job", Filters: []string{"client", "status"}, source: jobsByJob,
				Columns: []Column{
					numberColumn, clientColumn, titleColumn, statusColumn, {ID: "start", Label: "Start", Type: Moment, Width: 1.3},
					{ID: "end", Label: "End", Type: Moment, Width: 1.3}, {ID: "done", Label: "Completed", Type: Moment, Width: 1.3},
					{ID: "total", Label: "Total", Type: Money, Summed: true}, {ID: "uninvoiced", Label: "Not invoiced", Type: Money, Summed: true},
				},
			},
		},
	},
	{
		Kind: "crew", Title: "Crew utilisation", About: "Scheduled and completed time of those who are in a team, against eight hours a working day.",
		Groupings: []Grouping{
			{
				ID: "team", Title: "by team", Filters: []string{"team"}, Chart: Bars, Plots: []string{"utilisation"}, source: crewByTeam,
				Columns: append([]Column{{ID: "team", Label: "Team", Type: Text, Width: 2}}, crewSums...),
			},
			{
				ID: "person", Title: "by person", Filters: []string{"team"}, Chart: Bars, Plots: []string{"utilisation"}, source: crewByPerson,
				Columns: append([]Column{{ID: "person", Label: "Person", Type: Text, Width: 2}, {ID: "team", Label: "Team", Type: Text, Width: 1.5}}, crewSums...),
			},
		},
	},
	{
		Kind: "quotes", Title: "Quote conversion", About: "The quotes that were sent in the period, and which of them were won since.",
		Statuses: quoteStatuses,
		Groupings: append(stepped(quoteSums, []string{"sent", "won"}, []string{"client"}, quotesByTime),
			Grouping{
				ID: "client", Title: "by client", Filters: []string{"client"}, Chart: Bars, Plots: []string{"sent"}, source: quotesByClient,
				Columns: append([]Column{clientColumn}, quoteSums...),
			},
			Grouping{
				ID: "quote", Title: "by quote", Filters: []string{"client", "status"}, source: quotesByQuote,
				Columns: []Column{
					numberColumn, clientColumn, titleColumn, statusColumn, {ID: "sent", Label: "Sent", Type: Date},
					{ID: "won", Label: "Won", Type: Text, Width: 0.6}, {ID: "amount", Label: "Total", Type: Money, Summed: true},
				},
			}),
	},
	{
		Kind: "clients", Title: "Client history", About: "What happened with the clients, or with one of them, in the period.",
		Groupings: []Grouping{
			{
				ID: "client", Title: "by client", Filters: []string{"client"}, Chart: Bars, Plots: []string{"visits"}, source: clientsByClient,
				Columns: []Column{
					clientColumn, {ID: "quotes", Label: "Quotes sent", Type: Count, Summed: true}, {ID: "won", Label: "Quotes won", Type: Count, Summed: true},
					{ID: "jobs", Label: "Jobs", Type: Count, Summed: true}, {ID: "visits", Label: "Visits", Type: Count, Summed: true},
					{ID: "completed", Label: "Completed", Type: Count, Summed: true}, {ID: "invoices", Label: "Invoices", Type: Count, Summed: true, Amount: true},
					{ID: "revenue", Label: "Revenue", Type: Money, Summed: true}, {ID: "collected", Label: "Collected", Type: Money, Summed: true},
				},
			},
			{
				ID: "entry", Title: "of one client", Filters: []string{"client"}, Needs: []string{"client"}, source: clientsByEntry,
				Columns: []Column{
					{ID: "date", Label: "Date", Type: Moment, Width: 1.2}, {ID: "what", Label: "What", Type: Text}, numberColumn, titleColumn, statusColumn,
					{ID: "amount", Label: "Amount", Type: Money},
				},
			},
		},
	},
	{
		Kind: "audit", Title: "Audit log", About: "Who did what, to what, when and from where. With its proofs it is exported from the audit log itself.",
		Needs: []account.Permission{account.EventExport},
		Groupings: []Grouping{{
			ID: "event", Title: "by event", source: auditByEvent,
			Columns: []Column{
				{ID: "time", Label: "Time", Type: Moment, Width: 1.3}, {ID: "type", Label: "Type", Type: Text, Width: 1.5},
				{ID: "who", Label: "Who", Type: Text, Width: 1.5}, {ID: "about", Label: "About", Type: Text, Width: 2}, {ID: "record", Label: "Record", Type: Text, Width: 1.3},
				{ID: "detail", Label: "Detail", Type: Text, Width: 2}, {ID: "amount", Label: "Amount", Type: Money},
				{ID: "address", Label: "Address", Type: Text}, {ID: "reason", Label: "Reason", Type: Text},
			},
		}},
	},
}

var visitFilters = []string{"client", "team", "person", "status"}

// visitsBy is a grouping of visits. A visit of two people is each one's, so that only clients' visits have a total.
func visitsBy(id, title string, first Column, summed bool) Grouping {
	return Grouping{
		ID: id, Title: title, Filters: visitFilters, Chart: Bars, Plots: []string{"visits"}, source: visitsByName,
		Columns: []Column{
			first, {ID: "visits", Label: "Visits", Type: Count, Summed: summed}, {ID: "completed", Label: "Completed", Type: Count, Summed: summed},
			{ID: "minutes", Label: "Scheduled minutes", Type: Minutes, Summed: true}, {ID: "done", Label: "Completed minutes", Type: Minutes, Summed: true},
		},
	}
}

var jobSums = []Column{
	{ID: "jobs", Label: "Jobs", Type: Count, Summed: true}, {ID: "completed", Label: "Completed", Type: Count, Summed: true},
	{ID: "total", Label: "Total", Type: Money, Summed: true}, {ID: "uninvoiced", Label: "Not invoiced", Type: Money, Summed: true},
}

var crewSums = []Column{
	{ID: "scheduled", Label: "Scheduled minutes", Type: Minutes, Summed: true}, {ID: "completed", Label: "Completed minutes", Type: Minutes, Summed: true},
	{ID: "capacity", Label: "Capacity minutes", Type: Minutes, Summed: true},
	{ID: "utilisation", Label: "Utilisation", Type: Percent, Share: [2]string{"scheduled", "capacity"}},
}

var quoteSums = []Column{
	{ID: "sent", Label: "Sent", Type: Count, Summed: true}, {ID: "won", Label: "Won", Type: Count, Summed: true},
	{ID: "rate", Label: "Conversion", Type: Percent, Share: [2]string{"won", "sent"}},
	{ID: "sentAmount", Label: "Sent, total", Type: Money, Summed: true}, {ID: "wonAmount", Label: "Won, total", Type: Money, Summed: true},
}
