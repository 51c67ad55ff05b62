package rollup

import (
	"sort"
	"time"
)

// Summary is the dashboard's overview of one period. Amounts are cents of the account's currency.
type Summary struct {
	Period          Period       `json:"period"`
	Currency        string       `json:"currency" doc:"ISO 4217 code"`
	Revenue         *Trend       `json:"revenue" doc:"Invoiced before tax, by issue date; null without finance:read"`
	Collected       *Trend       `json:"collected" doc:"Payments less refunds, by entry date; null without finance:read"`
	Receivables     *Receivables `json:"receivables" doc:"Outstanding now, by age since issue; null without finance:read"`
	VisitsToday     VisitsToday  `json:"visitsToday"`
	Pipeline        Pipeline     `json:"pipeline"`
	QuoteConversion Conversion   `json:"quoteConversion"`
	CrewUtilisation []Crew       `json:"crewUtilisation" nullable:"false"`
}

// Trend is an amount over the period and over the one before.
type Trend struct {
	Cents         int64       `json:"cents"`
	PreviousCents int64       `json:"previousCents"`
	Change        *float64    `json:"change" doc:"(cents - previousCents) / previousCents, to 4 decimals; null when previousCents is 0"`
	Granularity   Granularity `json:"granularity" enum:"day,month"`
	Trend         []Point     `json:"trend" nullable:"false"`
	PreviousTrend []Point     `json:"previousTrend" nullable:"false"`
}

// Point is one step of a trend.
type Point struct {
	Start Day   `json:"start"`
	Cents int64 `json:"cents"`
}

// Receivables is what customers owe.
type Receivables struct {
	Cents    int64    `json:"cents"`
	Invoices int64    `json:"invoices"`
	Ageing   []Bucket `json:"ageing" nullable:"false"`
}

// Bucket is the part of the receivables of one age, in days since issue.
type Bucket struct {
	Bucket   string `json:"bucket" enum:"0-30,31-60,61-90,90+"`
	Cents    int64  `json:"cents"`
	Invoices int64  `json:"invoices"`
}

// VisitsToday counts today's visits by their state at the moment of asking.
type VisitsToday struct {
	Date       Day   `json:"date"`
	Total      int64 `json:"total"`
	Completed  int64 `json:"completed"`
	InProgress int64 `json:"inProgress"`
	Late       int64 `json:"late" doc:"Should be over by now and is not complete"`
	Upcoming   int64 `json:"upcoming"`
}

// Pipeline is what is open, by stage.
type Pipeline struct {
	Requests Stages `json:"requests"`
	Quotes   Stages `json:"quotes"`
	Jobs     Stages `json:"jobs"`
	Invoices Stages `json:"invoices"`
}

// Stages are the stages of one part of the pipeline. Cents are null without finance:read.
type Stages struct {
	Count  int64   `json:"count"`
	Cents  *int64  `json:"cents"`
	Stages []Stage `json:"stages" nullable:"false"`
}

// Stage is one stage.
type Stage struct {
	Stage string `json:"stage"`
	Count int64  `json:"count"`
	Cents *int64 `json:"cents"`
}

// Conversion is how many of the quotes sent in the period were won. Cents are null without finance:read.
type Conversion struct {
	Sent      int64    `json:"sent"`
	Won       int64    `json:"won"`
	SentCents *int64   `json:"sentCents"`
	WonCents  *int64   `json:"wonCents"`
	Rate      *float64 `json:"rate" doc:"won / sent, to 4 decimals; null when none was sent"`
}

// Crew is a team's time in the period.
type Crew struct {
	Team             string   `json:"team"`
	Name             string   `json:"name"`
	ScheduledMinutes int64    `json:"scheduledMinutes"`
	CompletedMinutes int64    `json:"completedMinutes"`
	CapacityMinutes  int64    `json:"capacityMinutes" doc:"480 a working day for each active, schedulable person"`
	Utilisation      *float64 `json:"utilisation" doc:"scheduled / capacity, to 4 decimals; null when there is no capacity"`
}

