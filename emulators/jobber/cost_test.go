package jobber_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber"
)

// The first three are the examples of Jobber's documentation.
func TestRequestedCost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	quote := nodes(b.data(token, `{ quotes(first: 1) { nodes { id } } }`, nil), "quotes")[0]["id"]
	tests := []struct {
		name, query string
		want        int
	}{
		{"a quote with its client", `query($id: EncodedId!) { quote(id: $id) { id quoteNumber title client { id firstName } } }`, 7},
		{"ten quotes of five fields", `query($id: EncodedId!) { quote(id: $id) { id } quotes(first: 10) { nodes { id title quoteNumber quoteStatus message } } }`, 50 + 2},
		{"as many as there are", `query($id: EncodedId!) { quote(id: $id) { id } quotes { nodes { id title quoteNumber quoteStatus message } } }`, 500 + 2},
		{"by edges", `query($id: EncodedId!) { quote(id: $id) { id } quotes(first: 10) { edges { node { id } cursor } } }`, 20 + 2},
		{"last, in a variable", `query($id: EncodedId!, $n: Int = 7) { quote(id: $id) { id } quotes(last: $n) { nodes { id } } }`, 7 + 2},
		{"nested", `query($id: EncodedId!) { quote(id: $id) { id } jobs(first: 10) { nodes { id visits(first: 20) { nodes { id title } } } } }`, 10*(1+20*2) + 2},
		{"nested without first", `query($id: EncodedId!) { quote(id: $id) { id } jobs(first: 10) { nodes { visits { nodes { id } } } } }`, 10*100 + 2},
		{"page info once", `query($id: EncodedId!) { quote(id: $id) { id } quotes(first: 10) { nodes { id } pageInfo { hasNextPage endCursor } } }`, 10 + 3 + 2},
		{"filter and sort are free", `query($id: EncodedId!) { quote(id: $id) { id } quotes(first: 10, filter: {status: draft}, sort: [{key: CREATED_AT, direction: ASCENDING}]) { nodes { id } } }`, 10 + 2},
		{"a fragment", `query($id: EncodedId!) { quote(id: $id) { ...Q } } fragment Q on Quote { id title }`, 3},
		{"skipped", `query($id: EncodedId!) { quote(id: $id) { id title @skip(if: true) message @include(if: false) } }`, 2},
	}
	for _, test := range tests {
		got := b.reply(token, test.query, m{"id": quote})
		if len(got.Errors) > 0 || got.Extensions.Cost.Requested != test.want {
			t.Errorf("%s: requested cost %d, want %d; errors %v", test.name, got.Extensions.Cost.Requested, test.want, got.Errors)
		}
	}
}

func TestActualCost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	got := b.reply(token, `{ users { nodes { id name { first last } } pageInfo { hasNextPage } } }`, nil)
	want := len(nodes(got.Data, "users"))*4 + 2
	if cost := got.Extensions.Cost; cost.Requested != 402 || cost.Actual != want || cost.Throttle.CurrentlyAvailable != 10_000-want {
		t.Errorf("cost %+v, want 402 requested, %d actual and only that taken", cost, want)
	}
	b.clock.Advance(time.Minute)
	nothing := b.reply(token, `query($id: EncodedId!) { client(id: $id) { id name } }`, m{"id": "Z2lkOi8vSm9iYmVyL0NsaWVudC8x"})
	if cost := nothing.Extensions.Cost; nothing.Data["client"] != nil || len(nothing.Errors) > 0 || cost.Requested != 3 || cost.Actual != 1 {
		t.Errorf("an id that is not there: %+v", nothing)
	}
}

