package account

import (
	"context"
	"strings"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Members changes who is in an account and what they may do. Each change is one transaction with its event, which is
// published after it. A Principal who asks may do it by what the request was let in with and by what the member's role is
// now, both.
type Members struct {
	store  *Store
	events *event.Store
}

// NewMembers returns the members of store's accounts.
func NewMembers(store *Store, events *event.Store) *Members {
	return &Members{store: store, events: events}
}

// MemberPosition is where a page of members ends; the zero value is before the first.
type MemberPosition struct {
	Name string `json:"n"`
	ID   string `json:"i"`
}

// Valid tells whether a list can go on there.
func (p MemberPosition) Valid() bool { return cloud.AreIDs(p.ID) }

// with reads from the store.
func (s *Store) with(ctx context.Context, what string, read func(context.Context, *firestore.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err != nil {
		return problem.Wrap(err, problem.Unavailable, "The store cannot be reached. Try again.")
	}
	if err := read(ctx, fs); err != nil {
		return storeProblem(err, what)
	}
	return nil
}

// List returns an account's members by name, after a position. More reports whether there are others.
func (s *Members) List(ctx context.Context, accountID string, after MemberPosition, limit int) (members []Member, more bool, err error) {
	err = s.store.with(ctx, "member", func(ctx context.Context, fs *firestore.Client) error {
		query := fs.Collection("accounts/"+accountID+"/members").OrderBy("name", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc).Limit(limit + 1)
		if after.ID != "" {
			query = query.StartAfter(after.Name, after.ID)
		}
		found, err := query.Documents(ctx).GetAll()
		if err != nil {
			return err
		}
		if more = len(found) > limit; more {
			found = found[:limit]
		}
		for _, snapshot := range found {
			var d memberDoc
			if err := snapshot.DataTo(&d); err != nil {
				return err
			}
			members = append(members, d.member(snapshot.Ref.ID))
		}
		return nil
	})
	return members, more, err
}

// Change changes a member and returns them as they are then. A problem Conflict is for what nobody may do to themselves,
// Forbidden for a member or a role that may do more than who asks.
func (s *Members) Change(ctx context.Context, by Principal, userID string, c Change) (Member, error) {
	if err := invalid("change", c.Check("")); err != nil {
		return Member{}, err
	}
	var changed Member
	err := s.store.work(ctx, s.events, by.AccountID, func(w *work) error {
		a, m, err := w.seats(by, MemberManage, userID)
		if err != nil {
			return err
		}
		var tell []told
		before := newMemberDoc(m)
		if changed, tell, err = a.change(m, c); err != nil || len(tell) == 0 {
			return err
		}
		for _, t := range tell {
			w.tell(t, by, userID, title(changed.Name), event.Diff(before, newMemberDoc(changed), "version")...)
		}
		return w.put(changed)
	})
	return changed, err
}

// Remove takes a member out of the account. They may be invited again, by this account or another.
func (s *Members) Remove(ctx context.Context, by Principal, userID string) error {
	return s.store.work(ctx, s.events, by.AccountID, func(w *work) error {
		a, m, err := w.seats(by, MemberManage, userID)
		if err != nil {
			return err
		}
		if err := a.remove(m); err != nil {
			return err
		}
		w.tell(told{MemberRemoved, string(m.Role)}, by, userID, title(m.Name), event.Diff(newMemberDoc(m), memberDoc{}, "version")...)
		if err := w.tx.Delete(w.member(userID)); err != nil {
			return err
		}
		return w.tx.Delete(w.fs.Doc("memberships/" + userID))
	})
}

// Transfer makes another member the owner. The owner becomes an admin in the same moment.
func (s *Members) Transfer(ctx context.Context, by Principal, userID string) error {
	return s.store.work(ctx, s.events, by.AccountID, func(w *work) error {
		a, m, err := w.seats(by, OwnerTransfer, userID)
		if err != nil {
			return err
		}
		oldOwner, newOwner, err := a.transfer(m)
		if err != nil {
			return err
		}
		w.tell(told{OwnerTransferred, string(m.Role) + " → " + string(Owner)}, by, userID, title(m.Name), event.Change{Field: "role", Before: quoted(m.Role), After: quoted(Owner)})
		if err := w.put(oldOwner); err != nil {
			return err
		}
		return w.put(newOwner)
	})
}

// Configure changes the account's settings and returns the account as it is then. The fields of a problem Invalid are
// below "settings".
func (s *Members) Configure(ctx context.Context, by Principal, c SettingsChange) (Account, error) {
	var changed Account
	err := s.store.work(ctx, s.events, by.AccountID, func(w *work) error {
		a, err := w.actor(by)
		if err != nil {
			return err
		}
		if err := a.needs(AccountManage); err != nil {
			return err
		}
		if changed, err = w.account(); err != nil {
			return err
		}
		before := newAccountDoc(changed)
		var detail string
		changed.Settings, detail = c.apply(changed.Settings)
		if hold, what := c.LegalHold.apply(changed.LegalHold, by.UserID, w.store.clock.Now()); what != "" {
			if a.self.Role != Owner {
				return problem.New(problem.Forbidden, "Only the owner can begin or end the legal hold.")
			}
			changed.LegalHold = hold
			detail = strings.TrimPrefix(detail+", "+what, ", ")
		}
		if detail == "" {
			return nil
		}
		if err := invalid("settings", append(changed.Settings.check("settings"), changed.LegalHold.check()...)); err != nil {
			return err
		}
		d := newAccountDoc(changed)
		w.tell(told{SettingsChanged, detail}, by, "", changed.Name, event.Diff(before, d)...)
		return w.tx.Update(w.fs.Doc("accounts/"+w.accountID), []firestore.Update{
			{Path: "requireVerifiedEmail", Value: d.RequireVerifiedEmail},
			{Path: "privileged", Value: d.Privileged},
			{Path: "standard", Value: d.Standard},
			{Path: "auditRetentionDays", Value: d.AuditRetentionDays},
			{Path: "legalHold", Value: d.LegalHold},
		})
	})
	return changed, err
}

// work is one transaction on an account. Its events are stored last.
type work struct {
	fs        *firestore.Client
	tx        *firestore.Transaction
	store     *Store
	accountID string
	events    []event.Event
}

// work runs a transaction, with the events that it tells, and publishes them after it. It may run do several times.
func (s *Store) work(ctx context.Context, events *event.Store, accountID string, do func(*work) error) error {
	if !cloud.AreIDs(accountID) {
		return problem.New(problem.NotFound, "There is no such account.")
	}
	var tell []event.Event
	err := s.commit(ctx, func(fs *firestore.Client, tx *firestore.Transaction) error {
		w := &work{fs: fs, tx: tx, store: s, accountID: accountID}
		if err := do(w); err != nil {
			return err
		}
		for _, e := range w.events {
			if err := events.Put(ctx, tx, e); err != nil {
				return err
			}
		}
		tell = w.events
		return nil
	})
	if err != nil {
		return err
	}
	events.Publish(ctx, tell)
	return nil
}

// tell adds an event about a member, who may be nobody yet.
func (w *work) tell(t told, by Principal, userID, title string, changes ...event.Change) {
	e := event.New(w.accountID, t.typ, w.store.clock.Now())
	e.Audience, e.Title, e.Detail, e.Member, e.Actor = event.Security, title, t.detail, userID, by.UserID
	e.Audit.Changes = changes
	w.events = append(w.events, e)
}

func quoted(r Role) string { return `"` + string(r) + `"` }

func (w *work) member(userID string) *firestore.DocumentRef {
	return w.fs.Doc("accounts/" + w.accountID + "/members/" + userID)
}

// seat reads a member; a problem NotFound when there is none.
func (w *work) seat(userID string) (Member, error) {
	if !cloud.AreIDs(userID) {
		return Member{}, errNoMember
	}
	var d memberDoc
	if err := w.get(w.member(userID), &d, "member"); err != nil {
		return Member{}, err
	}
	return d.member(userID), nil
}

// actor reads who asks. Somebody who is not in the account any more may do nothing.
func (w *work) actor(by Principal) (actor, error) {
	self, err := w.seat(by.UserID)
	if problem.CodeOf(err) == problem.NotFound {
		err = problem.Wrap(err, problem.Forbidden, "You are no longer in this business. Ask its owner.")
	}
	return actor{Principal: by, self: self}, err
}

// seats reads who asks, who must hold a permission, and the member whom it is about.
func (w *work) seats(by Principal, needs Permission, userID string) (actor, Member, error) {
	a, err := w.actor(by)
	if err != nil {
		return a, Member{}, err
	}
	if err := a.needs(needs); err != nil {
		return a, Member{}, err
	}
	if userID == by.UserID {
		return a, a.self, nil
	}
	m, err := w.seat(userID)
	return a, m, err
}

func (w *work) account() (Account, error) {
	var d accountDoc
	if err := w.get(w.fs.Doc("accounts/"+w.accountID), &d, "account"); err != nil {
		return Account{}, err
	}
	return d.account(w.accountID), nil
}

func (w *work) get(ref *firestore.DocumentRef, doc any, what string) error {
	snapshot, err := w.tx.Get(ref)
	if err != nil {
		return storeProblem(err, what)
	}
	return snapshot.DataTo(doc)
}

// put stores what may change of a member who is there.
func (w *work) put(m Member) error {
	return w.tx.Update(w.member(m.UserID), []firestore.Update{
		{Path: "role", Value: string(m.Role)},
		{Path: "status", Value: string(m.Status)},
		{Path: "name", Value: string(m.Name)},
		{Path: "jobberUserId", Value: m.JobberUserID},
		{Path: "version", Value: m.Version},
	})
}
