package jobber_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/jobber"
)

var made = jobber.Contact{
	FirstName: new("Ada"), LastName: new("Moss"), Email: new("ada@moss.example"), Phone: new("555 0100"),
	Address: &jobber.PostalAddress{Street: "1 Mill Lane", City: "Ashby"},
}

// clientOf reads a client that must be there.
func clientOf(t *testing.T, api *jobber.API, id string) jobber.Client {
	t.Helper()
	found, err := api.Client(t.Context(), account, id)
	if err != nil || !found.Found {
		t.Fatalf("found %t: %v", found.Found, err)
	}
	return found.Item
}

// newest returns the clients that were made since the business was.
func newest(t *testing.T, api *jobber.API) []jobber.Client {
	t.Helper()
	page, err := api.Clients(t.Context(), account, jobber.PageRequest{Created: jobber.Range{After: start}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

func TestAClientIsMadeAndEdited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	told, err := api.CreateClient(t.Context(), account, made)
	if err != nil {
		t.Fatal(err)
	}
	got := clientOf(t, api, told.ID)
	if got.Name != "Ada Moss" || got.Email != "ada@moss.example" || got.Phone != "555 0100" || got.BillingAddress == nil || len(told.Properties) != 1 {
		t.Errorf("got %+v with properties %v", got, told.Properties)
	}
	edit := jobber.Contact{CompanyName: new("Moss Mill"), Email: new("office@moss.example"), Phone: new("555 0199")}
	for range 2 { // twice is once
		if err := api.EditClient(t.Context(), account, told.ID, edit); err != nil {
			t.Fatal(err)
		}
		if err := api.TagClient(t.Context(), account, told.ID, []string{"VIP"}, []string{"Lead"}); err != nil {
			t.Fatal(err)
		}
	}
	got = clientOf(t, api, told.ID)
	if got.CompanyName != "Moss Mill" || got.FirstName != "Ada" || got.Email != "office@moss.example" || got.Phone != "555 0199" || len(got.Tags) != 1 {
		t.Errorf("got %+v", got)
	}
	if err := api.ArchiveClient(t.Context(), account, told.ID); err != nil {
		t.Fatal(err)
	}
	if !clientOf(t, api, told.ID).IsArchived {
		t.Error("is not archived")
	}
	if err := api.UnarchiveClient(t.Context(), account, told.ID); err != nil {
		t.Fatal(err)
	}
	if clientOf(t, api, told.ID).IsArchived {
		t.Error("is archived still")
	}
}

func TestAChangeIsDeclined(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	_, err := api.CreateClient(t.Context(), account, jobber.Contact{IsCompany: new(true), Email: new("none")})
	if reasons := jobber.ReasonsOf(err); jobber.KindOf(err) != jobber.Declined || len(reasons) != 3 {
		t.Errorf("got %v with %d reasons, want 3", err, len(reasons))
	}
	gone := "Z2lkOi8vSm9iYmVyL0NsaWVudC8x" // gid://Jobber/Client/1
	for name, err := range map[string]error{
		"edit":    api.EditClient(t.Context(), account, gone, jobber.Contact{Email: new("a@b.example")}),
		"archive": api.ArchiveClient(t.Context(), account, gone),
	} {
		if jobber.KindOf(err) != jobber.Declined {
			t.Errorf("%s of nobody: got %v, want it declined", name, err)
		}
	}
	if got := newest(t, api); len(got) != 0 {
		t.Errorf("made %d clients", len(got))
	}
}

func TestAChangeWithoutItsScopeIsHidden(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.control("settings", map[string]any{"scopes": []string{"read_clients"}})
	api := b.connected()
	if _, err := api.CreateClient(t.Context(), account, made); jobber.KindOf(err) != jobber.HiddenByPermission {
		t.Errorf("got %v, want it hidden", err)
	}
}

// The answer to a client's making is lost, or fails: it is not sent again, and the caller knows that it may be there.
func TestAClientIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]int{"lost": 1, "500": 0} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			api := b.connected()
			if _, err := api.Clients(t.Context(), account, jobber.PageRequest{First: 1}); err != nil { // the bucket is known
				t.Fatal(err)
			}
			b.control("faults", map[string]any{"kind": fault, "count": 1})
			if _, err := api.CreateClient(t.Context(), account, made); jobber.KindOf(err) != jobber.Unsure {
				t.Errorf("got %v, want to be unsure", err)
			}
			if got := newest(t, api); len(got) != want {
				t.Errorf("%d clients are there, want %d", len(got), want)
			}
		})
	}
}

// What surely did not reach Jobber is sent again.
func TestAClientIsMadeOnceJobberIsReached(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	down := 0
	api := b.connected(through(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if down > 0 && strings.HasSuffix(r.URL.Path, "/graphql") {
			down--
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: net.UnknownNetworkError("x")}
		}
		return next.RoundTrip(r)
	}))
	if _, err := api.Clients(t.Context(), account, jobber.PageRequest{First: 1}); err != nil {
		t.Fatal(err)
	}
	down = 2
	if _, err := api.CreateClient(t.Context(), account, made); err != nil {
		t.Fatal(err)
	}
	if got := newest(t, api); len(got) != 1 {
		t.Errorf("%d clients are there, want one", len(got))
	}
}

// Changes wait for their turn in the budget: Jobber refuses none.
func TestChangesStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulated.Options) { o.Bucket, o.RestoreRate = 120, 5 })
	api := b.connected()
	for range 150 {
		if _, err := api.CreateClient(t.Context(), account, made); err != nil {
			t.Fatal(err)
		}
	}
	if s := b.stats(); s.Throttled != 0 || s.RateLimited != 0 {
		t.Errorf("%d throttled, %d over the request limit; want none", s.Throttled, s.RateLimited)
	}
}