// stageNames are the pipelines' stages in the order in which work moves through them.
var stageNames = map[string][]string{
	"requests": {"new", "assessment", "assessed"},
	"quotes":   {"draft", "awaitingResponse", "changesRequested", "approved"},
	"jobs":     {"active", "requiresInvoicing"},
	"invoices": {"draft", "awaitingPayment"},
}

// Teammate is a person as utilisation needs them. One without a team is not counted.
type Teammate struct {
	UserID, Team, TeamName string
	Schedulable            bool // adds to the team's capacity
}

// Sheet is everything that a summary is computed from.
type Sheet struct {
	Period Period
	Now    time.Time
	Days   map[Day]Figures
	Months map[Month]Figures
	Totals Totals
}

// Summarise computes the summary. Without finance every amount of money is null.
func (s Sheet) Summarise(currency string, people []Teammate, finance bool) Summary {
	out := Summary{
		Period:          s.Period,
		Currency:        currency,
		VisitsToday:     s.visitsToday(),
		Pipeline:        Pipeline{s.stages("requests"), s.stages("quotes"), s.stages("jobs"), s.stages("invoices")},
		QuoteConversion: s.conversion(),
		CrewUtilisation: s.crews(people),
	}
	if !finance {
		out.hideMoney()
		return out
	}
	out.Revenue = s.trend(func(f Figures) int64 { return f.Revenue })
	out.Collected = s.trend(func(f Figures) int64 { return f.Collected })
	out.Receivables = s.receivables()
	return out
}

func (s *Summary) hideMoney() {
	for _, stages := range []*Stages{&s.Pipeline.Requests, &s.Pipeline.Quotes, &s.Pipeline.Jobs, &s.Pipeline.Invoices} {
		stages.Cents = nil
		for i := range stages.Stages {
			stages.Stages[i].Cents = nil
		}
	}
	s.QuoteConversion.SentCents, s.QuoteConversion.WonCents = nil, nil
}

func (s Sheet) trend(of func(Figures) int64) *Trend {
	t := &Trend{Granularity: s.Period.Granularity()}
	t.Trend, t.Cents = s.points(s.Period.From, s.Period.To, of)
	t.PreviousTrend, t.PreviousCents = s.points(s.Period.PreviousFrom, s.Period.PreviousTo, of)
	t.Change = ratio(t.Cents-t.PreviousCents, t.PreviousCents)
	return t
}

func (s Sheet) points(from, to Day, of func(Figures) int64) ([]Point, int64) {
	var points []Point
	var sum int64
	s.walk(from, to, func(start Day, f Figures) {
		if s.Period.Granularity() == Monthly {
			start = start.Month().First()
		}
		if n := len(points); n == 0 || points[n-1].Start != start {
			points = append(points, Point{Start: start})
		}
		points[len(points)-1].Cents += of(f)
		sum += of(f)
	})
	return points, sum
}

// walk visits from..to in steps: whole months where the period is told by month, days otherwise.
func (s Sheet) walk(from, to Day, visit func(start Day, f Figures)) {
	for d := from; d <= to; {
		m := d.Month()
		if s.Period.Granularity() == Monthly && d == m.First() && m.Last() <= to {
			visit(d, s.Months[m])
			d = m.Next().First()
			continue
		}
		visit(d, s.Days[d])
		d = d.Add(1)
	}
}

func (s Sheet) receivables() *Receivables {
	var owed [len(Ages)]Owed
	today := s.Period.To
	first := receivablesFrom(today)
	for month, f := range s.Months {
		switch {
		case month < first.Month():
			owed[oldest] = owed[oldest].plus(f.Owed)
		case month > today.Month():
			owed[0] = owed[0].plus(f.Owed)
		}
	}
	for d := first; d <= today.Month().Last(); d = d.Add(1) {
		age := AgeOf(today, d)
		owed[age] = owed[age].plus(s.Days[d].Owed)
	}
	out := &Receivables{}
	for age, o := range owed {
		out.Cents, out.Invoices = out.Cents+o.Cents, out.Invoices+o.Count
		out.Ageing = append(out.Ageing, Bucket{Ages[age], o.Cents, o.Count})
	}
	return out
}

