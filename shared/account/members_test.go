package account_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// business is an account with an owner, olive, and members who are called by their roles.
type business struct {
	*account.Store
	members     *account.Members
	invitations *account.Invitations
	events      *event.Store
	clients     *cloud.Clients
	clock       *clock.Manual
}

func newBusiness(t *testing.T) *business {
	t.Helper()
	b := &business{clients: emulator.Clients(t), clock: clock.NewManual(now)}
	pubsub, err := b.clients.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topic := &pubsubpb.Topic{Name: "projects/" + b.clients.Config().Project + "/topics/events"}
	if _, err := pubsub.TopicAdminClient.CreateTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	b.Store = account.NewStore(b.clients, b.clock)
	b.events = event.NewStore(b.clients, event.Config{Topic: "events"}, slog.New(slog.DiscardHandler))
	b.members = account.NewMembers(b.Store, b.events)
	b.invitations = account.NewInvitations(b.Store, b.events)
	if _, err := b.Create(t.Context(), acct, owner); err != nil {
		t.Fatal(err)
	}
	for _, r := range account.Roles[1:] {
		b.add(t, string(r), r)
	}
	return b
}

func (b *business) add(t *testing.T, uid string, r account.Role) {
	t.Helper()
	m := account.Member{
		UserID: uid, Role: r, Status: account.Active,
		Email: telemetry.Personal(uid + "@example.test"), Name: telemetry.Personal("Name of " + uid),
	}
	if err := b.AddMember(t.Context(), acct.ID, m); err != nil {
		t.Fatal(err)
	}
}

