package rollup

import (
	"fmt"
	"time"
)

// Day is a calendar day in the account's time zone, as "2006-01-02". Days sort as text.
type Day string

const dayLayout = "2006-01-02"

// DayOf returns the day on which t falls in zone.
func DayOf(t time.Time, zone *time.Location) Day { return Day(t.In(zone).Format(dayLayout)) }

func dayFrom(t time.Time) Day { return Day(t.Format(dayLayout)) }

// midnight is the day as an instant of UTC, for calendar arithmetic only. A Day always comes from DayOf or from a
// document's name that DayOf made, so it parses; anything else is the zero time.
func (d Day) midnight() time.Time {
	t, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add returns the day n days later; earlier when n is negative.
func (d Day) Add(n int) Day { return dayFrom(d.midnight().AddDate(0, 0, n)) }

// Since returns the number of days from other to d.
func (d Day) Since(other Day) int { return int(d.midnight().Sub(other.midnight()) / (24 * time.Hour)) }

// Month is a calendar month in the account's time zone, as "2006-01". Months sort as text.
type Month string

// Month returns the month that d is in.
func (d Day) Month() Month {
	if len(d) < len("2006-01") {
		return ""
	}
	return Month(d[:len("2006-01")])
}

// First returns the month's first day.
func (m Month) First() Day { return Day(m) + "-01" }

// Last returns the month's last day.
func (m Month) Last() Day { return dayFrom(m.First().midnight().AddDate(0, 1, -1)) }

// Next returns the month after m.
func (m Month) Next() Month { return dayFrom(m.First().midnight().AddDate(0, 1, 0)).Month() }

// sameDayIn returns d's day of the month in the month of first, or that month's last day when it is shorter.
func sameDayIn(first time.Time, d time.Time) Day {
	last := first.AddDate(0, 1, -1)
	return Day(fmt.Sprintf("%s-%02d", first.Format("2006-01"), min(d.Day(), last.Day())))
}

// Weekday returns how many days after Monday d is.
func (d Day) Weekday() int { return (int(d.midnight().Weekday()) + 6) % 7 }

// In returns when d begins in zone, as time.Date tells it: where the clocks change at midnight it may be off by the change.
func (d Day) In(zone *time.Location) time.Time {
	t := d.midnight()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

// ParseDay returns the day that a text names, as "2006-01-02", and whether it names one.
func ParseDay(text string) (Day, bool) {
	t, err := time.Parse(dayLayout, text)
	return Day(text), err == nil && t.Year() >= 1 && dayFrom(t) == Day(text)
}
