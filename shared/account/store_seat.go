package account

import (
	"context"
	"time"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Seat is a member's place in an account, both as of one moment.
type Seat struct {
	Account Account
	Member  Member
	AsOf    time.Time // by Firestore's clock: of two seats the later one is the newer
}

// Seat returns a member's place, with the zero Member for somebody who is not in the account.
func (s *Store) Seat(ctx context.Context, accountID, userID string) (Seat, error) {
	if !cloud.AreIDs(accountID, userID) {
		return Seat{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err != nil {
		return Seat{}, problem.Wrap(err, problem.Unavailable, "The store cannot be reached. Try again.")
	}
	account := fs.Collection("accounts").Doc(accountID)
	found, err := fs.GetAll(ctx, []*firestore.DocumentRef{account, account.Collection("members").Doc(userID)})
	if err != nil {
		return Seat{}, storeProblem(err, "member")
	}
	seat := Seat{AsOf: found[0].ReadTime}
	if !found[0].Exists() || !found[1].Exists() {
		return seat, nil
	}
	var a accountDoc
	if err := found[0].DataTo(&a); err != nil {
		return Seat{}, err
	}
	var m memberDoc
	if err := found[1].DataTo(&m); err != nil {
		return Seat{}, err
	}
	seat.Account, seat.Member = a.account(accountID), m.member(userID)
	return seat, nil
}
