package account

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Invitations keeps an account's invitations at accounts/{account}/invitations/{id}, and where a token leads at
// invitationTokens/{hash of the token}. As with Members, each change is one transaction with its event.
//
// An invitation is worth what its inviter is: it is refused once they are gone, switched off, or may not give the role any
// more. Somebody else may renew it.
type Invitations struct {
	store  *Store
	events *event.Store
}

// NewInvitations returns the invitations of store's accounts.
func NewInvitations(store *Store, events *event.Store) *Invitations {
	return &Invitations{store: store, events: events}
}

type invitationDoc struct {
	Email        string    `firestore:"email"`
	Role         string    `firestore:"role"`
	Name         string    `firestore:"name"`
	JobberUserID string    `firestore:"jobberUserId"`
	InviterID    string    `firestore:"inviterId"`
	InviterName  string    `firestore:"inviterName"`
	CreatedAt    time.Time `firestore:"createdAt"`
	ExpiresAt    time.Time `firestore:"expiresAt"`
	PurgeAt      time.Time `firestore:"purgeAt"` // Firestore deletes some time after it
	Open         bool      `firestore:"open"`    // not accepted
	Tokens       []string  `firestore:"tokens"`  // hashes of those that lead here
	AcceptedBy   string    `firestore:"acceptedBy,omitempty"`
}

type tokenDoc struct {
	Account    string    `firestore:"account"`
	Invitation string    `firestore:"invitation"`
	Mailed     bool      `firestore:"mailed"`
	PurgeAt    time.Time `firestore:"purgeAt"`
}

func (d invitationDoc) expired(now time.Time) bool { return !now.Before(d.ExpiresAt) }

// backed tells whether the inviter may still give the role.
func (d invitationDoc) backed(inviter Member) bool {
	return inviter.Status == Active && Can(inviter.Role, MemberManage) && granted[inviter.Role].Cover(granted[Role(d.Role)])
}

func (d invitationDoc) invitation(id string, now time.Time, inviter Member) Invitation {
	i := Invitation{
		ID: id, Email: telemetry.Personal(d.Email), Role: Role(d.Role), Name: telemetry.Personal(d.Name), JobberUserID: d.JobberUserID,
		Status: Pending, InvitedBy: telemetry.Personal(d.InviterName), CreatedAt: d.CreatedAt.UTC(), ExpiresAt: d.ExpiresAt.UTC(),
	}
	switch {
	case !d.Open:
		i.Status = Accepted
	case d.expired(now), !d.backed(inviter):
		i.Status = Expired
	}
	return i
}

func (w *work) invitation(id string) *firestore.DocumentRef {
	return w.fs.Doc("accounts/" + w.accountID + "/invitations/" + id)
}

func (w *work) open() firestore.Query {
	return w.fs.Collection("accounts/"+w.accountID+"/invitations").Where("open", "==", true)
}

// Invite invites an address, or renews and changes the invitation that it has. It is a problem Conflict for the address of a
// member and for one invitation too many.
func (s *Invitations) Invite(ctx context.Context, by Principal, n NewInvitation) (Sent, error) {
	if err := invalid("invitation", n.Check("")); err != nil {
		return Sent{}, err
	}
	if n.ID == "" {
		n.ID = rand.Text()
	}
	email, _ := ParseEmail(n.Email)
	name, _ := ParseName(n.Name)
	var sent Sent
	err := s.store.work(ctx, s.events, by.AccountID, func(w *work) error {
		a, err := w.actor(by)
		if err != nil {
			return err
		}
		if err := a.needs(MemberManage); err != nil {
			return err
		}
		if err := a.give(n.Role); err != nil {
			return err
		}
		if err := w.notMember(email); err != nil {
			return err
		}
		id, d := n.ID, invitationDoc{CreatedAt: w.now()}
		found, err := w.tx.Documents(w.open().Where("email", "==", string(email)).Limit(1)).GetAll()
		if err != nil {
			return err
		}
		if len(found) > 0 {
			id = found[0].Ref.ID
			if err := found[0].DataTo(&d); err != nil {
				return err
			}
			if err := a.give(Role(d.Role)); err != nil {
				return err
			}
		}
		d.Email, d.Role, d.Name, d.JobberUserID = string(email), string(n.Role), string(name), n.JobberUserID
		sent, err = w.send(a, id, d)
		return err
	})
	return sent, err
}

