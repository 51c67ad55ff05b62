package rollup

import (
	"sort"
	"strconv"
)

// Figures is one day's or one month's sum. A month has no Visits.
type Figures struct {
	Revenue   int64              `firestore:"revenue"`
	Collected int64              `firestore:"collected"`
	Owed      Owed               `firestore:"owed"`
	Quotes    Quotes             `firestore:"quotes"`
	Visits    Visits             `firestore:"visits"`
	Crew      map[string]Minutes `firestore:"crew"` // by user
}

// Owed is money outstanding and the number of invoices it is on.
type Owed struct {
	Cents int64 `firestore:"cents"`
	Count int64 `firestore:"count"`
}

func (o Owed) plus(other Owed) Owed { return Owed{o.Cents + other.Cents, o.Count + other.Count} }

// Quotes counts quotes by when they were sent.
type Quotes struct {
	Sent      int64 `firestore:"sent"`
	SentCents int64 `firestore:"sentCents"`
	Won       int64 `firestore:"won"`
	WonCents  int64 `firestore:"wonCents"`
}

// Visits counts a day's visits. Starts and Ends count the open ones by the minute (since 1970) they start and are over.
type Visits struct {
	Total     int64            `firestore:"total"`
	Completed int64            `firestore:"completed"`
	Starts    map[string]int64 `firestore:"starts"`
	Ends      map[string]int64 `firestore:"ends"`
}

// Minutes is a person's scheduled and completed time.
type Minutes struct {
	Scheduled int64 `firestore:"scheduled"`
	Completed int64 `firestore:"completed"`
}

// Totals is what has no day.
type Totals struct {
	Pipeline map[string]map[string]Value `firestore:"pipeline"` // pipeline → stage
	Records  map[string]int64            `firestore:"records"`  // by collection
}

// Value is a number of records and their worth.
type Value struct {
	Count int64 `firestore:"count"`
	Cents int64 `firestore:"cents"`
}

// reached sums the counts whose minute is not after now.
func reached(byMinute map[string]int64, now int64) int64 {
	var n int64
	for minute, count := range byMinute {
		if m, err := strconv.ParseInt(minute, 10, 64); err == nil && m <= now {
			n += count
		}
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
