package jobber

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// Reader reads connections without their secrets, so it needs no keys.
type Reader struct {
	clients *cloud.Clients
}

// NewReader returns a reader. It dials nothing.
func NewReader(clients *cloud.Clients) *Reader { return &Reader{clients: clients} }

// storeTimeout bounds one read or transaction.
const storeTimeout = 15 * time.Second

type connectionDocument struct {
	State       State     `firestore:"state"`
	Reason      string    `firestore:"reason"`
	JobberID    string    `firestore:"jobberId"`
	JobberName  string    `firestore:"jobberName"`
	ConnectedAt time.Time `firestore:"connectedAt"`
	ConnectedBy string    `firestore:"connectedBy"`
	EndedAt     time.Time `firestore:"endedAt"`

	Access     string    `firestore:"access"`  // sealed
	Refresh    string    `firestore:"refresh"` // sealed
	ExpiresAt  time.Time `firestore:"expiresAt"`
	Generation int64     `firestore:"generation"` // rises with every new pair of tokens

	LeaseHolder string    `firestore:"leaseHolder"` // who uses the refresh token
	LeaseUntil  time.Time `firestore:"leaseUntil"`
}

func (d connectionDocument) connection(account string) Connection {
	state := d.State
	if state == "" {
		state = StateDisconnected
	}
	return Connection{
		Account: account, State: state, Reason: d.Reason, JobberAccount: JobberAccount{ID: d.JobberID, Name: d.JobberName},
		ConnectedAt: d.ConnectedAt, ConnectedBy: d.ConnectedBy, EndedAt: d.EndedAt,
	}
}

type ownerDocument struct {
	Account     string    `firestore:"account"`
	JobberID    string    `firestore:"jobberId"`
	ConnectedAt time.Time `firestore:"connectedAt"`
}

// Connection returns the account's connection. One that never was is disconnected, of no Jobber account.
func (r *Reader) Connection(ctx context.Context, account string) (Connection, error) {
	d, err := r.read(ctx, account)
	return d.connection(account), err
}

func (r *Reader) read(ctx context.Context, account string) (connectionDocument, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := r.clients.Firestore(ctx)
	if err != nil {
		return connectionDocument{}, err
	}
	snap, err := connectionRef(client, account).Get(ctx)
	if err != nil && status.Code(err) != codes.NotFound {
		return connectionDocument{}, fmt.Errorf("reading the Jobber connection: %w", err)
	}
	return decodeConnection(snap)
}

// AccountOf returns the account that a Jobber account (an encoded id) is connected to.
func (r *Reader) AccountOf(ctx context.Context, jobberAccountID string) (account string, found bool, err error) {
	key, err := Number(jobberAccountID)
	if err != nil {
		return "", false, nil // no connection was ever made with such an id
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := r.clients.Firestore(ctx)
	if err != nil {
		return "", false, err
	}
	snap, err := client.Collection("connections").Doc(key).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading a Jobber account's owner: %w", err)
	}
	var d ownerDocument
	if err := snap.DataTo(&d); err != nil {
		return "", false, fmt.Errorf("reading a Jobber account's owner: %w", err)
	}
	return d.Account, true, nil
}

// Connected lists the accounts that have a Jobber account, page by page; next is empty after the last. A connection among
// them may be broken.
func (r *Reader) Connected(ctx context.Context, after string, limit int) (accounts []string, next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := r.clients.Firestore(ctx)
	if err != nil {
		return nil, "", err
	}
	q := client.Collection("connections").OrderBy(firestore.DocumentID, firestore.Asc).Limit(limit)
	if after != "" {
		q = q.StartAfter(after)
	}
	docs := q.Documents(ctx)
	defer docs.Stop()
	for {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, "", fmt.Errorf("listing connections: %w", err)
		}
		var d ownerDocument
		if err := snap.DataTo(&d); err != nil {
			return nil, "", fmt.Errorf("listing connections: %w", err)
		}
		accounts, next = append(accounts, d.Account), snap.Ref.ID
	}
	if len(accounts) < limit {
		next = ""
	}
	return accounts, next, nil
}

func decodeConnection(snap *firestore.DocumentSnapshot) (connectionDocument, error) {
	var d connectionDocument
	if snap == nil || !snap.Exists() {
		return d, nil
	}
	if err := snap.DataTo(&d); err != nil {
		return d, fmt.Errorf("reading the Jobber connection: %w", err)
	}
	return d, nil
}

func connectionRef(client *firestore.Client, account string) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("private").Doc("jobber")
}