// Renew gives an invitation that is not accepted new tokens and a new time. The old tokens are good no more.
func (s *Invitations) Renew(ctx context.Context, by Principal, id string) (Sent, error) {
	var sent Sent
	err := s.store.work(ctx, s.events, by.AccountID, func(w *work) error {
		a, d, err := w.opened(by, id)
		if err != nil {
			return err
		}
		if err := w.notMember(telemetry.Personal(d.Email)); err != nil {
			return err
		}
		sent, err = w.send(a, id, d)
		return err
	})
	return sent, err
}

// Revoke withdraws an invitation that is not accepted.
func (s *Invitations) Revoke(ctx context.Context, by Principal, id string) error {
	return s.store.work(ctx, s.events, by.AccountID, func(w *work) error {
		_, d, err := w.opened(by, id)
		if err != nil {
			return err
		}
		w.tell(told{MemberUninvited, d.Role}, by, "", invitee(telemetry.Personal(d.Name)))
		if err := w.forget(d.Tokens); err != nil {
			return err
		}
		return w.tx.Delete(w.invitation(id))
	})
}

// opened reads who asks and an invitation that they may change.
func (w *work) opened(by Principal, id string) (actor, invitationDoc, error) {
	var d invitationDoc
	a, err := w.actor(by)
	if err != nil {
		return a, d, err
	}
	if err := a.needs(MemberManage); err != nil {
		return a, d, err
	}
	if !cloud.AreIDs(id) {
		return a, d, problem.New(problem.NotFound, "There is no such invitation.")
	}
	if err := w.get(w.invitation(id), &d, "invitation"); err != nil {
		return a, d, err
	}
	if !d.Open {
		return a, d, problem.New(problem.Conflict, "The invitation has been accepted. Change or remove the member instead.")
	}
	return a, d, a.give(Role(d.Role))
}

// notMember is a problem Conflict for the address of a member.
func (w *work) notMember(email telemetry.Personal) error {
	query := w.fs.Collection("accounts/"+w.accountID+"/members").Where("email", "==", string(email)).Limit(1)
	found, err := w.tx.Documents(query).GetAll()
	if err == nil && len(found) > 0 {
		err = problem.New(problem.Conflict, "There is a member with this address already.")
	}
	return err
}

// send gives the invitation d its inviter, tokens and time, and stores it. It is the last that a transaction reads.
func (w *work) send(a actor, id string, d invitationDoc) (Sent, error) {
	now := w.now()
	acct, err := w.account()
	if err != nil {
		return Sent{}, err
	}
	if !d.Open || d.expired(now) { // one that is not counted yet
		if err := w.room(now); err != nil {
			return Sent{}, err
		}
	}
	if err := w.forget(d.Tokens); err != nil {
		return Sent{}, err
	}
	d.Open, d.ExpiresAt = true, now.Add(InvitationLifetime)
	d.PurgeAt = d.ExpiresAt.Add(keptAfterEnd)
	d.InviterID, d.InviterName = a.UserID, string(a.self.Name)
	sent := Sent{Account: acct}
	var shown, mailed string
	sent.Shown, shown = newToken()
	sent.Mailed, mailed = newToken()
	d.Tokens = []string{shown, mailed}
	for _, hash := range d.Tokens {
		t := tokenDoc{Account: w.accountID, Invitation: id, Mailed: hash == mailed, PurgeAt: d.PurgeAt}
		if err := w.tx.Create(w.token(hash), t); err != nil {
			return Sent{}, err
		}
	}
	w.tell(told{MemberInvited, d.Role}, a.Principal, "", invitee(telemetry.Personal(d.Name)))
	sent.Invitation = d.invitation(id, now, a.self)
	return sent, w.tx.Set(w.invitation(id), d)
}

