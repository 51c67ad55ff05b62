package jobber

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Store keeps connections in Firestore:
//
//	accounts/{account}/private/jobber   state, tokens (encrypted), the refresher's lease
//	connections/{jobber account}        which Fieldboard account a Jobber account belongs to, while connected or broken
//	oauthStates/{hash}                  authorizations that wait for their code
type Store struct {
	*Reader
	events *event.Store
	seal   *sealer
	clock  clock.Clock
	log    *slog.Logger
}

// NewStore returns a store that encrypts with keys as in Config.TokenKeys. It dials nothing.
func NewStore(clients *cloud.Clients, events *event.Store, keys telemetry.Secret, clk clock.Clock, log *slog.Logger) (*Store, error) {
	seal, err := newSealer(keys.Reveal())
	if err != nil {
		return nil, fmt.Errorf("TOKEN_ENCRYPTION_KEY: %w", err)
	}
	return &Store{Reader: NewReader(clients), events: events, seal: seal, clock: clk, log: log}, nil
}

// connect stores a new pair of tokens and tells that the account is connected. It is problem.Conflict when the Jobber
// account belongs to another account, or when this account's copy is of another Jobber account.
func (s *Store) connect(ctx context.Context, account, user string, jobber JobberAccount, t tokens) (Connection, error) {
	key, err := Number(jobber.ID)
	if err != nil {
		return Connection{}, err
	}
	access, refresh, err := s.sealed(account, t)
	if err != nil {
		return Connection{}, err
	}
	var result Connection
	told := event.New(account, event.JobberConnected, s.clock.Now())
	told.Title = jobber.Name
	err = s.inTransaction(ctx, func(ctx context.Context, client *firestore.Client, tx *firestore.Transaction) error {
		ownerRef := client.Collection("connections").Doc(key)
		ownerSnap, err := tx.Get(ownerRef)
		if err != nil && status.Code(err) != codes.NotFound {
			return err
		}
		var owner ownerDocument
		if ownerSnap.Exists() {
			if err := ownerSnap.DataTo(&owner); err != nil {
				return err
			}
		}
		if owner.Account != "" && owner.Account != account {
			return problem.New(problem.Conflict, "That Jobber account is connected to another Fieldboard account already.")
		}
		d, err := s.readConnection(client, tx, account)
		if err != nil {
			return err
		}
		if d.JobberID != "" && !sameID(d.JobberID, jobber.ID) {
			return problem.New(problem.Conflict, "This account holds the data of the Jobber account %q. Sign in to that one at Jobber.", d.JobberName)
		}
		now := s.clock.Now()
		d = connectionDocument{
			State: StateConnected, JobberID: jobber.ID, JobberName: jobber.Name, ConnectedAt: now, ConnectedBy: user,
			Access: access, Refresh: refresh, ExpiresAt: t.expiresAt, Generation: d.Generation + 1,
		}
		if err := tx.Set(ownerRef, ownerDocument{Account: account, JobberID: jobber.ID, ConnectedAt: now}); err != nil {
			return err
		}
		if err := tx.Set(connectionRef(client, account), d); err != nil {
			return err
		}
		result = d.connection(account)
		return s.events.Put(ctx, tx, told)
	})
	if err != nil {
		return Connection{}, err
	}
	s.events.Publish(ctx, []event.Event{told})
	return result, nil
}

// Disconnect ends the connection, forgets its tokens and lets the Jobber account be connected elsewhere. It returns the
// connection as it was; ending it twice changes nothing. Jobber is not told: see API.Disconnect.
func (s *Store) Disconnect(ctx context.Context, account, reason string) (Connection, error) {
	return s.end(ctx, account, StateDisconnected, reason, 0)
}

// markBroken says that Jobber refuses the tokens of a generation. Tokens that came since are left alone.
func (s *Store) markBroken(ctx context.Context, account, reason string, generation int64) error {
	was, err := s.end(context.WithoutCancel(ctx), account, StateBroken, reason, generation)
	if err == nil && was.Connected() {
		s.log.ErrorContext(ctx, "the Jobber connection is broken; somebody must connect again", "account", account, "reason", reason)
	}
	return err
}