func (b *business) member(t *testing.T, uid string) account.Member {
	t.Helper()
	m, err := b.Member(t.Context(), acct.ID, uid)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// as returns a session's principal.
func as(uid string, r account.Role) account.Principal {
	return account.Principal{UserID: uid, AccountID: acct.ID, Role: r, SessionID: "s", Grants: account.GrantsOf(r)}
}

// told returns the account's security events, the oldest first, and checks what all of them have.
func (b *business) told(t *testing.T) []event.Event {
	t.Helper()
	events, more, err := b.events.List(t.Context(), acct.ID, []event.Audience{event.Security}, event.Position{}, 1000)
	if err != nil || more {
		t.Fatal(err, more)
	}
	for _, e := range events {
		if e.ID == "" || e.Account != acct.ID || e.Time.IsZero() {
			t.Errorf("got event %+v", e)
		}
	}
	slices.Reverse(events)
	return events
}

var whatIsTold = cmpopts.IgnoreFields(event.Event{}, "Audit", "ID", "Account", "Time", "Audience")

func to[T any](v T) *T { return &v }

func TestChange(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	got, err := b.members.Change(t.Context(), as("admin", account.Admin), "viewer", account.Change{
		Role: to(account.Technician), Status: to(account.Disabled), Name: to("  Vic "), JobberUserID: to("User_7"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := account.Member{
		UserID: "viewer", Email: "viewer@example.test", Name: "Vic", Role: account.Technician, JobberUserID: "User_7",
		Status: account.Disabled, Version: 1,
	}
	for what, got := range map[string]account.Member{"answered": got, "stored": b.member(t, "viewer")} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	b.clock.Advance(1)
	if _, err := b.members.Change(t.Context(), as("admin", account.Admin), "viewer", account.Change{Role: to(account.Technician), Name: to("Vic")}); err != nil {
		t.Fatal(err)
	}
	if got := b.member(t, "viewer").Version; got != 1 {
		t.Errorf("a change that changes nothing made version %d, want 1", got)
	}
	if _, err := b.members.Change(t.Context(), as("olive", account.Owner), "viewer", account.Change{Status: to(account.Active)}); err != nil {
		t.Fatal(err)
	}
	byType := cmpopts.SortSlices(func(a, b event.Event) bool { return a.Type < b.Type })
	if diff := cmp.Diff([]event.Event{
		{Type: account.MemberRoleChanged, Title: "Vic", Detail: "viewer → technician", Member: "viewer", Actor: "admin"},
		{Type: account.MemberDisabled, Title: "Vic", Detail: "technician", Member: "viewer", Actor: "admin"},
		{Type: account.MemberUpdated, Title: "Vic", Detail: "name, no Jobber user → User_7", Member: "viewer", Actor: "admin"},
		{Type: account.MemberEnabled, Title: "Vic", Detail: "technician", Member: "viewer", Actor: "olive"},
	}, b.told(t), whatIsTold, byType); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestChangeIsRefused(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	key := as("olive", "") // a key that the owner made, for members alone
	key.Grants = account.Grants{account.MemberManage: account.WholeAccount}
	stale := as("viewer", account.Admin) // a token from before the admin became a viewer
	foreign := as("olive", account.Owner)
	foreign.AccountID = "acc_harbour"
	viewer := account.Change{Role: to(account.Viewer)}
	tests := []struct {
		name string
		by   account.Principal
		uid  string
		c    account.Change
		code problem.Code
	}{
		{"the owner by an admin", as("admin", account.Admin), "olive", viewer, problem.Forbidden},
		{"the owner's name by an admin", as("admin", account.Admin), "olive", account.Change{Name: to("X")}, problem.Forbidden},
		{"an owner made by an admin", as("admin", account.Admin), "viewer", account.Change{Role: to(account.Owner)}, problem.Conflict},
		{"a second owner", as("olive", account.Owner), "admin", account.Change{Role: to(account.Owner)}, problem.Conflict},
		{"the last owner", as("olive", account.Owner), "olive", viewer, problem.Conflict},
		{"an own role", as("admin", account.Admin), "admin", viewer, problem.Conflict},
		{"an own status", as("admin", account.Admin), "admin", account.Change{Status: to(account.Disabled)}, problem.Conflict},
		{"by a dispatcher", as("dispatcher", account.Dispatcher), "viewer", viewer, problem.Forbidden},
		{"by a token that is out of date", stale, "technician", viewer, problem.Forbidden},
		{"by a key that may do less", key, "dispatcher", viewer, problem.Forbidden},
		{"by somebody who is gone", as("ghost", account.Admin), "technician", viewer, problem.Forbidden},
		{"in another account", foreign, "viewer", account.Change{Name: to("X")}, problem.Forbidden},
		{"nobody", as("olive", account.Owner), "ghost", viewer, problem.NotFound},
		{"a path", as("olive", account.Owner), "viewer/x/y", viewer, problem.NotFound},
		{"a role that is none", as("olive", account.Owner), "viewer", account.Change{Role: to(account.Role("root"))}, problem.Invalid},
		{"a status that is none", as("olive", account.Owner), "viewer", account.Change{Status: to(account.Status("asleep"))}, problem.Invalid},
	}
	for _, tt := range tests {
		if _, err := b.members.Change(t.Context(), tt.by, tt.uid, tt.c); err == nil || problem.CodeOf(err) != tt.code {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.code)
		}
	}
	if told := b.told(t); len(told) > 0 {
		t.Errorf("refused, but told: %+v", told)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	for uid, code := range map[string]problem.Code{"olive": problem.Forbidden, "admin": problem.Conflict, "ghost": problem.NotFound} {
		if err := b.members.Remove(t.Context(), as("admin", account.Admin), uid); err == nil || problem.CodeOf(err) != code {
			t.Errorf("%s: got %v, want %s", uid, err, code)
		}
	}
	if err := b.members.Remove(t.Context(), as("olive", account.Owner), "olive"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("the owner: got %v, want a conflict", err)
	}
	if err := b.members.Remove(t.Context(), as("admin", account.Admin), "viewer"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"member": second(b.Member(t.Context(), acct.ID, "viewer")), "membership": second(b.AccountOf(t.Context(), "viewer")),
		"again": b.members.Remove(t.Context(), as("admin", account.Admin), "viewer"),
	} {
		if problem.CodeOf(err) != problem.NotFound {
			t.Errorf("%s: got %v, want nothing left", what, err)
		}
	}
	b.add(t, "viewer", account.Viewer)
	if diff := cmp.Diff([]event.Event{
		{Type: account.MemberRemoved, Title: "Name of viewer", Detail: "viewer", Member: "viewer", Actor: "admin"},
	}, b.told(t), whatIsTold); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	if err := b.SetStatus(t.Context(), acct.ID, "viewer", account.Disabled); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		by   account.Principal
		uid  string
		code problem.Code
	}{
		"by an admin":                 {as("admin", account.Admin), "admin", problem.Forbidden},
		"by a token of another role":  {as("admin", account.Owner), "admin", problem.Forbidden},
		"to the owner":                {as("olive", account.Owner), "olive", problem.Conflict},
		"to somebody switched off":    {as("olive", account.Owner), "viewer", problem.Conflict},
		"to nobody":                   {as("olive", account.Owner), "ghost", problem.NotFound},
		"by a session of another one": {as("ghost", account.Owner), "admin", problem.Forbidden},
	} {
		if err := b.members.Transfer(t.Context(), tt.by, tt.uid); err == nil || problem.CodeOf(err) != tt.code {
			t.Errorf("%s: got %v, want %s", name, err, tt.code)
		}
	}
	if err := b.members.Transfer(t.Context(), as("olive", account.Owner), "technician"); err != nil {
		t.Fatal(err)
	}
	if err := b.members.Transfer(t.Context(), as("olive", account.Owner), "admin"); problem.CodeOf(err) != problem.Forbidden {
		t.Errorf("the old owner again: got %v, want it forbidden", err)
	}
	if m := b.member(t, "olive"); m.Role != account.Admin || m.Version != 1 {
		t.Errorf("the old owner is %+v", m)
	}
	if m := b.member(t, "technician"); m.Role != account.Owner || m.Version != 1 {
		t.Errorf("the new owner is %+v", m)
	}
	if diff := cmp.Diff([]event.Event{
		{Type: account.OwnerTransferred, Title: "Name of technician", Detail: "technician → owner", Member: "technician", Actor: "olive"},
	}, b.told(t), whatIsTold); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	c := account.SettingsChange{RequireVerifiedEmail: to(true), Privileged: account.LifetimesChange{IdleMinutes: to(60)}}
	if _, err := b.members.Configure(t.Context(), as("admin", account.Admin), c); problem.CodeOf(err) != problem.Forbidden {
		t.Errorf("by an admin: got %v, want it forbidden", err)
	}
	_, err := b.members.Configure(t.Context(), as("olive", account.Owner), account.SettingsChange{
		Privileged: account.LifetimesChange{IdleMinutes: to(4), AbsoluteMinutes: to(100_000)}, Standard: account.LifetimesChange{AbsoluteMinutes: to(20)},
	})
	wantFields(t, err, "settings.privileged.idleMinutes", "settings.privileged.absoluteMinutes", "settings.standard.absoluteMinutes")
	want := acct
	want.CreatedAt, want.Plan, want.Settings = now, account.StandardPlan, account.DefaultSettings
	want.Settings.RequireVerifiedEmail, want.Settings.Privileged.IdleMinutes = true, 60
	for range 2 {
		got, err := b.members.Configure(t.Context(), as("olive", account.Owner), c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got, err := b.Account(t.Context(), acct.ID); err != nil || got != want {
		t.Errorf("stored %+v, %v", got, err)
	}
	if diff := cmp.Diff([]event.Event{{
		Type: account.SettingsChanged, Title: acct.Name, Actor: "olive",
		Detail: "verified email required false → true, privileged idle minutes 30 → 60",
	}}, b.told(t), whatIsTold); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestListMembers(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	b.add(t, "twin", account.Viewer)
	if _, err := b.members.Change(t.Context(), as("olive", account.Owner), "twin", account.Change{Name: to("Name of admin")}); err != nil {
		t.Fatal(err)
	}
	var got []string
	var at account.MemberPosition
	for more := true; more; {
		var page []account.Member
		var err error
		if page, more, err = b.members.List(t.Context(), acct.ID, at, 2); err != nil || len(page) > 2 {
			t.Fatal(page, err)
		}
		for _, m := range page {
			got = append(got, m.UserID)
			at = account.MemberPosition{Name: string(m.Name), ID: m.UserID}
		}
	}
	if diff := cmp.Diff([]string{"admin", "twin", "dispatcher", "technician", "viewer", "olive"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever several people ask for at the same time, the account keeps one owner, every member's version counts the changes of
// their role and status, and every change has its event.
func TestManyChangesAtOnce(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	uids := []string{"olive", "admin", "dispatcher", "technician", "viewer"}
	const hands, steps = 3, 15
	var wg sync.WaitGroup
	for hand := range hands {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(hand), 7))
			for range steps {
				b.ask(t, dice, uids)
			}
		})
	}
	wg.Wait()
	versions := map[string]int64{}
	kinds := map[string]int{}
	for _, e := range b.told(t) {
		kinds[e.Type]++
		switch e.Type {
		case account.OwnerTransferred:
			versions[e.Actor]++
			versions[e.Member]++
		case account.MemberRoleChanged, account.MemberDisabled, account.MemberEnabled:
			versions[e.Member]++
		}
		if e.Actor == e.Member {
			t.Errorf("somebody changed their own seat: %+v", e)
		}
	}
	owners := 0
	for _, uid := range uids {
		m := b.member(t, uid)
		if m.Role == account.Owner && m.Status == account.Active {
			owners++
		}
		if m.Version != versions[uid] {
			t.Errorf("%s has version %d after %d changes", uid, m.Version, versions[uid])
		}
	}
	if owners != 1 {
		t.Errorf("got %d owners, want 1", owners)
	}
	if kinds[account.OwnerTransferred] == 0 || kinds[account.MemberRoleChanged] == 0 {
		t.Errorf("too little happened: %v", kinds)
	}
}

// ask asks for something, as somebody who may have lost the right to it a moment ago.
func (b *business) ask(t *testing.T, dice *rand.Rand, uids []string) {
	t.Helper()
	uid := func() string { return uids[dice.IntN(len(uids))] }
	by, target := uid(), uid()
	m, err := b.Member(t.Context(), acct.ID, by)
	if err != nil {
		t.Error(err)
		return
	}
	if dice.IntN(3) == 0 {
		err = b.members.Transfer(t.Context(), as(by, m.Role), target)
	} else {
		// One thing at a time, so that each version has one event.
		c := account.Change{Role: to(account.Roles[dice.IntN(len(account.Roles))])}
		if dice.IntN(3) == 0 {
			c = account.Change{Status: to([]account.Status{account.Active, account.Disabled}[dice.IntN(2)])}
		}
		_, err = b.members.Change(t.Context(), as(by, m.Role), target, c)
	}
	switch problem.CodeOf(err) {
	case problem.Forbidden, problem.Conflict, problem.Unavailable:
	default:
		if err != nil {
			t.Error(fmt.Errorf("%s asks for %s: %w", by, target, err))
		}
	}
}