// now is as exact as what Firestore keeps of it.
func (w *work) now() time.Time { return w.store.clock.Now().Truncate(time.Microsecond) }

// room is a problem Conflict when the account has no room for another invitation.
func (w *work) room(now time.Time) error {
	pending, err := w.tx.Documents(w.open().Where("expiresAt", ">", now).Select().Limit(MaxPending)).GetAll()
	if err == nil && len(pending) == MaxPending {
		err = problem.New(problem.Conflict, "There are %d open invitations. Withdraw one that is not needed.", MaxPending)
	}
	return err
}

func (w *work) token(hash string) *firestore.DocumentRef { return w.fs.Doc("invitationTokens/" + hash) }

func (w *work) forget(tokens []string) error {
	for _, hash := range tokens {
		if err := w.tx.Delete(w.token(hash)); err != nil {
			return err
		}
	}
	return nil
}

// InvitationPosition is where a page of invitations ends; the zero value is before the first.
type InvitationPosition struct {
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

// Valid tells whether a list can go on there.
func (p InvitationPosition) Valid() bool { return cloud.AreIDs(p.ID) && cloud.IsTime(p.CreatedAt) }

// List returns an account's invitations that are not accepted, newest first, after a position. More reports whether there
// are older ones.
func (s *Invitations) List(ctx context.Context, accountID string, after InvitationPosition, limit int) (list []Invitation, more bool, err error) {
	err = s.store.with(ctx, "invitation", func(ctx context.Context, fs *firestore.Client) error {
		query := fs.Collection("accounts/"+accountID+"/invitations").Where("open", "==", true).
			OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(limit + 1)
		if after.ID != "" {
			query = query.StartAfter(after.CreatedAt, after.ID)
		}
		found, err := query.Documents(ctx).GetAll()
		if err != nil {
			return err
		}
		if more = len(found) > limit; more {
			found = found[:limit]
		}
		docs := make([]invitationDoc, len(found))
		for i, snapshot := range found {
			if err := snapshot.DataTo(&docs[i]); err != nil {
				return err
			}
		}
		inviters, err := inviters(ctx, fs, accountID, docs)
		if err != nil {
			return err
		}
		now := s.store.clock.Now()
		for i, d := range docs {
			list = append(list, d.invitation(found[i].Ref.ID, now, inviters[d.InviterID]))
		}
		return nil
	})
	return list, more, err
}

// inviters returns the members who made the invitations, without those who are gone.
func inviters(ctx context.Context, fs *firestore.Client, accountID string, docs []invitationDoc) (map[string]Member, error) {
	var refs []*firestore.DocumentRef
	for _, d := range docs {
		ref := fs.Doc("accounts/" + accountID + "/members/" + d.InviterID)
		if !slices.ContainsFunc(refs, func(r *firestore.DocumentRef) bool { return r.ID == ref.ID }) {
			refs = append(refs, ref)
		}
	}
	found, err := fs.GetAll(ctx, refs)
	if err != nil {
		return nil, err
	}
	members := map[string]Member{}
	for _, snapshot := range found {
		if !snapshot.Exists() {
			continue
		}
		var d memberDoc
		if err := snapshot.DataTo(&d); err != nil {
			return nil, err
		}
		members[snapshot.Ref.ID] = d.member(snapshot.Ref.ID)
	}
	return members, nil
}

// Find returns the invitation that a token leads to, and the name of its account. All tokens that nobody may accept with any
// more have one problem NotFound.
func (s *Invitations) Find(ctx context.Context, token telemetry.Secret) (Invitation, string, error) {
	var i Invitation
	var accountName string
	err := s.follow(ctx, token, func(w *work, f followed) error {
		if !f.Open || !f.good {
			return errNoInvitation
		}
		i, accountName = f.invitation(f.id, w.store.clock.Now(), f.inviter), f.account.Name
		return nil
	})
	return i, accountName, err
}

// Accept makes a user a member, once: doing it again answers the same, and of several at once one does it. It is a problem
// Forbidden for a user with another address, Conflict for one who is in an account already, and NotFound, the same for all,
// for a token that is not good.
func (s *Invitations) Accept(ctx context.Context, token telemetry.Secret, user Invitee) (Acceptance, error) {
	if !cloud.AreIDs(user.UserID) {
		return Acceptance{}, problem.New(problem.Unauthenticated, "The sign-in is not valid. Sign in again.")
	}
	var accepted Acceptance
	err := s.follow(ctx, token, func(w *work, f followed) error {
		email, _ := ParseEmail(string(user.Email))
		var membership membershipDoc
		err := w.get(w.fs.Doc("memberships/"+user.UserID), &membership, "membership")
		if err != nil && problem.CodeOf(err) != problem.NotFound {
			return err
		}
		accepted = Acceptance{AccountID: w.accountID, AccountName: f.account.Name, Email: telemetry.Personal(f.Email), ByMail: f.mailed}
		switch {
		case !f.Open && f.AcceptedBy == user.UserID && membership.Account == w.accountID:
			return nil
		case !f.Open, !f.good:
			return errNoInvitation
		case string(email) != f.Email:
			return problem.New(problem.Forbidden, "This invitation is for another email address. Sign in with the address that it was sent to.")
		case membership.Account == w.accountID:
			return problem.New(problem.Conflict, "You are in this business already. Sign in.")
		case membership.Account != "":
			return problem.New(problem.Conflict, "You are in another business on Fieldboard. Ask its owner to remove you from it first.")
		}
		return w.join(f, user)
	})
	return accepted, err
}

// join makes the user a member and closes the invitation.
func (w *work) join(f followed, user Invitee) error {
	now := w.store.clock.Now()
	m := Member{
		UserID: user.UserID, Email: telemetry.Personal(f.Email), Name: telemetry.Personal(f.Name),
		Role: Role(f.Role), JobberUserID: f.JobberUserID, Status: Active,
		Version: now.UnixMilli(), // a person who was here before does not get a version that their old tokens are of
	}
	if m.Name == "" {
		m.Name, _ = ParseName(string(user.Name))
	}
	if err := m.validate(); err != nil {
		return err
	}
	w.tell(told{MemberJoined, f.Role}, Principal{UserID: m.UserID}, m.UserID, title(m.Name))
	if err := createMember(w.fs, w.tx, w.accountID, m); err != nil {
		return err
	}
	return w.tx.Update(w.invitation(f.id), []firestore.Update{{Path: "open", Value: false}, {Path: "acceptedBy", Value: m.UserID}})
}

// followed is what a token leads to.
type followed struct {
	invitationDoc
	id      string
	account Account
	inviter Member // zero when they are gone
	mailed  bool   // the token was in the mail
	good    bool   // not expired, and the inviter may still give the role
}

// follow runs a transaction on what a token leads to, and its account. All failures to lead anywhere are errNoInvitation.
func (s *Invitations) follow(ctx context.Context, token telemetry.Secret, do func(*work, followed) error) error {
	hash, ok := lookUp(token)
	if !ok {
		return errNoInvitation
	}
	var lead tokenDoc
	if err := s.store.read(ctx, &lead, "invitation", "invitationTokens", hash); err != nil {
		return noInvitation(err)
	}
	return s.store.work(ctx, s.events, lead.Account, func(w *work) error {
		f := followed{id: lead.Invitation, mailed: lead.Mailed}
		if err := w.get(w.invitation(f.id), &f.invitationDoc, "invitation"); err != nil {
			return noInvitation(err)
		}
		if !slices.Contains(f.Tokens, hash) {
			return errNoInvitation
		}
		var err error
		if f.account, err = w.account(); err != nil {
			return noInvitation(err)
		}
		if f.inviter, err = w.seat(f.InviterID); err != nil && problem.CodeOf(err) != problem.NotFound {
			return err
		}
		f.good = !f.expired(w.store.clock.Now()) && f.backed(f.inviter)
		return do(w, f)
	})
}

func noInvitation(err error) error {
	if problem.CodeOf(err) == problem.NotFound {
		return errNoInvitation
	}
	return err
}