func TestThrottled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token, other := b.connect("1").Access, b.connect("2").Access
	page := `{ clients(first: 100) { nodes { id name firstName lastName balance isLead isArchived createdAt updatedAt } } }`
	spent := 0
	var got reply
	for {
		if got = b.reply(token, page, nil); got.code() != nil {
			break
		}
		spent += got.Extensions.Cost.Actual
	}
	if spent <= 10_000-900 || spent > 10_000 {
		t.Errorf("throttled after %d points", spent)
	}
	if got.code() != "THROTTLED" || got.Errors[0].Message != "Throttled" || got.Data != nil || got.Errors[0].Extensions["documentation"] == nil {
		t.Errorf("throttled: %+v", got)
	}
	cost := got.Extensions.Cost
	if cost.Requested != 900 || cost.Actual != 0 || cost.Throttle.MaximumAvailable != 10_000 ||
		cost.Throttle.CurrentlyAvailable != 10_000-spent || cost.Throttle.RestoreRate != 500 {
		t.Errorf("cost %+v after %d points", cost, spent)
	}
	b.data(other, page, nil) // its own bucket

	// What is missing comes back at 500 points a second, and not earlier.
	missing := 900 - cost.Throttle.CurrentlyAvailable
	wait := time.Duration(missing) * time.Second / 500
	b.clock.Advance(wait - time.Millisecond)
	if got := b.reply(token, page, nil); got.code() != "THROTTLED" {
		t.Errorf("a millisecond too early: %+v", got.Extensions)
	}
	b.clock.Advance(time.Millisecond)
	b.data(token, page, nil)
	b.clock.Advance(20 * time.Second)
	if got := b.reply(token, `{ account { id } }`, nil).Extensions.Cost.Throttle.CurrentlyAvailable; got != 9_998 {
		t.Errorf("after 20 s %d are available, want a full bucket less 2", got)
	}
	if stats := b.stats("1"); stats.Throttled != 2 {
		t.Errorf("stats %+v, want 2 throttled", stats)
	}
}

func TestTooDearForTheBucket(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	query := `{ jobs(first: 100) { nodes { id visits { nodes { id } } } } }`
	got := b.reply(token, query, nil)
	if got.code() != "THROTTLED" || got.Extensions.Cost.Requested != 10_100 || got.Extensions.Cost.Throttle.CurrentlyAvailable != 10_000 {
		t.Errorf("%+v", got)
	}
	b.settings(m{"bucket": 1_000_000, "restoreRate": 50_000})
	if got := b.reply(token, query, nil); got.code() != nil || got.Extensions.Cost.Throttle.MaximumAvailable != 1_000_000 {
		t.Errorf("with a hundredfold bucket: %+v", got.Errors)
	}
}

func TestRequestLimiter(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token, other := b.connect("1").Access, b.connect("2").Access
	query := `{ __typename }`
	for range 2_500 {
		b.ask(token, query, nil).want(http.StatusOK)
		b.clock.Advance(50 * time.Millisecond)
	}
	if got := b.ask(token, query, nil).want(http.StatusTooManyRequests); !strings.HasPrefix(string(got.body), "Retry later") {
		t.Errorf("body %s", got.body)
	}
	b.ask(other, query, nil).want(http.StatusOK)
	b.clock.Advance(5 * time.Minute)
	b.ask(token, query, nil).want(http.StatusOK)
	if got := b.stats("1"); got.RateLimited != 1 || got.Requests != 2_502 {
		t.Errorf("stats %+v", got)
	}
}

func TestSmallRequestLimiter(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *jobber.Options) { o.RequestLimit, o.RequestWindow = 2, time.Second })
	token := b.connect("1").Access
	for i, want := range []int{200, 200, 429} {
		if got := b.ask(token, `{ __typename }`, nil).status; got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
}

func TestLeastPossibleCost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	copyAll := func() int {
		spent, after := 0, ""
		for {
			variables := m{}
			if after != "" {
				variables["after"] = after
			}
			b.clock.Advance(20 * time.Second)
			got := b.reply(token, `query($after: String) { visits(first: 100, after: $after) { nodes {
				id title job { id } assignedUsers(first: 5) { nodes { id } } } pageInfo { hasNextPage endCursor } } }`, variables)
			spent += got.Extensions.Cost.Actual
			if dig(got.Data, "visits", "pageInfo", "hasNextPage") != true {
				return spent
			}
			after = dig(got.Data, "visits", "pageInfo", "endCursor").(string)
		}
	}
	once := copyAll()
	if got := b.stats("1"); got.PointsSpent != int64(once) || got.LeastPossibleCost != once {
		t.Errorf("copied once for %d: stats %+v, want both the same", once, got)
	}
	twice := once + copyAll()
	if got := b.stats("1"); got.PointsSpent != int64(twice) || got.LeastPossibleCost != once {
		t.Errorf("copied twice: spent %d, least %d, want %d and %d", got.PointsSpent, got.LeastPossibleCost, twice, once)
	}
	visit := b.control("/accounts/1/visits/any/complete")
	b.data(token, `query($id: EncodedId!) { visit(id: $id) { id title } }`, m{"id": visit})
	if got := b.stats("1").LeastPossibleCost; got != once+3 {
		t.Errorf("a changed record read again: least %d, want %d", got, once+3)
	}
}
