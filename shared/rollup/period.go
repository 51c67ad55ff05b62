package rollup

import (
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
)

// Names are the periods that can be asked for.
var Names = []string{"today", "7d", "30d", "mtd", "ytd"}

// Granularity is the step of a trend.
type Granularity string

// The granularities.
const (
	Daily   Granularity = "day"
	Monthly Granularity = "month"
)

// Period is a span of days and the span that it is compared with; both ends are included.
type Period struct {
	Name         string `json:"name" doc:"The period that was asked for"`
	From         Day    `json:"from" doc:"First day, in the account's time zone"`
	To           Day    `json:"to" doc:"Last day: today"`
	PreviousFrom Day    `json:"previousFrom" doc:"First day of the span that it is compared with"`
	PreviousTo   Day    `json:"previousTo" doc:"Last day of the span that it is compared with"`
	TimeZone     string `json:"timeZone" doc:"The account's time zone, an IANA name"`
}

// NewPeriod returns the named period as it stands at now. Its error is problem.Invalid.
func NewPeriod(name string, now time.Time, zone *time.Location) (Period, error) {
	today := DayOf(now, zone)
	t := today.midnight()
	p := Period{Name: name, From: today, To: today, TimeZone: zone.String()}
	switch name {
	case "today":
		p.PreviousFrom, p.PreviousTo = today.Add(-1), today.Add(-1)
	case "7d":
		p.From, p.PreviousFrom, p.PreviousTo = today.Add(-6), today.Add(-13), today.Add(-7)
	case "30d":
		p.From, p.PreviousFrom, p.PreviousTo = today.Add(-29), today.Add(-59), today.Add(-30)
	case "mtd":
		first := today.Month().First().midnight()
		before := first.AddDate(0, -1, 0)
		p.From, p.PreviousFrom, p.PreviousTo = dayFrom(first), dayFrom(before), sameDayIn(before, t)
	case "ytd":
		january := time.Date(t.Year(), time.January, 1, 0, 0, 0, 0, time.UTC)
		p.From, p.PreviousFrom = dayFrom(january), dayFrom(january.AddDate(-1, 0, 0))
		p.PreviousTo = sameDayIn(time.Date(t.Year()-1, t.Month(), 1, 0, 0, 0, 0, time.UTC), t)
	default:
		return Period{}, problem.New(problem.Invalid, "There is no period %q. Ask for today, 7d, 30d, mtd or ytd.", name)
	}
	return p, nil
}

// Granularity returns the step of the period's trends.
func (p Period) Granularity() Granularity {
	if p.Name == "ytd" {
		return Monthly
	}
	return Daily
}

// workdays counts Monday to Friday in the period.
func (p Period) workdays() int64 {
	var n int64
	for d := p.From; d <= p.To; d = d.Add(1) {
		if wd := d.midnight().Weekday(); wd != time.Saturday && wd != time.Sunday {
			n++
		}
	}
	return n
}
