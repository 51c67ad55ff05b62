package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/tests/harness"
)

type visit struct {
	ID            string
	JobID         string
	ClientID      string
	PropertyID    string
	AssignedUsers []struct{ ID string }
}

// A technician sees the visits of their team, and the client, job and property of such a visit: nothing before they are linked
// to a person in Jobber, and nothing of other teams after.
func TestATechnicianSeesTheirTeamsVisits(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)
	visits := func(who string) []visit {
		var all []visit
		for cursor := ""; ; {
			var p struct {
				Items      []visit
				NextCursor string
			}
			stack.Get(t, who, "/api/v1/visits?limit=100&cursor="+url.QueryEscape(cursor), &p)
			all = append(all, p.Items...)
			if cursor = p.NextCursor; cursor == "" {
				return all
			}
		}
	}
	if unlinked := visits("technician"); len(unlinked) != 0 {
		t.Errorf("a technician who is linked to nobody sees %d visits", len(unlinked))
	}
	var users struct{ Items []struct{ ID, Team string } }
	stack.Get(t, "owner", "/api/v1/users?limit=100", &users)
	me := slices.IndexFunc(users.Items, func(u struct{ ID, Team string }) bool { return u.Team != "" })
	if me < 0 {
		t.Fatal("nobody is in a team")
	}
	team := map[string]bool{}
	for _, u := range users.Items {
		team[u.ID] = u.Team == users.Items[me].Team
	}
	link := map[string]string{"jobberUserId": users.Items[me].ID}
	if err := stack.As(t, "owner").Call(t.Context(), http.MethodPatch, "/api/v1/members/demo-technician", link, nil); err != nil {
		t.Fatal(err)
	}

	own, others := map[string]visit{}, map[string]visit{}
	ownWork := map[string]bool{}
	for _, v := range visits("owner") {
		if slices.ContainsFunc(v.AssignedUsers, func(u struct{ ID string }) bool { return team[u.ID] }) {
			own[v.ID] = v
			ownWork[v.JobID], ownWork[v.ClientID], ownWork[v.PropertyID] = true, true, true
		} else {
			others[v.ID] = v
		}
	}
	seen := visits("technician")
	for _, v := range seen {
		if _, ours := own[v.ID]; !ours {
			t.Errorf("the technician sees the visit %s of another team", v.ID)
		}
	}
	if len(seen) != len(own) || len(own) == 0 || len(others) == 0 {
		t.Fatalf("the technician sees %d visits; their team has %d, others have %d", len(seen), len(own), len(others))
	}
	technician := stack.As(t, "technician")
	check := func(v visit, ours bool) {
		for path, visible := range map[string]bool{
			"visits/" + v.ID: ours, "jobs/" + v.JobID: ownWork[v.JobID], "clients/" + v.ClientID: ownWork[v.ClientID], "properties/" + v.PropertyID: ownWork[v.PropertyID],
		} {
			want := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[visible]
			if got := statusOf(t, technician, "/api/v1/"+path); got != want {
				t.Errorf("%s as the technician: %d, want %d", path, got, want)
			}
		}
	}
	const some = 8
	for list, ours := range map[*map[string]visit]bool{&own: true, &others: false} {
		n := 0
		for _, v := range *list {
			if n++; n <= some {
				check(v, ours)
			}
		}
	}
	t.Run("a key for money alone sees all of it", func(t *testing.T) {
		var made struct{ Secret string }
		ask := map[string]any{"name": "Ledger", "permissions": []string{"finance:read"}}
		if err := stack.As(t, "owner").Call(t.Context(), http.MethodPost, "/api/v1/api-keys", ask, &made); err != nil {
			t.Fatal(err)
		}
		ledger := demo.Anonymous(stack.URL)
		ledger.AccessToken = made.Secret
		var page struct{ Items []struct{ ID string } }
		if err := ledger.Call(t.Context(), http.MethodGet, "/api/v1/invoices?limit=1", nil, &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Items) != 1 {
			t.Fatal("it sees no invoice")
		}
		if got := statusOf(t, ledger, "/api/v1/invoices/"+page.Items[0].ID); got != http.StatusOK {
			t.Errorf("an invoice that is in its list: %d, want 200", got)
		}
		if got := statusOf(t, ledger, "/api/v1/visits"); got != http.StatusForbidden {
			t.Errorf("visits: %d, want 403", got)
		}
	})
}
