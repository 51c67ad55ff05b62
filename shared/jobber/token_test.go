package jobber_test

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
)

// atOnce calls the account query from n instances at the same time and returns their errors.
func atOnce(t *testing.T, apis []*jobber.API) []error {
	t.Helper()
	errs := make([]error, len(apis))
	var wg sync.WaitGroup
	for i, api := range apis {
		wg.Go(func() { _, errs[i] = api.Account(t.Context(), account) })
	}
	wg.Wait()
	return errs
}

func TestExactlyOneRefresherRuns(t *testing.T) {
	t.Parallel()
	for name, passed := range map[string]time.Duration{
		"while the token is still good": 55 * time.Minute,
		"after the token expired":       3 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.connected()
			var c counter
			var apis []*jobber.API
			for range 8 {
				apis = append(apis, b.api(napping, c.counting(nil)))
			}
			for round := 1; round <= 3; round++ {
				b.clock.Advance(passed)
				for _, err := range atOnce(t, apis) {
					if err != nil {
						t.Fatalf("round %d: %v", round, err)
					}
				}
				for _, err := range atOnce(t, apis) { // a second time, with what the refresher stored
					if err != nil {
						t.Fatalf("round %d, again: %v", round, err)
					}
				}
				if c.refreshes != round {
					t.Fatalf("round %d: %d refreshes, want one for each round", round, c.refreshes)
				}
			}
			for token, times := range c.used {
				if times > 1 {
					t.Errorf("a refresh token of %d characters was used %d times", len(token), times)
				}
			}
		})
	}
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	var c counter
	apis := []*jobber.API{b.api(napping, c.counting(nil)), b.api(napping, c.counting(nil)), b.api(napping, c.counting(nil))}
	for _, err := range atOnce(t, apis) {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.control("faults", map[string]any{"kind": "revoke", "count": 1})
	for _, err := range atOnce(t, apis) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if c.refreshes != 1 {
		t.Errorf("%d refreshes, want 1", c.refreshes)
	}
}

func TestARevokedConnectionIsBrokenAndSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	b.control("faults", map[string]any{"kind": "revoke", "count": 1, "connection": true})

	if _, err := api.Account(t.Context(), account); jobber.KindOf(err) != jobber.Unauthenticated {
		t.Fatalf("error %v, want kind %s", err, jobber.Unauthenticated)
	}
	connection, err := b.store.Connection(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if connection.State != jobber.StateBroken || connection.Reason == "" || connection.EndedAt.IsZero() {
		t.Errorf("connection %+v, want broken with a reason and a time", connection)
	}
	before := b.stats().Requests
	if _, err := api.Clients(t.Context(), account, jobber.PageRequest{}); jobber.KindOf(err) != jobber.Unauthenticated {
		t.Errorf("error %v, want kind %s", err, jobber.Unauthenticated)
	}
	if after := b.stats().Requests; after != before {
		t.Errorf("%d requests were sent with a broken connection", after-before)
	}
	if got := b.told(event.JobberDisconnected); got != 1 {
		t.Errorf("told %d times that it is disconnected, want once", got)
	}

	if _, err := b.connect(api, account, "1"); err != nil {
		t.Fatalf("connecting again: %v", err)
	}
	if _, err := api.Account(t.Context(), account); err != nil {
		t.Errorf("after connecting again: %v", err)
	}
}

func TestADisconnectionAtJobberBreaksTheConnectionWithoutARefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var c counter
	api := b.connected(c.counting(nil))
	b.control("accounts/1/disconnect", nil)
	if _, err := api.Account(t.Context(), account); jobber.KindOf(err) != jobber.Unauthenticated {
		t.Fatalf("error %v, want kind %s", err, jobber.Unauthenticated)
	}
	connection, err := b.store.Connection(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if connection.State != jobber.StateBroken || !strings.Contains(connection.Reason, "disconnected at Jobber") || c.refreshes != 0 {
		t.Errorf("connection %+v after %d refreshes, want broken for the disconnection after none", connection, c.refreshes)
	}
}

