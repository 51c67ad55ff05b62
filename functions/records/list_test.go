package records

import (
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Whatever is asked for is refused as the asker's mistake, or comes out as a query that Firestore takes.
func FuzzQuery(f *testing.F) {
	cursor, err := httpapi.EncodeCursor(position{Sort: "-startAt", ID: "Visit_1", Time: new(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("-startAt", "2026-01-01", "2026-01-31", cursor, "smith")
	f.Add("name", "", "", "e30", "")
	f.Add("startAt", "9999-12-31", "9999-12-31", "", "")
	f.Add("startAt", "0001-01-01T00:00:00+23:59", "0000-01-01", "", "\x00")
	f.Add("startAt", "2026-03-08T02:30:00-07:00", "2026-03-08", "", "a b c")
	zone, err := time.LoadLocation("America/Denver")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sort, from, to, cursor, search string) {
		asked := listing{
			page: SearchInput{PageInput: httpapi.PageInput{Limit: 25, Cursor: cursor}, Q: search},
			sort: sort, span: SpanInput{From: from, To: to}, spanOf: "startAt",
		}
		q, used, err := asked.query(view{zone: zone})
		if err != nil {
			if problem.CodeOf(err) != problem.Invalid {
				t.Fatalf("got %v, want a problem Invalid", err)
			}
			return
		}
		if used != sort || q.Limit != 25 {
			t.Errorf("got the order %q and %d at most", used, q.Limit)
		}
		for _, at := range []*time.Time{q.From, q.To} {
			if at != nil && (!cloud.IsTime(*at) || q.Range != q.Sort) {
				t.Errorf("got a bound of %s on %s, in the order of %s", at, q.Range, q.Sort)
			}
		}
		if q.After != nil {
			if at, ok := q.After.Value.(time.Time); !cloud.AreIDs(q.After.ID) || (ok && !cloud.IsTime(at)) {
				t.Errorf("goes on after %v", q.After)
			}
		}
	})
}
