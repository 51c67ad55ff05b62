package jobber_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/clock"
)

func TestActions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	read := func(query, id string) m {
		t.Helper()
		b.clock.Advance(time.Second)
		return b.data(token, query, m{"id": id})
	}
	visit := b.control("/accounts/1/visits/any/complete")
	if got := dig(read(`query($id: EncodedId!) { visit(id: $id) { isComplete } }`, visit), "visit", "isComplete"); got != true {
		t.Errorf("completed visit: %v", got)
	}
	invoice := b.control("/accounts/1/invoices/any/pay")
	if got := read(`query($id: EncodedId!) { invoice(id: $id) { invoiceStatus amounts { invoiceBalance } } }`, invoice); dig(got, "invoice", "invoiceStatus") != "paid" ||
		dig(got, "invoice", "amounts", "invoiceBalance") != 0.0 {
		t.Errorf("paid invoice: %v", got)
	}
	quote := b.control("/accounts/1/quotes/any/approve")
	if got := dig(read(`query($id: EncodedId!) { quote(id: $id) { quoteStatus } }`, quote), "quote", "quoteStatus"); got != "approved" {
		t.Errorf("approved quote: %v", got)
	}
	client := b.control("/accounts/1/clients")
	job := b.control("/accounts/1/jobs?parent=" + client)
	if got := dig(read(`query($id: EncodedId!) { job(id: $id) { client { id } } }`, job), "job", "client", "id"); got != client {
		t.Errorf("job of client %v, want %v", got, client)
	}
	to := start.AddDate(0, 0, 3)
	moved := b.control("/accounts/1/visits/any/reschedule?to=" + to.Format(time.RFC3339))
	if got := dig(read(`query($id: EncodedId!) { visit(id: $id) { startAt } }`, moved), "visit", "startAt"); got != to.Format(time.RFC3339) {
		t.Errorf("rescheduled to %v, want %v", got, to)
	}

	// A deleted client takes its jobs along.
	var deleted struct{ ID string }
	b.do(http.MethodDelete, "/_control/accounts/1/clients/"+client, "", nil, nil).want(http.StatusOK).into(&deleted)
	if deleted.ID != client {
		t.Errorf("deleted %s, want %s", deleted.ID, client)
	}
	if got := read(`query($id: EncodedId!) { job(id: $id) { id } }`, job); got["job"] != nil {
		t.Errorf("the deleted client's job is there: %v", got)
	}
	b.do(http.MethodDelete, "/_control/accounts/1/clients/"+client, "", nil, nil).want(http.StatusNotFound)
}

func TestEveryAction(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for collection, actions := range map[string]string{
		"users":      "update",
		"clients":    "update archive",
		"properties": "update",
		"requests":   "schedule-assessment complete-assessment convert archive",
		"quotes":     "update send approve request-changes convert archive",
		"jobs":       "update close",
		"visits":     "complete uncomplete unschedule reassign reschedule",
		"invoices":   "issue pay pay-part bad-debt void",
		"payments":   "refund fail",
	} {
		for _, action := range strings.Fields(actions) {
			id := b.control("/accounts/1/" + collection + "/any/" + action)
			if raw, err := base64.StdEncoding.DecodeString(id); err != nil || !strings.HasPrefix(string(raw), "gid://Jobber/") {
				t.Errorf("%s %s: id %q", action, collection, raw)
			}
		}
	}
	for _, collection := range []string{"clients", "properties", "requests", "quotes", "jobs", "visits", "invoices"} {
		before := b.stats("2").Records[collection]
		b.control("/accounts/2/" + collection)
		if got := b.stats("2").Records[collection]; got <= before {
			t.Errorf("%s: %d after %d", collection, got, before)
		}
	}
	for _, collection := range []string{"payments", "invoices", "visits", "jobs", "quotes", "requests", "properties", "clients"} {
		before := b.stats("2").Records[collection]
		b.do(http.MethodDelete, "/_control/accounts/2/"+collection+"/any", "", nil, nil).want(http.StatusOK)
		if got := b.stats("2").Records[collection]; got >= before {
			t.Errorf("%s: %d after %d", collection, got, before)
		}
	}
}

func TestActionsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	paid := b.control("/accounts/1/invoices/any/pay")
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPost, "/accounts/3/clients", http.StatusNotFound},
		{http.MethodPost, "/accounts/x/clients", http.StatusNotFound},
		{http.MethodPost, "/accounts/1/users", http.StatusNotFound},
		{http.MethodPost, "/accounts/1/clients/any/explode", http.StatusNotFound},
		{http.MethodPost, "/accounts/1/visits/nothing/complete", http.StatusNotFound},
		{http.MethodPost, "/accounts/1/invoices/" + paid + "/pay", http.StatusConflict},
		{http.MethodPost, "/accounts/1/visits/any/reschedule?to=tomorrow", http.StatusUnprocessableEntity},
		{http.MethodDelete, "/accounts/1/planets/any", http.StatusUnprocessableEntity},
		{http.MethodPost, "/accounts/1/random?count=0", http.StatusUnprocessableEntity},
		{http.MethodPost, "/accounts/1/random?count=10001", http.StatusUnprocessableEntity},
		{http.MethodPost, "/accounts/1/random?seed=-1", http.StatusUnprocessableEntity},
		{http.MethodGet, "/accounts/1/truth?period=decade", http.StatusUnprocessableEntity},
		{http.MethodGet, "/accounts/1/truth?at=noon", http.StatusUnprocessableEntity},
		{http.MethodGet, "/accounts/9/stats", http.StatusNotFound},
		{http.MethodDelete, "/faults/1", http.StatusNotFound},
	} {
		got := b.do(test.method, "/_control"+test.path, "", nil, nil)
		var refusal struct{ Error string }
		if got.into(&refusal); got.status != test.status || refusal.Error == "" {
			t.Errorf("%s %s: %d %s, want %d", test.method, test.path, got.status, got.body, test.status)
		}
	}
}

func TestRandom(t *testing.T) {
	t.Parallel()
	run := func() []m {
		b := newBench(t)
		var got struct {
			ID      string
			Actions []m
		}
		b.post("/_control/accounts/1/random?seed=5&count=50", nil).want(http.StatusOK).into(&got)
		if len(got.Actions) != 50 || got.ID != got.Actions[49]["id"] {
			t.Fatalf("%d actions, the last about %s", len(got.Actions), got.ID)
		}
		return got.Actions
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Errorf("the same seed took another course:\n%s", diff)
	}
}

// TestTruthShape holds truth to the very keys of the dashboard's summary.
func TestTruthShape(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	money := `"cents":0,"previousCents":0,"change":0,"granularity":"","trend":[{"start":"","cents":0}],"previousTrend":[{"start":"","cents":0}]`
	stages := `"count":0,"cents":0,"stages":[{"stage":"","count":0,"cents":0}]`
	var want any
	if err := json.Unmarshal([]byte(`{"period":{"name":"","from":"","to":"","previousFrom":"","previousTo":"","timeZone":""},"currency":"",
		"revenue":{`+money+`},"collected":{`+money+`},
		"receivables":{"cents":0,"invoices":0,"ageing":[{"bucket":"","cents":0,"invoices":0}]},
		"visitsToday":{"date":"","total":0,"completed":0,"inProgress":0,"late":0,"upcoming":0},
		"pipeline":{"requests":{`+stages+`},"quotes":{`+stages+`},"jobs":{`+stages+`},"invoices":{`+stages+`}},
		"quoteConversion":{"sent":0,"won":0,"sentCents":0,"wonCents":0,"rate":0},
		"crewUtilisation":[{"team":"","name":"","scheduledMinutes":0,"completedMinutes":0,"capacityMinutes":0,"utilisation":0}]}`), &want); err != nil {
		t.Fatal(err)
	}
	for _, period := range []string{"today", "7d", "30d", "mtd", "ytd"} {
		var got m
		b.get("/_control/accounts/1/truth?period=" + period).want(http.StatusOK).into(&got)
		if diff := cmp.Diff(keysOf(want), keysOf(got)); diff != "" {
			t.Errorf("%s: keys (-summary +truth):\n%s", period, diff)
		}
		if name := dig(got, "period", "name"); name != period {
			t.Errorf("period %v, want %s", name, period)
		}
		if got := dig(got, "period", "to"); got != "2026-06-16" {
			t.Errorf("%s: to %v", period, got)
		}
	}
	var earlier m
	b.get("/_control/accounts/1/truth?period=today&at=2026-06-01T05:59:59Z").want(http.StatusOK).into(&earlier)
	if got := dig(earlier, "period", "to"); got != "2026-05-31" {
		t.Errorf("before midnight in Denver: %v", got)
	}
}

