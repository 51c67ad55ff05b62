package account_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/emulator"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	// Who may do what, written out: a change of the table must be meant.
	want := map[account.Role]string{
		account.Owner: "account:manage batch:run event:erase event:export event:replay finance:read jobber:connect key:manage live:manage member:manage member:read " +
			"owner:transfer record:read report:make report:read schedule:manage schedule:read security:read self:manage session:manage summary:read sync:manage task:manage task:read",
		account.Admin: "batch:run event:export event:replay finance:read key:manage live:manage member:manage member:read record:read report:make report:read schedule:manage schedule:read security:read self:manage " +
			"session:manage summary:read sync:manage task:manage task:read",
		account.Dispatcher: "batch:run member:read record:read report:make report:read schedule:manage schedule:read self:manage summary:read task:read",
		account.Technician: "record:read=team self:manage summary:read",
		account.Viewer:     "record:read report:read self:manage summary:read",
		"root":             "",
		"":                 "",
	}
	for role, permissions := range want {
		var got []string
		for permission, scope := range account.GrantsOf(role) {
			text := string(permission)
			if scope != account.WholeAccount {
				text += "=" + string(scope)
			}
			got = append(got, text)
			if can := account.Can(role, permission); can != (scope == account.WholeAccount) {
				t.Errorf("Can(%q, %q) = %t", role, permission, can)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(permissions, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", role, diff)
		}
		if account.Can(role, "made:up") {
			t.Errorf("%q holds a permission that does not exist", role)
		}
		if got, want := account.Exists(role), permissions != ""; got != want {
			t.Errorf("Exists(%q) = %t, want %t", role, got, want)
		}
	}
	account.GrantsOf(account.Viewer)[account.JobberConnect] = account.WholeAccount
	if account.Can(account.Viewer, account.JobberConnect) {
		t.Error("a caller changed the table")
	}
}

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	acct  = account.Account{ID: "acc_prairie", Name: "Prairie Plumbing", Currency: "USD", TimeZone: "America/Denver"}
	owner = account.Member{UserID: "olive", Email: "o@example.test", Name: "Olive"}
)

func newStore(t *testing.T) *account.Store {
	t.Helper()
	clients := emulator.Clients(t)
	return account.NewStore(clients, clock.NewManual(now))
}

func TestCreateAndRead(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	created, err := s.Create(t.Context(), acct, owner)
	if err != nil {
		t.Fatal(err)
	}
	want := acct
	want.CreatedAt, want.Plan, want.Settings = now, account.StandardPlan, account.DefaultSettings
	read, err := s.Account(t.Context(), acct.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]account.Account{"created": created, "read": read} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	wantOwner := owner
	wantOwner.Role, wantOwner.Status = account.Owner, account.Active
	member, err := s.Member(t.Context(), acct.ID, "olive")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantOwner, member); diff != "" {
		t.Errorf("owner (-want +got):\n%s", diff)
	}
	if id, err := s.AccountOf(t.Context(), "olive"); err != nil || id != acct.ID {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestCreateMakesAnID(t *testing.T) {
	t.Parallel()
	a := acct
	a.ID = ""
	got, err := newStore(t).Create(t.Context(), a, owner)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.ID, "acc_") || len(got.ID) != 30 {
		t.Errorf("got id %q, want acc_ and 26 characters", got.ID)
	}
}

func TestOnlyOneCreateWins(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.Create(t.Context(), acct, owner) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case problem.CodeOf(err) != problem.Conflict:
			t.Errorf("got %v, want a conflict", err)
		}
	}
	if won != 1 {
		t.Errorf("got %d accounts, want 1", won)
	}
}

func TestOneAccountForAUser(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if _, err := s.Create(t.Context(), acct, owner); err != nil {
		t.Fatal(err)
	}
	second := acct
	second.ID = "acc_harbour"
	if _, err := s.Create(t.Context(), second, owner); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("a second account for an owner: got %v, want a conflict", err)
	}
	if _, err := s.Account(t.Context(), second.ID); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("got %v, want nothing left of the account that was refused", err)
	}
	if _, err := s.Create(t.Context(), second, account.Member{UserID: "rival"}); err != nil {
		t.Fatal(err)
	}
	again := account.Member{UserID: "olive", Role: account.Viewer, Status: account.Active}
	if err := s.AddMember(t.Context(), second.ID, again); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("a member of another account: got %v, want a conflict", err)
	}
	if _, err := s.Member(t.Context(), second.ID, "olive"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("got %v, want the members of one account unknown in another", err)
	}
}

func TestNothingThere(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if _, err := s.Create(t.Context(), acct, owner); err != nil {
		t.Fatal(err)
	}
	viewer := account.Member{UserID: "vic", Role: account.Viewer, Status: account.Active}
	for name, err := range map[string]error{
		"account":           second(s.Account(t.Context(), "acc_none")),
		"empty account":     second(s.Account(t.Context(), "")),
		"path for account":  second(s.Account(t.Context(), "acc_prairie/members/olive")),
		"member":            second(s.Member(t.Context(), acct.ID, "vic")),
		"path for member":   second(s.Member(t.Context(), acct.ID, "../../acc_prairie")),
		"dots for member":   second(s.Member(t.Context(), acct.ID, "..")),
		"membership":        second(s.AccountOf(t.Context(), "vic")),
		"long membership":   second(s.AccountOf(t.Context(), strings.Repeat("x", 2000))),
		"member of no one":  s.AddMember(t.Context(), "acc_none", viewer),
		"member of a path":  s.AddMember(t.Context(), "acc_prairie/members", viewer),
		"status of a path":  s.SetStatus(t.Context(), acct.ID, "olive/x", account.Disabled),
		"status of nobody":  s.SetStatus(t.Context(), acct.ID, "vic", account.Disabled),
		"status of another": s.SetStatus(t.Context(), "acc_none", "olive", account.Disabled),
	} {
		if problem.CodeOf(err) != problem.NotFound {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestSetStatus(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if _, err := s.Create(t.Context(), acct, owner); err != nil {
		t.Fatal(err)
	}
	for _, want := range []account.Status{account.Disabled, account.Active} {
		if err := s.SetStatus(t.Context(), acct.ID, "olive", want); err != nil {
			t.Fatal(err)
		}
		m, err := s.Member(t.Context(), acct.ID, "olive")
		if err != nil || m.Status != want {
			t.Errorf("got %q, %v, want %q", m.Status, err, want)
		}
	}
	if err := s.SetStatus(t.Context(), acct.ID, "olive", "asleep"); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("got %v, want it refused", err)
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	bad := account.Account{ID: "prairie/x", Currency: "usd", TimeZone: "Denver"}
	_, err := s.Create(t.Context(), bad, owner)
	wantFields(t, err, "id", "name", "currency", "timeZone")
	_, err = s.Create(t.Context(), acct, account.Member{UserID: "a/b"})
	wantFields(t, err, "userId")
	wantFields(t, s.AddMember(t.Context(), acct.ID, account.Member{Role: "root"}), "userId", "role", "status")
}

func wantFields(t *testing.T, err error, want ...string) {
	t.Helper()
	var e *problem.Error
	if !errors.As(err, &e) || e.Code != problem.Invalid {
		t.Fatalf("got %v, want a problem Invalid", err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Location)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}