// end moves the connection to state, if its tokens are of the generation (0: of any).
func (s *Store) end(ctx context.Context, account string, state State, reason string, generation int64) (Connection, error) {
	var was Connection
	var told []event.Event
	err := s.inTransaction(ctx, func(ctx context.Context, client *firestore.Client, tx *firestore.Transaction) error {
		told = nil
		d, err := s.readConnection(client, tx, account)
		if err != nil {
			return err
		}
		was = d.connection(account)
		if was.State == StateDisconnected || was.State == state || (generation != 0 && generation != d.Generation) {
			return nil
		}
		ended := d
		ended.State, ended.Reason, ended.EndedAt = state, reason, s.clock.Now()
		ended.Access, ended.Refresh, ended.ExpiresAt, ended.LeaseHolder, ended.LeaseUntil = "", "", time.Time{}, "", time.Time{}
		if err := tx.Set(connectionRef(client, account), ended); err != nil {
			return err
		}
		if state == StateDisconnected {
			key, err := Number(d.JobberID)
			if err != nil {
				return err
			}
			if err := tx.Delete(client.Collection("connections").Doc(key)); err != nil {
				return err
			}
		}
		if !was.Connected() {
			return nil // it was told when it broke
		}
		e := event.New(account, event.JobberDisconnected, s.clock.Now())
		e.Title, e.Detail = d.JobberName, reason
		told = []event.Event{e}
		return s.events.Put(ctx, tx, e)
	})
	if err != nil {
		return Connection{}, err
	}
	s.events.Publish(ctx, told)
	return was, nil
}

// held is a connection's access token, or leave to refresh it.
type held struct {
	token      Token
	connection Connection
	leased     bool   // the caller is the refresher now and must save or release
	refresh    string // only when leased
	busy       bool   // another refresher is at work and token is not good any more
}

// take returns the stored access token. When it is good for less than ahead, the caller becomes the refresher, unless there
// is one: across all instances at most one holds the lease, and only the holder learns the refresh token.
//
// A holder that dies leaves the lease to run out. Nobody can know then whether Jobber saw its request and rotated the
// token, so the next holder sends the same refresh token once more: if it was spent, Jobber refuses it and the connection
// becomes broken, which a person repairs by connecting again. To ask first would need a second copy at Jobber.
func (s *Store) take(ctx context.Context, account, holder string, ahead, lease time.Duration) (held, error) {
	// A plain read is enough nearly always; a transaction each time would make the instances wait for each other.
	d, err := s.read(ctx, account)
	if err != nil {
		return held{}, err
	}
	h, due, err := s.judge(d, account, holder, ahead)
	if err != nil || !due {
		return h, err
	}
	err = s.inTransaction(ctx, func(_ context.Context, client *firestore.Client, tx *firestore.Transaction) error {
		d, err := s.readConnection(client, tx, account)
		if err != nil {
			return err
		}
		h, due, err = s.judge(d, account, holder, ahead)
		if err != nil || !due {
			return err
		}
		if h.refresh, err = s.seal.open(d.Refresh, account, "refresh"); err != nil {
			return err
		}
		h.leased = true
		return tx.Update(connectionRef(client, account), []firestore.Update{
			{Path: "leaseHolder", Value: holder}, {Path: "leaseUntil", Value: s.clock.Now().Add(lease)},
		})
	})
	return h, err
}