// keysOf are the key paths of a JSON value, through the first element of each list.
func keysOf(v any) []string {
	var paths []string
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case m:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				paths = append(paths, prefix+key)
				walk(prefix+key+".", v[key])
			}
		case []any:
			if len(v) > 0 {
				walk(prefix, v[0])
			}
		}
	}
	walk("", v)
	return paths
}

func TestFaultValidation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, test := range []struct {
		fault m
		field string
	}{
		{m{"kind": "explode", "count": 1}, "kind"},
		{m{"kind": "drop"}, "probability"},
		{m{"kind": "drop", "count": 1, "probability": 0.5}, "probability"},
		{m{"kind": "drop", "probability": 1.5}, "probability"},
		{m{"kind": "drop", "count": -1}, "count"},
		{m{"kind": "drop", "count": 1, "account": 3}, "account"},
		{m{"kind": "drop", "count": 1, "topic": "CLIENT_EXPLODE"}, "topic"},
		{m{"kind": "500", "count": 1, "topic": "CLIENT_CREATE"}, "topic"},
		{m{"kind": "500", "count": 1, "delayMs": 5}, "delayMs"},
		{m{"kind": "slow", "count": 1, "delayMs": -5}, "delayMs"},
		{m{"kind": "slow", "count": 1, "delayMs": 1e9}, "delayMs"},
		{m{"kind": "hide", "count": 1}, "type"},
		{m{"kind": "hide", "count": 1, "type": "Planet"}, "type"},
		{m{"kind": "hide", "count": 1, "type": "Invoice", "field": "planet"}, "type"},
		{m{"kind": "drop", "count": 1, "type": "Invoice"}, "type"},
		{m{"kind": "drop", "count": 1, "connection": true}, "connection"},
	} {
		var refusal struct{ Fields map[string]string }
		b.post("/_control/faults", test.fault).want(http.StatusUnprocessableEntity).into(&refusal)
		if len(refusal.Fields) != 1 || refusal.Fields[test.field] == "" {
			t.Errorf("%v: refused for %v, want %s", test.fault, refusal.Fields, test.field)
		}
	}
	b.post("/_control/faults", m{"kind": "drop", "count": 1, "planet": "Mars"}).want(http.StatusBadRequest)
	b.do(http.MethodPost, "/_control/faults", "", strings.NewReader(`{"kind":"drop","count":1} {}`), nil).want(http.StatusBadRequest)
	b.do(http.MethodPost, "/_control/faults", "", strings.NewReader(`{"kind":"`+strings.Repeat("x", 64<<10)+`"}`), nil).want(http.StatusRequestEntityTooLarge)
}

func TestFaultList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var first, second struct{ ID int }
	b.post("/_control/faults", m{"kind": "500", "count": 3, "account": 1}).want(http.StatusCreated).into(&first)
	b.post("/_control/faults", m{"kind": "delay", "probability": 0.5}).want(http.StatusCreated).into(&second)
	one, two := b.connect("1").Access, b.connect("2").Access
	b.ask(one, `{ account { id } }`, nil).want(http.StatusInternalServerError)
	b.ask(two, `{ account { id } }`, nil).want(http.StatusOK)
	var list struct{ Faults []m }
	b.get("/_control/faults").want(http.StatusOK).into(&list)
	want := []m{
		{"id": float64(first.ID), "kind": "500", "count": 3.0, "account": 1.0, "happened": 1.0},
		{"id": float64(second.ID), "kind": "delay", "probability": 0.5, "delayMs": 1000.0, "happened": 0.0},
	}
	if diff := cmp.Diff(want, list.Faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	b.do(http.MethodDelete, "/_control/faults/1", "", nil, nil).want(http.StatusOK)
	b.ask(one, `{ account { id } }`, nil).want(http.StatusOK)
	b.do(http.MethodDelete, "/_control/faults", "", nil, nil).want(http.StatusOK)
	b.get("/_control/faults").into(&list)
	if len(list.Faults) != 0 {
		t.Errorf("after clearing: %v", list.Faults)
	}
}

