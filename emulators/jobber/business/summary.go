package business

// Summary is the true figures of a period, in the shape in which the product's dashboard tells its own. Money is cents,
// dates are 2006-01-02 in the business's time zone, ratios have four decimals and are null where they would divide by
// zero.
type Summary struct {
	Period          Period      `json:"period"`
	Currency        string      `json:"currency"`
	Revenue         Flow        `json:"revenue"`
	Collected       Flow        `json:"collected"`
	Receivables     Receivables `json:"receivables"`
	VisitsToday     VisitsToday `json:"visitsToday"`
	Pipeline        Pipeline    `json:"pipeline"`
	QuoteConversion Conversion  `json:"quoteConversion"`
	CrewUtilisation []Crew      `json:"crewUtilisation"`
}

// Period is the days that were asked for and those that they are compared with, all inclusive.
type Period struct {
	Name         string `json:"name"`
	From         string `json:"from"`
	To           string `json:"to"`
	PreviousFrom string `json:"previousFrom"`
	PreviousTo   string `json:"previousTo"`
	TimeZone     string `json:"timeZone"`
}

// Flow is money by time.
type Flow struct {
	Cents         int64    `json:"cents"`
	PreviousCents int64    `json:"previousCents"`
	Change        *float64 `json:"change"`
	Granularity   string   `json:"granularity"`
	Trend         []Point  `json:"trend"`
	PreviousTrend []Point  `json:"previousTrend"`
}

// Point is the money of one day, or of the month that begins on Start.
type Point struct {
	Start string `json:"start"`
	Cents int64  `json:"cents"`
}

// Receivables is what clients owe, by the age of the invoice.
type Receivables struct {
	Cents    int64    `json:"cents"`
	Invoices int      `json:"invoices"`
	Ageing   []Ageing `json:"ageing"`
}

// Ageing is the part of the receivables in one range of days.
type Ageing struct {
	Bucket   string `json:"bucket"`
	Cents    int64  `json:"cents"`
	Invoices int    `json:"invoices"`
}

// VisitsToday is the day's visits by state.
type VisitsToday struct {
	Date       string `json:"date"`
	Total      int    `json:"total"`
	Completed  int    `json:"completed"`
	InProgress int    `json:"inProgress"`
	Late       int    `json:"late"`
	Upcoming   int    `json:"upcoming"`
}

// Pipeline is the open work by kind.
type Pipeline struct {
	Requests Stages `json:"requests"`
	Quotes   Stages `json:"quotes"`
	Jobs     Stages `json:"jobs"`
	Invoices Stages `json:"invoices"`
}

// Stages is the open work of one kind; Count and Cents are the sums of the stages.
type Stages struct {
	Count  int     `json:"count"`
	Cents  int64   `json:"cents"`
	Stages []Stage `json:"stages"`
}

// Stage is the open work of one kind that stands at one point.
type Stage struct {
	Stage string `json:"stage"`
	Count int    `json:"count"`
	Cents int64  `json:"cents"`
}

// Conversion is what became of the quotes that were sent in the period.
type Conversion struct {
	Sent      int      `json:"sent"`
	Won       int      `json:"won"`
	SentCents int64    `json:"sentCents"`
	WonCents  int64    `json:"wonCents"`
	Rate      *float64 `json:"rate"`
}

// Crew is one crew's time in the period.
type Crew struct {
	Team             string   `json:"team"`
	Name             string   `json:"name"`
	ScheduledMinutes int64    `json:"scheduledMinutes"`
	CompletedMinutes int64    `json:"completedMinutes"`
	CapacityMinutes  int64    `json:"capacityMinutes"`
	Utilisation      *float64 `json:"utilisation"`
}