// judge tells what a document means for somebody who wants a token. due says that it is time to refresh and nobody does.
func (s *Store) judge(d connectionDocument, account, holder string, ahead time.Duration) (h held, due bool, err error) {
	h.connection = d.connection(account)
	if !h.connection.Connected() {
		return h, false, nil
	}
	access, err := s.seal.open(d.Access, account, "access")
	if err != nil {
		return held{}, false, err
	}
	now := s.clock.Now()
	h.token = Token{value: access, generation: d.Generation, expiresAt: d.ExpiresAt}
	if d.ExpiresAt.Sub(now) > ahead {
		return h, false, nil
	}
	if d.LeaseHolder != holder && now.Before(d.LeaseUntil) {
		h.busy = !now.Before(d.ExpiresAt)
		return h, false, nil
	}
	return h, true, nil
}

// save stores what a refresh brought, before anyone uses it. It is refused to somebody who lost the lease.
func (s *Store) save(ctx context.Context, account, holder string, t tokens) (Token, error) {
	access, refresh, err := s.sealed(account, t)
	if err != nil {
		return Token{}, err
	}
	var token Token
	err = s.inTransaction(ctx, func(_ context.Context, client *firestore.Client, tx *firestore.Transaction) error {
		d, err := s.readConnection(client, tx, account)
		if err != nil {
			return err
		}
		if d.LeaseHolder != holder {
			return fmt.Errorf("saving tokens: %w", errLeaseLost)
		}
		token = Token{value: t.access, generation: d.Generation + 1, expiresAt: t.expiresAt}
		return tx.Update(connectionRef(client, account), []firestore.Update{
			{Path: "access", Value: access}, {Path: "refresh", Value: refresh}, {Path: "expiresAt", Value: t.expiresAt},
			{Path: "generation", Value: token.generation}, {Path: "leaseHolder", Value: ""}, {Path: "leaseUntil", Value: time.Time{}},
		})
	})
	return token, err
}

var errLeaseLost = errors.New("the lease is another's")

// expire makes an access token that Jobber refused count as expired, unless it was replaced already.
func (s *Store) expire(ctx context.Context, account string, generation int64) error {
	return s.inTransaction(ctx, func(_ context.Context, client *firestore.Client, tx *firestore.Transaction) error {
		d, err := s.readConnection(client, tx, account)
		if err != nil || d.Generation != generation || d.State != StateConnected {
			return err
		}
		return tx.Update(connectionRef(client, account), []firestore.Update{{Path: "expiresAt", Value: s.clock.Now()}})
	})
}

// afterFailure is how long nobody refreshes after a refresh failed for a passing reason.
const afterFailure = 3 * time.Second

// release gives the lease back after a refresh that failed for a passing reason.
func (s *Store) release(ctx context.Context, account, holder string) error {
	return s.inTransaction(ctx, func(_ context.Context, client *firestore.Client, tx *firestore.Transaction) error {
		d, err := s.readConnection(client, tx, account)
		if err != nil || d.LeaseHolder != holder {
			return err
		}
		return tx.Update(connectionRef(client, account), []firestore.Update{
			{Path: "leaseHolder", Value: ""}, {Path: "leaseUntil", Value: s.clock.Now().Add(afterFailure)},
		})
	})
}

func (s *Store) sealed(account string, t tokens) (access, refresh string, err error) {
	access, err = s.seal.seal(t.access, account, "access")
	if err != nil {
		return "", "", err
	}
	refresh, err = s.seal.seal(t.refresh, account, "refresh")
	return access, refresh, err
}

func (s *Store) readConnection(client *firestore.Client, tx *firestore.Transaction, account string) (connectionDocument, error) {
	snap, err := tx.Get(connectionRef(client, account))
	if err != nil && status.Code(err) != codes.NotFound {
		return connectionDocument{}, err
	}
	return decodeConnection(snap)
}

func (s *Store) inTransaction(ctx context.Context, f func(context.Context, *firestore.Client, *firestore.Transaction) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	return client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error { return f(ctx, client, tx) },
		firestore.MaxAttempts(20)) // a refresh has many instances wait for one document
}

// sameID compares encoded ids, which may come with and without padding.
func sameID(a, b string) bool {
	x, err1 := Number(a)
	y, err2 := Number(b)
	return err1 == nil && err2 == nil && x == y
}