func TestRequestFaults(t *testing.T) {
	t.Parallel()
	query := `{ account { id } }`
	t.Run("500", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		token := b.connect("1").Access
		b.fault(m{"kind": "500", "count": 1})
		var got struct{ Message string }
		b.ask(token, query, nil).want(http.StatusInternalServerError).into(&got)
		if got.Message != "Service temporarily unavailable" {
			t.Errorf("message %q", got.Message)
		}
		b.data(token, query, nil)
	})
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		token := b.connect("1").Access
		b.fault(m{"kind": "slow", "count": 1, "delayMs": 300_000})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/api/graphql", strings.NewReader(`{"query":"{ account { id } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer " + token}, "X-Jobber-Graphql-Version": {version}, "Content-Type": {"application/json"}}
		if response, err := b.client.Do(r); err == nil {
			response.Body.Close()
			t.Errorf("answered %d, want a wait past the client's patience", response.StatusCode)
		}
		b.data(token, query, nil)
	})
	t.Run("throttle", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		token := b.connect("1").Access
		b.fault(m{"kind": "throttle", "count": 1})
		got := b.reply(token, query, nil)
		if got.code() != "THROTTLED" || got.Extensions.Cost.Throttle.CurrentlyAvailable != 0 {
			t.Errorf("%+v", got)
		}
		b.clock.Advance(4 * time.Millisecond) // two points
		b.data(token, query, nil)
	})
	t.Run("revoke", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		first := b.connect("1")
		b.fault(m{"kind": "revoke", "count": 1})
		b.ask(first.Access, query, nil).want(http.StatusUnauthorized)
		b.ask(first.Access, query, nil).want(http.StatusUnauthorized)
		var second tokens
		b.refresh(first.Refresh).want(http.StatusOK).into(&second)
		b.data(second.Access, query, nil)
		b.fault(m{"kind": "revoke", "count": 1, "connection": true})
		b.ask(second.Access, query, nil).want(http.StatusUnauthorized)
		b.refresh(second.Refresh).want(http.StatusUnauthorized)
	})
	t.Run("by probability", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		token := b.connect("1").Access
		b.fault(m{"kind": "500", "probability": 0.5})
		failed := 0
		for range 200 {
			if b.ask(token, query, nil).status == http.StatusInternalServerError {
				failed++
			}
		}
		if failed < 60 || failed > 140 { // six standard deviations; the seed is fixed
			t.Errorf("%d of 200 failed at one in two", failed)
		}
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var got m
	b.get("/_control/settings").want(http.StatusOK).into(&got)
	if got["bucket"] != 10_000.0 || got["restoreRate"] != 500.0 || got["requestLimit"] != 2_500.0 || got["requestWindowMs"] != 300_000.0 ||
		got["tokenRotation"] != true || got["live"] != false || got["clientSecret"] != nil {
		t.Errorf("settings %v", got)
	}
	b.post("/_control/settings", m{"bucket": 20_000}).want(http.StatusOK).into(&got)
	if got["bucket"] != 20_000.0 || got["restoreRate"] != 500.0 {
		t.Errorf("after a change %v", got)
	}
	for field, value := range map[string]any{
		"bucket": 0, "restoreRate": -1, "requestLimit": 0, "requestWindowMs": 0, "webhookRetryMs": 0, "webhookUrl": "nowhere",
		"redirectUri": "nowhere", "clientId": "", "scopes": []string{"read_minds"},
	} {
		var refusal struct{ Fields map[string]string }
		b.post("/_control/settings", m{field: value}).want(http.StatusUnprocessableEntity).into(&refusal)
		if refusal.Fields[field] == "" {
			t.Errorf("%s = %v: refused for %v", field, value, refusal.Fields)
		}
	}
	b.post("/_control/settings", m{"planet": "Mars"}).want(http.StatusBadRequest)
	b.get("/healthz").want(http.StatusOK)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]jobber.Options{
		"no client":       {ClientSecret: "x"},
		"no secret":       {ClientID: "x"},
		"negative bucket": {ClientID: "x", ClientSecret: "x", Bucket: -1},
		"webhook URL":     {ClientID: "x", ClientSecret: "x", WebhookURL: "nowhere"},
		"version":         {ClientID: "x", ClientSecret: "x", GraphQLVersion: "latest"},
	} {
		options.Scale = 0.01
		if e, err := jobber.New(options); err == nil {
			e.Close()
			t.Errorf("%s: taken", name)
		}
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	e, err := jobber.New(jobber.Options{
		Clock: clock.NewManual(start), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Seed: 1, Scale: 0.02,
		ClientID: clientID, ClientSecret: clientSecret, WebhookURL: s.url, Pace: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	b := &bench{t: t, url: server.URL, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	b.connect("1")
	s.next("APP_CONNECT")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for range 2 {
		b.settings(m{"live": true})
		select {
		case <-s.events:
		case <-time.After(patience):
			t.Fatal("nothing happens by itself")
		}
		b.settings(m{"live": false})
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}
