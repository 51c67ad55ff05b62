package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Store keeps accounts and their members in Firestore: accounts/{account}, accounts/{account}/members/{uid}, and
// memberships/{uid}, which names the one account that a user belongs to.
type Store struct {
	cloud *cloud.Clients
	clock clock.Clock
}

// NewStore returns a store. It connects at its first use.
func NewStore(c *cloud.Clients, clk clock.Clock) *Store {
	return &Store{cloud: c, clock: clk}
}

type accountDoc struct {
	Name      string    `firestore:"name"`
	Currency  string    `firestore:"currency"`
	TimeZone  string    `firestore:"timeZone"`
	CreatedAt time.Time `firestore:"createdAt"`
	Plan      string    `firestore:"plan,omitempty"`

	RequireVerifiedEmail bool         `firestore:"requireVerifiedEmail,omitempty"`
	Privileged           lifetimesDoc `firestore:"privileged"`
	Standard             lifetimesDoc `firestore:"standard"`
	AuditRetentionDays   int          `firestore:"auditRetentionDays,omitempty"`
	LegalHold            holdDoc      `firestore:"legalHold"`
}

type holdDoc struct {
	On     bool      `firestore:"on"`
	Reason string    `firestore:"reason,omitempty"`
	By     string    `firestore:"by,omitempty"`
	Since  time.Time `firestore:"since,omitempty"`
}

type lifetimesDoc struct {
	IdleMinutes     int `firestore:"idleMinutes"`
	AbsoluteMinutes int `firestore:"absoluteMinutes"`
}

func newAccountDoc(a Account) accountDoc {
	return accountDoc{
		Name: a.Name, Currency: a.Currency, TimeZone: a.TimeZone, CreatedAt: a.CreatedAt, Plan: a.Plan,
		RequireVerifiedEmail: a.Settings.RequireVerifiedEmail,
		Privileged:           lifetimesDoc(a.Settings.Privileged),
		Standard:             lifetimesDoc(a.Settings.Standard),
		AuditRetentionDays:   a.Settings.AuditRetentionDays,
		LegalHold:            holdDoc(a.LegalHold),
	}
}

func (d accountDoc) account(id string) Account {
	a := Account{
		ID: id, Name: d.Name, Currency: d.Currency, TimeZone: d.TimeZone, CreatedAt: d.CreatedAt.UTC(), Plan: d.Plan,
		Settings: Settings{
			RequireVerifiedEmail: d.RequireVerifiedEmail,
			Privileged:           Lifetimes(d.Privileged),
			Standard:             Lifetimes(d.Standard),
			AuditRetentionDays:   d.AuditRetentionDays,
		},
		LegalHold: LegalHold(d.LegalHold),
	}
	if a.Settings.AuditRetentionDays == 0 { // an account from before there was the setting
		a.Settings.AuditRetentionDays = DefaultSettings.AuditRetentionDays
	}
	if !a.LegalHold.Since.IsZero() {
		a.LegalHold.Since = a.LegalHold.Since.UTC()
	}
	if a.Plan == "" {
		a.Plan = StandardPlan
	}
	return a
}

type memberDoc struct {
	Email        string `firestore:"email"`
	Name         string `firestore:"name"`
	Role         string `firestore:"role"`
	JobberUserID string `firestore:"jobberUserId"`
	Status       string `firestore:"status"`
	Version      int64  `firestore:"version"`
}

func newMemberDoc(m Member) memberDoc {
	return memberDoc{
		Email:        strings.ToLower(string(m.Email)), // by which a member is found before somebody is invited
		Name:         string(m.Name),
		Role:         string(m.Role),
		JobberUserID: m.JobberUserID,
		Status:       string(m.Status),
		Version:      m.Version,
	}
}

func (d memberDoc) member(userID string) Member {
	return Member{
		UserID:       userID,
		Email:        telemetry.Personal(d.Email),
		Name:         telemetry.Personal(d.Name),
		Role:         Role(d.Role),
		JobberUserID: d.JobberUserID,
		Status:       Status(d.Status),
		Version:      d.Version,
	}
}

type membershipDoc struct {
	Account string `firestore:"account"`
}

// storeTimeout bounds one call. The client tries again by itself within it, for what is safe to try again.
const storeTimeout = 10 * time.Second

// Account returns an account; a problem NotFound when there is none by that id.
func (s *Store) Account(ctx context.Context, accountID string) (Account, error) {
	var d accountDoc
	if err := s.read(ctx, &d, "account", "accounts", accountID); err != nil {
		return Account{}, err
	}
	return d.account(accountID), nil
}

// In reads an account within tx.
func In(tx *firestore.Transaction, fs *firestore.Client, accountID string) (Account, error) {
	snapshot, err := tx.Get(fs.Collection("accounts").Doc(accountID))
	if err != nil {
		return Account{}, storeProblem(err, "account")
	}
	var d accountDoc
	if err := snapshot.DataTo(&d); err != nil {
		return Account{}, fmt.Errorf("reading account %s: %w", accountID, err)
	}
	return d.account(accountID), nil
}

// IDs returns the ids of accounts, in their order, after one of them.
func (s *Store) IDs(ctx context.Context, after string, limit int) (ids []string, err error) {
	err = s.with(ctx, "account", func(ctx context.Context, fs *firestore.Client) error {
		q := fs.Collection("accounts").OrderBy(firestore.DocumentID, firestore.Asc).Limit(limit).Select()
		if after != "" {
			q = q.StartAfter(after)
		}
		found, err := q.Documents(ctx).GetAll()
		for _, snapshot := range found {
			ids = append(ids, snapshot.Ref.ID)
		}
		return err
	})
	return ids, err
}

