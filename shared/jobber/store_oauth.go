package jobber

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/problem"
)

// stateLife is how long a person may take on Jobber's consent page.
const stateLife = 10 * time.Minute

// stateDocument is an authorization that waits for its code. Its name is a hash, so that reading the store tells no state.
type stateDocument struct {
	Account   string    `firestore:"account"`
	User      string    `firestore:"user"`
	ExpiresAt time.Time `firestore:"expiresAt"`
}

// newState returns a state that only this user of this account can bring back, once.
func (s *Store) newState(ctx context.Context, account, user string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return "", err
	}
	state := rand.Text()
	_, err = stateRef(client, state).Create(ctx, stateDocument{Account: account, User: user, ExpiresAt: s.clock.Now().Add(stateLife)})
	return state, err
}

// takeState uses a state up. One that is unknown, used, too old or another's is problem.Invalid.
func (s *Store) takeState(ctx context.Context, state, account, user string) error {
	return s.inTransaction(ctx, func(_ context.Context, client *firestore.Client, tx *firestore.Transaction) error {
		ref := stateRef(client, state)
		snap, err := tx.Get(ref)
		if status.Code(err) == codes.NotFound {
			return invalidState()
		}
		if err != nil {
			return err
		}
		var d stateDocument
		if err := snap.DataTo(&d); err != nil {
			return err
		}
		if d.Account != account || d.User != user || !s.clock.Now().Before(d.ExpiresAt) {
			return invalidState()
		}
		return tx.Delete(ref)
	})
}

func invalidState() error {
	return &problem.Error{
		Code: problem.Invalid, Message: "This authorization is not valid any more. Start the connection again.",
		Fields: []problem.Field{{Location: "body.state", Message: "is unknown, used, too old or another person's"}},
	}
}

func stateRef(client *firestore.Client, state string) *firestore.DocumentRef {
	sum := sha256.Sum256([]byte(state))
	return client.Collection("oauthStates").Doc(hex.EncodeToString(sum[:]))
}
