package account_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

func (b *business) invite(t *testing.T, email string, r account.Role) account.Sent {
	t.Helper()
	sent, err := b.invitations.Invite(t.Context(), as("admin", account.Admin), account.NewInvitation{Email: email, Role: r, Name: "Nia New"})
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

func (b *business) accept(t *testing.T, token telemetry.Secret, uid, email string) (account.Acceptance, error) {
	t.Helper()
	return b.invitations.Accept(t.Context(), token, account.Invitee{UserID: uid, Email: telemetry.Personal(email), Name: "Nia of Firebase"})
}

func (b *business) list(t *testing.T) []account.Invitation {
	t.Helper()
	list, more, err := b.invitations.List(t.Context(), acct.ID, account.InvitationPosition{}, 1000)
	if err != nil || more {
		t.Fatal(err, more)
	}
	return list
}

// isGone checks that a token leads nowhere, by the one answer for that.
func (b *business) isGone(t *testing.T, token telemetry.Secret, why string) {
	t.Helper()
	_, _, found := b.invitations.Find(t.Context(), token)
	_, accepted := b.accept(t, token, "nia", "nia@example.test")
	for what, err := range map[string]error{"found": found, "accepted": accepted} {
		if err == nil || problem.CodeOf(err) != problem.NotFound || !strings.Contains(err.Error(), "may have expired, been used or been withdrawn") {
			t.Errorf("%s: %s: got %v, want the one problem", why, what, err)
		}
	}
}

func TestInviteAndAccept(t *testing.T) {
	t.Parallel()
	for name, byMail := range map[string]bool{"by mail": true, "as shown": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBusiness(t)
			sent, err := b.invitations.Invite(t.Context(), as("admin", account.Admin), account.NewInvitation{
				ID: "inv1", Email: " Nia@Example.TEST", Role: account.Technician, JobberUserID: "User_7",
			})
			if err != nil {
				t.Fatal(err)
			}
			want := account.Invitation{
				ID: "inv1", Email: "nia@example.test", Role: account.Technician, JobberUserID: "User_7", Status: account.Pending,
				InvitedBy: "Name of admin", CreatedAt: now, ExpiresAt: now.Add(7 * 24 * time.Hour),
			}
			token := map[bool]telemetry.Secret{true: sent.Mailed, false: sent.Shown}[byMail]
			found, accountName, err := b.invitations.Find(t.Context(), token)
			if err != nil || accountName != acct.Name || sent.Account.Name != acct.Name {
				t.Errorf("found in %q, sent for %q, %v", accountName, sent.Account.Name, err)
			}
			for what, got := range map[string]account.Invitation{"sent": sent.Invitation, "found": found, "listed": b.list(t)[0]} {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
			b.clock.Advance(time.Minute)
			for range 2 { // the second time is the same answer
				got, err := b.accept(t, token, "nia", "NIA@example.test")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(account.Acceptance{AccountID: acct.ID, AccountName: acct.Name, Email: "nia@example.test", ByMail: byMail}, got); diff != "" {
					t.Errorf("accepted (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(account.Member{
				UserID: "nia", Email: "nia@example.test", Name: "Nia of Firebase", Role: account.Technician, JobberUserID: "User_7", Status: account.Active,
			}, b.member(t, "nia"), cmpopts.IgnoreFields(account.Member{}, "Version")); diff != "" {
				t.Errorf("member (-want +got):\n%s", diff)
			}
			if id, err := b.AccountOf(t.Context(), "nia"); err != nil || id != acct.ID {
				t.Errorf("membership in %q, %v", id, err)
			}
			if list := b.list(t); len(list) > 0 {
				t.Errorf("still listed: %+v", list)
			}
			if diff := cmp.Diff([]event.Event{
				{Type: account.MemberInvited, Title: "Someone without a name", Detail: "technician", Actor: "admin"},
				{Type: account.MemberJoined, Title: "Nia of Firebase", Detail: "technician", Member: "nia", Actor: "nia"},
			}, b.told(t), whatIsTold); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokensThatLeadNowhere(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	good := b.invite(t, "nia@example.test", account.Viewer)
	for _, text := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 42) + "B", good.Shown.Reveal()[1:], good.Shown.Reveal() + "=", "../x"} {
		b.isGone(t, telemetry.Secret(text), "a wrong token")
	}

	renewed, err := b.invitations.Renew(t.Context(), as("olive", account.Owner), good.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []telemetry.Secret{good.Shown, good.Mailed} {
		b.isGone(t, token, "renewed")
	}
	if renewed.ID != good.ID || renewed.InvitedBy != "Olive" {
		t.Errorf("got %+v, want the same invitation by Olive", renewed.Invitation)
	}

	b.clock.Advance(account.InvitationLifetime)
	b.isGone(t, renewed.Mailed, "expired")
	if got := b.list(t); len(got) != 1 || got[0].Status != account.Expired {
		t.Errorf("got %+v, want one that is expired", got)
	}
	renewed, err = b.invitations.Renew(t.Context(), as("olive", account.Owner), good.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.accept(t, renewed.Mailed, "other", "other@example.test"); problem.CodeOf(err) != problem.Forbidden {
		t.Errorf("another address: got %v, want it forbidden", err)
	}
	if err := b.invitations.Revoke(t.Context(), as("admin", account.Admin), good.ID); err != nil {
		t.Fatal(err)
	}
	b.isGone(t, renewed.Mailed, "withdrawn")
	if err := b.invitations.Revoke(t.Context(), as("admin", account.Admin), good.ID); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("withdrawn again: got %v, want nothing there", err)
	}

	used := b.invite(t, "nia@example.test", account.Viewer)
	if _, err := b.accept(t, used.Mailed, "nia", "nia@example.test"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.invitations.Find(t.Context(), used.Mailed); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("found after its use: %v", err)
	}
	if _, err := b.accept(t, used.Mailed, "second", "nia@example.test"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("a second user: got %v, want nothing there", err)
	}
	if err := b.members.Remove(t.Context(), as("admin", account.Admin), "nia"); err != nil {
		t.Fatal(err)
	}
	b.isGone(t, used.Mailed, "used, and its member removed")
}

// An invitation gives no more than its inviter could give now.
func TestAnInvitationIsWorthItsInviter(t *testing.T) {
	t.Parallel()
	for name, fall := range map[string]func(context.Context, *business) error{
		"removed": func(ctx context.Context, b *business) error {
			return b.members.Remove(ctx, as("olive", account.Owner), "admin")
		},
		"switched off": func(ctx context.Context, b *business) error {
			return second(b.members.Change(ctx, as("olive", account.Owner), "admin", account.Change{Status: to(account.Disabled)}))
		},
		"made a viewer": func(ctx context.Context, b *business) error {
			return second(b.members.Change(ctx, as("olive", account.Owner), "admin", account.Change{Role: to(account.Viewer)}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBusiness(t)
			sent := b.invite(t, "nia@example.test", account.Admin)
			if err := fall(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			b.isGone(t, sent.Mailed, name)
			if got := b.list(t); len(got) != 1 || got[0].Status != account.Expired || got[0].InvitedBy != "Name of admin" {
				t.Errorf("got %+v, want one that is expired", got)
			}
			renewed, err := b.invitations.Renew(t.Context(), as("olive", account.Owner), sent.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.accept(t, renewed.Mailed, "nia", "nia@example.test"); err != nil {
				t.Errorf("renewed by the owner: %v", err)
			}
		})
	}
}

func TestInviteIsRefused(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	sent := b.invite(t, "nia@example.test", account.Admin)
	key := as("olive", "")
	key.Grants = account.Grants{account.MemberManage: account.WholeAccount, account.SelfManage: account.WholeAccount}
	tests := []struct {
		name, email string
		by          account.Principal
		role        account.Role
		code        problem.Code
	}{
		{"an owner", "x@example.test", as("olive", account.Owner), account.Owner, problem.Conflict},
		{"by a dispatcher", "x@example.test", as("dispatcher", account.Dispatcher), account.Viewer, problem.Forbidden},
		{"by a token that is out of date", "x@example.test", as("viewer", account.Admin), account.Viewer, problem.Forbidden},
		{"a role that may do more than a key", "x@example.test", key, account.Viewer, problem.Forbidden},
		{"a member's address", "Viewer@example.test", as("admin", account.Admin), account.Viewer, problem.Conflict},
		{"no address", "x", as("admin", account.Admin), account.Viewer, problem.Invalid},
		{"no role", "x@example.test", as("admin", account.Admin), "root", problem.Invalid},
	}
	for _, tt := range tests {
		_, err := b.invitations.Invite(t.Context(), tt.by, account.NewInvitation{Email: tt.email, Role: tt.role})
		if err == nil || problem.CodeOf(err) != tt.code {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.code)
		}
	}
	for what, err := range map[string]error{
		"renewed":          second(b.invitations.Renew(t.Context(), key, sent.ID)),
		"withdrawn":        b.invitations.Revoke(t.Context(), key, sent.ID),
		"changed":          second(b.invitations.Invite(t.Context(), key, account.NewInvitation{Email: "nia@example.test", Role: account.Viewer})),
		"by a dispatcher":  b.invitations.Revoke(t.Context(), as("dispatcher", account.Dispatcher), sent.ID),
		"renewed by a key": second(b.invitations.Renew(t.Context(), as("viewer", account.Owner), sent.ID)),
	} {
		if problem.CodeOf(err) != problem.Forbidden {
			t.Errorf("%s: got %v, want it forbidden", what, err)
		}
	}
	for _, id := range []string{"none", "../members/olive", ""} {
		if _, err := b.invitations.Renew(t.Context(), as("olive", account.Owner), id); problem.CodeOf(err) != problem.NotFound {
			t.Errorf("%q: got %v, want nothing there", id, err)
		}
	}
	if _, err := b.accept(t, sent.Mailed, "viewer", "nia@example.test"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("a member accepts: got %v, want a conflict", err)
	}
	harbour := acct
	harbour.ID = "acc_harbour"
	if _, err := b.Create(t.Context(), harbour, account.Member{UserID: "rival"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.accept(t, sent.Mailed, "rival", "nia@example.test"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("another account's owner accepts: got %v, want a conflict", err)
	}
	if _, err := b.accept(t, sent.Mailed, "nia", "nia@example.test"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"renewed":   second(b.invitations.Renew(t.Context(), as("olive", account.Owner), sent.ID)),
		"withdrawn": b.invitations.Revoke(t.Context(), as("olive", account.Owner), sent.ID),
	} {
		if problem.CodeOf(err) != problem.Conflict {
			t.Errorf("%s after it was accepted: got %v, want a conflict", what, err)
		}
	}
}

func TestInvitingAgainRenews(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	first := b.invite(t, "nia@example.test", account.Viewer)
	b.clock.Advance(time.Hour)
	again := b.invite(t, "NIA@example.test", account.Dispatcher)
	b.isGone(t, first.Mailed, "invited again")
	want := first.Invitation
	want.Role, want.ExpiresAt = account.Dispatcher, first.ExpiresAt.Add(time.Hour)
	if diff := cmp.Diff([]account.Invitation{want}, b.list(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := b.accept(t, again.Shown, "nia", "nia@example.test"); err != nil {
		t.Fatal(err)
	}
	if got := b.member(t, "nia").Role; got != account.Dispatcher {
		t.Errorf("joined as %s", got)
	}
}

func TestInvitationsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	tokens := make([]telemetry.Secret, 6)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			sent, err := b.invitations.Invite(t.Context(), as("admin", account.Admin), account.NewInvitation{Email: "nia@example.test", Role: account.Viewer})
			if err != nil && problem.CodeOf(err) != problem.Unavailable {
				t.Error(err)
			}
			tokens[i] = sent.Mailed
		})
	}
	wg.Wait()
	if list := b.list(t); len(list) != 1 {
		t.Fatalf("got %d invitations of one address, want 1", len(list))
	}
	var good []telemetry.Secret
	for _, token := range tokens {
		if _, _, err := b.invitations.Find(t.Context(), token); err == nil {
			good = append(good, token)
		}
	}
	if len(good) != 1 {
		t.Fatalf("%d tokens are good, want 1", len(good))
	}
	for range 6 {
		wg.Go(func() {
			if _, err := b.accept(t, good[0], "nia", "nia@example.test"); err != nil && problem.CodeOf(err) != problem.Unavailable {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	joined := 0
	for _, e := range b.told(t) {
		if e.Type == account.MemberJoined {
			joined++
		}
	}
	if joined != 1 || b.member(t, "nia").Role != account.Viewer {
		t.Errorf("joined %d times, want once", joined)
	}
}

func TestInvitationsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	b.copyInvitation(t, b.invite(t, "guest@example.test", account.Viewer).ID, account.MaxPending-3)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() { b.inviteIfThereIsRoom(t, fmt.Sprintf("last%d@example.test", i)) })
	}
	wg.Wait()
	b.inviteIfThereIsRoom(t, "last@example.test") // where those were in each other's way
	b.inviteIfThereIsRoom(t, "last2@example.test")
	if got := len(b.list(t)); got != account.MaxPending {
		t.Fatalf("got %d invitations, want %d", got, account.MaxPending)
	}
	_, err := b.invitations.Invite(t.Context(), as("admin", account.Admin), account.NewInvitation{Email: "nia@example.test", Role: account.Viewer})
	if problem.CodeOf(err) != problem.Conflict {
		t.Errorf("one too many: got %v, want a conflict", err)
	}
	one := b.list(t)[0]
	if _, err := b.invitations.Renew(t.Context(), as("admin", account.Admin), one.ID); err != nil {
		t.Errorf("one of the hundred is renewed: %v", err)
	}
	b.clock.Advance(account.InvitationLifetime)
	b.invite(t, "nia@example.test", account.Viewer)

	pages, seen := 0, map[string]bool{}
	var at account.InvitationPosition
	for more := true; more; pages++ {
		var page []account.Invitation
		if page, more, err = b.invitations.List(t.Context(), acct.ID, at, 40); err != nil {
			t.Fatal(err)
		}
		for _, i := range page {
			if seen[i.ID] {
				t.Errorf("%s is listed twice", i.ID)
			}
			seen[i.ID] = true
			at = account.InvitationPosition{CreatedAt: i.CreatedAt, ID: i.ID}
		}
	}
	if len(seen) != account.MaxPending+1 || pages != 3 {
		t.Errorf("listed %d on %d pages, want %d on 3", len(seen), pages, account.MaxPending+1)
	}
}

// copyInvitation stores more of the kind of one, which take no time to make.
func (b *business) copyInvitation(t *testing.T, id string, n int) {
	t.Helper()
	fs, err := b.clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ref := fs.Doc("accounts/" + acct.ID + "/invitations/" + id)
	snapshot, err := ref.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	writer := fs.BulkWriter(t.Context())
	for i := range n {
		d := snapshot.Data()
		d["email"] = fmt.Sprintf("guest%d@example.test", i)
		if _, err := writer.Create(ref.Parent.Doc(fmt.Sprint("copy", i)), d); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
}

func (b *business) inviteIfThereIsRoom(t *testing.T, email string) {
	t.Helper()
	_, err := b.invitations.Invite(t.Context(), as("admin", account.Admin), account.NewInvitation{Email: email, Role: account.Viewer})
	switch problem.CodeOf(err) {
	case problem.Conflict, problem.Unavailable:
	default:
		if err != nil {
			t.Error(err)
		}
	}
}

// A leaked database lets nobody accept: it has no token, nor the half of one.
func TestTokensAreNotStored(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	sent := b.invite(t, "nia@example.test", account.Viewer)
	fs, err := b.clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var stored strings.Builder
	for _, collection := range []string{"accounts/" + acct.ID + "/invitations", "invitationTokens", "accounts/" + acct.ID + "/events"} {
		found, err := fs.Collection(collection).Documents(t.Context()).GetAll()
		if err != nil || len(found) == 0 {
			t.Fatal(collection, err)
		}
		for _, snapshot := range found {
			text, err := json.Marshal(snapshot.Data())
			if err != nil {
				t.Fatal(err)
			}
			stored.WriteString(snapshot.Ref.Path + " " + string(text) + "\n")
		}
	}
	for _, token := range []telemetry.Secret{sent.Shown, sent.Mailed} {
		if strings.Contains(stored.String(), token.Reveal()[:20]) {
			t.Errorf("a token is stored:\n%s", stored.String())
		}
	}
	for _, e := range b.told(t) {
		if strings.Contains(e.Title+e.Detail, "@") {
			t.Errorf("an event has an address: %+v", e)
		}
	}
}