// Member returns a member of an account, a disabled one too; a problem NotFound when the user is not in that account.
func (s *Store) Member(ctx context.Context, accountID, userID string) (Member, error) {
	var d memberDoc
	if err := s.read(ctx, &d, "member", "accounts", accountID, "members", userID); err != nil {
		return Member{}, err
	}
	return d.member(userID), nil
}

// AccountOf returns the id of the account that a user belongs to; a problem NotFound for a user who belongs to none.
func (s *Store) AccountOf(ctx context.Context, userID string) (string, error) {
	var d membershipDoc
	if err := s.read(ctx, &d, "membership", "memberships", userID); err != nil {
		return "", err
	}
	return d.Account, nil
}

// Create stores a new account with its owner, all or nothing. An empty id gets a new one, an empty plan or settings the
// defaults; CreatedAt is now. It is a problem
// Conflict when the id is taken or the owner is in an account already, so doing it twice changes nothing.
func (s *Store) Create(ctx context.Context, a Account, owner Member) (Account, error) {
	if a.ID == "" {
		a.ID = NewID()
	}
	if a.Plan == "" {
		a.Plan = StandardPlan
	}
	if a.Settings == (Settings{}) {
		a.Settings = DefaultSettings
	}
	if a.Settings.AuditRetentionDays == 0 {
		a.Settings.AuditRetentionDays = DefaultSettings.AuditRetentionDays
	}
	a.CreatedAt = s.clock.Now()
	owner.Role, owner.Status = Owner, Active
	if err := a.validate(); err != nil {
		return Account{}, err
	}
	if err := owner.validate(); err != nil {
		return Account{}, err
	}
	err := s.commit(ctx, func(fs *firestore.Client, tx *firestore.Transaction) error {
		if err := tx.Create(fs.Doc("accounts/"+a.ID), newAccountDoc(a)); err != nil {
			return err
		}
		return createMember(fs, tx, a.ID, owner)
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

// AddMember stores a new member of an account that exists. It is a problem Conflict when the user is in an account already,
// this one or another, and for a second owner.
func (s *Store) AddMember(ctx context.Context, accountID string, m Member) error {
	if err := m.validate(); err != nil {
		return err
	}
	if m.Role == Owner {
		return errOneOwner
	}
	if !cloud.AreIDs(accountID) {
		return problem.New(problem.NotFound, "There is no such account.")
	}
	return s.commit(ctx, func(fs *firestore.Client, tx *firestore.Transaction) error {
		if _, err := tx.Get(fs.Doc("accounts/" + accountID)); err != nil {
			return err
		}
		return createMember(fs, tx, accountID, m)
	})
}

// SetStatus lets a member in, or keeps them out from their next sign-in or refresh on.
func (s *Store) SetStatus(ctx context.Context, accountID, userID string, st Status) error {
	if st != Active && st != Disabled {
		return problem.New(problem.Invalid, "A member is active or disabled.")
	}
	if !cloud.AreIDs(accountID, userID) {
		return problem.New(problem.NotFound, "There is no such member.")
	}
	return s.commit(ctx, func(fs *firestore.Client, tx *firestore.Transaction) error {
		return tx.Update(fs.Doc("accounts/"+accountID+"/members/"+userID), []firestore.Update{
			{Path: "status", Value: string(st)}, {Path: "version", Value: firestore.Increment(1)},
		})
	})
}

func createMember(fs *firestore.Client, tx *firestore.Transaction, accountID string, m Member) error {
	if err := tx.Create(fs.Doc("accounts/"+accountID+"/members/"+m.UserID), newMemberDoc(m)); err != nil {
		return err
	}
	return tx.Create(fs.Doc("memberships/"+m.UserID), membershipDoc{Account: accountID})
}

func (s *Store) read(ctx context.Context, doc any, what string, path ...string) error {
	if !cloud.AreIDs(path...) {
		return problem.New(problem.NotFound, "There is no such %s.", what)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err != nil {
		return problem.Wrap(err, problem.Unavailable, "The store cannot be reached. Try again.")
	}
	ref := fs.Collection(path[0]).Doc(path[1])
	for i := 2; i < len(path); i += 2 {
		ref = ref.Collection(path[i]).Doc(path[i+1])
	}
	snapshot, err := ref.Get(ctx)
	if err != nil {
		return storeProblem(err, what)
	}
	if err := snapshot.DataTo(doc); err != nil {
		return fmt.Errorf("reading %s: %w", ref.Path, err)
	}
	return nil
}

func (s *Store) commit(ctx context.Context, do func(*firestore.Client, *firestore.Transaction) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err != nil {
		return problem.Wrap(err, problem.Unavailable, "The store cannot be reached. Try again.")
	}
	err = fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error { return do(fs, tx) })
	if err != nil {
		return storeProblem(err, "account or member")
	}
	return nil
}

// storeProblem makes a problem of what the store answered, and leaves one that is a problem already.
func storeProblem(err error, what string) error {
	var known *problem.Error
	if errors.As(err, &known) {
		return err
	}
	switch status.Code(err) {
	case codes.NotFound:
		return problem.Wrap(err, problem.NotFound, "There is no such %s.", what)
	case codes.AlreadyExists:
		return problem.Wrap(err, problem.Conflict, "There is one already.")
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.ResourceExhausted:
		return problem.Wrap(err, problem.Unavailable, "The store cannot be reached. Try again.")
	}
	return fmt.Errorf("%s: %w", what, err)
}