// The holder of the lease dies at two moments: before Jobber saw its request, and after Jobber rotated the token.
func TestARefresherThatDies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rotated bool
		want    jobber.State
	}{
		"before Jobber's reply": {rotated: false, want: jobber.StateConnected},
		"after Jobber's reply":  {rotated: true, want: jobber.StateBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.connected()
			b.clock.Advance(55 * time.Minute)
			dying := b.api(through(func(r *http.Request, rt http.RoundTripper) (*http.Response, error) {
				if !isRefresh(r) {
					return rt.RoundTrip(r)
				}
				if tt.rotated {
					resp, err := rt.RoundTrip(r)
					if err != nil || resp.StatusCode != http.StatusOK {
						t.Errorf("refreshing: %v", err)
					}
				}
				runtime.Goexit() // nothing after this runs, as when the instance is killed
				return nil, nil
			}))
			done := make(chan struct{})
			go func() {
				defer close(done)
				if _, err := dying.Account(t.Context(), account); err != nil {
					t.Errorf("the refresher went on: %v", err)
				}
			}()
			<-done

			var c counter
			next := b.api(c.counting(nil))
			if _, err := next.Account(t.Context(), account); err != nil {
				t.Fatalf("with a token that is still good: %v", err)
			}
			if c.refreshes != 0 {
				t.Fatalf("%d refreshes while the dead one's lease lasts, want none", c.refreshes)
			}
			b.clock.Advance(10 * time.Minute) // past the lease and the token
			_, err := next.Account(t.Context(), account)
			connection, readErr := b.store.Connection(t.Context(), account)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if connection.State != tt.want {
				t.Errorf("state %s (%v), want %s", connection.State, err, tt.want)
			}
			if (err == nil) != (tt.want == jobber.StateConnected) {
				t.Errorf("error %v with state %s", err, connection.State)
			}
			if c.refreshes != 1 {
				t.Errorf("%d refreshes, want 1", c.refreshes)
			}
		})
	}
}

func TestARefreshThatFailsInPassingIsTriedLater(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	down := true
	var c counter
	api := b.api(c.counting(func(r *http.Request, rt http.RoundTripper) (*http.Response, error) {
		if isRefresh(r) && down {
			return nil, errors.New("no route to host")
		}
		return rt.RoundTrip(r)
	}))
	b.clock.Advance(55 * time.Minute)
	for range 5 {
		if _, err := api.Account(t.Context(), account); err != nil {
			t.Fatalf("with a token that is still good: %v", err)
		}
	}
	if c.refreshes != 1 {
		t.Errorf("%d refreshes in one moment, want 1", c.refreshes)
	}
	b.clock.Advance(time.Hour)
	if _, err := api.Account(t.Context(), account); jobber.KindOf(err) != jobber.Transient {
		t.Errorf("error %v, want kind %s", err, jobber.Transient)
	}
	down = false
	b.clock.Advance(time.Minute)
	if _, err := api.Account(t.Context(), account); err != nil {
		t.Errorf("when the token endpoint is back: %v", err)
	}
}

func TestTokensAreSealedAndBoundToTheirAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var seen []string
	api := b.connected(through(func(r *http.Request, rt http.RoundTripper) (*http.Response, error) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			seen = append(seen, token)
		}
		return rt.RoundTrip(r)
	}))
	if _, err := api.Account(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	client, err := b.clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	private := func(a string) *firestore.DocumentRef {
		return client.Collection("accounts").Doc(a).Collection("private").Doc("jobber")
	}
	snap, err := private(account).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for field, value := range snap.Data() {
		text, _ := value.(string)
		for _, token := range seen {
			if text != "" && (strings.Contains(text, token) || strings.Contains(token, text)) {
				t.Errorf("%s holds the token in the clear", field)
			}
		}
	}
	if _, err := private("acc_other").Set(t.Context(), snap.Data()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.api().Account(t.Context(), "acc_other"); err == nil {
		t.Error("a copied document opened in another account")
	}

	rotated, err := jobber.NewStore(b.clients, b.events, testKey(2)+","+testKey(1), b.clock, b.log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.api(func(o *jobber.Options) { o.Store = rotated }).Account(t.Context(), account); err != nil {
		t.Errorf("with a new key in front of the old one: %v", err)
	}
	replaced, err := jobber.NewStore(b.clients, b.events, testKey(2), b.clock, b.log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.api(func(o *jobber.Options) { o.Store = replaced }).Account(t.Context(), account); err == nil {
		t.Error("the token opened without its key")
	}
}

// told counts the account's events of a type.
func (b *bench) told(typ string) int {
	b.t.Helper()
	events, _, err := b.events.List(b.t.Context(), account, []event.Audience{event.Operations}, event.Position{}, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	for _, e := range events {
		if e.Type == typ {
			n++
		}
	}
	return n
}

func TestConnecting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.api()
	ctx := t.Context()

	page, err := api.AuthorizeURL(ctx, account, owner)
	if err != nil {
		t.Fatal(err)
	}
	code, state := b.consent(page, "1")
	for name, try := range map[string]func() error{
		"another person":    func() error { _, err := api.Connect(ctx, account, "uid_other", code, state); return err },
		"another account":   func() error { _, err := api.Connect(ctx, "acc_other", owner, code, state); return err },
		"an invented state": func() error { _, err := api.Connect(ctx, account, owner, code, "x"); return err },
	} {
		if err := try(); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: error %v, want code %s", name, err, problem.Invalid)
		}
	}
	connection, err := api.Connect(ctx, account, owner, code, state)
	if err != nil {
		t.Fatal(err)
	}
	if !connection.Connected() || connection.JobberAccount.Name == "" || connection.ConnectedBy != owner {
		t.Errorf("connection %+v", connection)
	}
	if _, err := api.Connect(ctx, account, owner, code, state); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("the state a second time: error %v, want code %s", err, problem.Invalid)
	}
	if got, found, err := b.store.AccountOf(ctx, connection.JobberAccount.ID); err != nil || !found || got != account {
		t.Errorf("the Jobber account is of %q, %v, %v; want %s", got, found, err, account)
	}
	if _, found, err := b.store.AccountOf(ctx, "Z2lkOi8vSm9iYmVyL0FjY291bnQvOTk5OTk"); err != nil || found {
		t.Errorf("an unknown Jobber account is found %v, %v", found, err)
	}
	if _, err := b.connect(api, "acc_other", "1"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("one Jobber account twice: error %v, want code %s", err, problem.Conflict)
	}
	if _, err := b.connect(api, account, "2"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("another Jobber account: error %v, want code %s", err, problem.Conflict)
	}
	if accounts, next, err := b.store.Connected(ctx, "", 10); err != nil || len(accounts) != 1 || accounts[0] != account || next != "" {
		t.Errorf("connected accounts %v, next %q, error %v", accounts, next, err)
	}
	if got := b.told(event.JobberConnected); got != 1 {
		t.Errorf("told %d times that it is connected, want once", got)
	}

	stale, err := api.AuthorizeURL(ctx, "acc_other", owner)
	if err != nil {
		t.Fatal(err)
	}
	code, state = b.consent(stale, "2")
	b.clock.Advance(10 * time.Minute)
	if _, err := api.Connect(ctx, "acc_other", owner, code, state); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("a state of ten minutes ago: error %v, want code %s", err, problem.Invalid)
	}
}

func TestDisconnecting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	ctx := t.Context()
	for range 2 {
		if err := api.Disconnect(ctx, account, "It was disconnected in Fieldboard."); err != nil {
			t.Fatal(err)
		}
	}
	connection, err := b.store.Connection(ctx, account)
	if err != nil {
		t.Fatal(err)
	}
	if connection.State != jobber.StateDisconnected || connection.JobberAccount.Name == "" {
		t.Errorf("connection %+v, want disconnected and of the same Jobber account", connection)
	}
	if _, err := api.Account(ctx, account); jobber.KindOf(err) != jobber.Disconnected {
		t.Errorf("error %v, want kind %s", err, jobber.Disconnected)
	}
	if got := b.told(event.JobberDisconnected); got != 1 {
		t.Errorf("told %d times, want once", got)
	}
	if _, err := b.connect(api, "acc_other", "1"); err != nil {
		t.Errorf("connecting the Jobber account elsewhere: %v", err)
	}
	never, err := b.store.Connection(ctx, "acc_never")
	if err != nil || never.State != jobber.StateDisconnected || never.JobberAccount.ID != "" {
		t.Errorf("a connection that never was: %+v, %v", never, err)
	}
}