// Ages are the ages of receivables, in days since issue.
var Ages = [...]string{"0-30", "31-60", "61-90", "90+"}

const oldest = len(Ages) - 1

// AgeOf returns which of Ages an invoice that was issued on a day has today. One that is issued later has the first.
func AgeOf(today, issued Day) int {
	return min(max(today.Since(issued)-1, 0)/30, oldest)
}

// receivablesFrom is the first day that ages are told by day: older months are all over 90 days.
func receivablesFrom(today Day) Day { return today.Add(-90).Month().First() }

func (s Sheet) visitsToday() VisitsToday {
	visits := s.Days[s.Period.To].Visits
	now := floorMinute(s.Now)
	out := VisitsToday{Date: s.Period.To, Total: visits.Total, Completed: visits.Completed}
	out.Late = reached(visits.Ends, now)
	out.InProgress = reached(visits.Starts, now) - out.Late
	out.Upcoming = out.Total - out.Completed - out.Late - out.InProgress
	return out
}

func (s Sheet) stages(pipeline string) Stages {
	var out Stages
	var sum int64
	for _, name := range stageNames[pipeline] {
		v := s.Totals.Pipeline[pipeline][name]
		out.Stages = append(out.Stages, Stage{Stage: name, Count: v.Count, Cents: &v.Cents})
		out.Count += v.Count
		sum += v.Cents
	}
	out.Cents = &sum
	return out
}

func (s Sheet) conversion() Conversion {
	var q Quotes
	s.walk(s.Period.From, s.Period.To, func(_ Day, f Figures) {
		q.Sent += f.Quotes.Sent
		q.SentCents += f.Quotes.SentCents
		q.Won += f.Quotes.Won
		q.WonCents += f.Quotes.WonCents
	})
	return Conversion{Sent: q.Sent, Won: q.Won, SentCents: &q.SentCents, WonCents: &q.WonCents, Rate: ratio(q.Won, q.Sent)}
}

func (s Sheet) crews(people []Teammate) []Crew {
	worked := map[string]Minutes{}
	s.walk(s.Period.From, s.Period.To, func(_ Day, f Figures) {
		for user, m := range f.Crew {
			sum := worked[user]
			worked[user] = Minutes{sum.Scheduled + m.Scheduled, sum.Completed + m.Completed}
		}
	})
	capacity := workdayMinutes * s.Period.workdays()
	teams := map[string]Crew{}
	for _, p := range people {
		if p.Team == "" {
			continue
		}
		t := teams[p.Team]
		t.Team, t.Name = p.Team, p.TeamName
		t.ScheduledMinutes += worked[p.UserID].Scheduled
		t.CompletedMinutes += worked[p.UserID].Completed
		if p.Schedulable {
			t.CapacityMinutes += capacity
		}
		teams[p.Team] = t
	}
	crews := make([]Crew, 0, len(teams))
	for _, slug := range sortedKeys(teams) {
		t := teams[slug]
		t.Utilisation = ratio(t.ScheduledMinutes, t.CapacityMinutes)
		crews = append(crews, t)
	}
	sort.SliceStable(crews, func(i, j int) bool { return crews[i].Name < crews[j].Name })
	return crews
}

// ratio is part/whole to 4 decimals, half away from zero, or nil when whole is 0. It is worked out in whole numbers: of two
// floating-point numbers a tie would fall either way. Amounts may be up to 4e14 either way.
func ratio(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	if whole < 0 {
		part, whole = -part, -whole
	}
	half := whole
	if part < 0 {
		half = -whole
	}
	r := float64((2*10_000*part+half)/(2*whole)) / 10_000
	return &r
}
