package ledger

import (
	"context"
	"fmt"
	"strconv"

	"cloud.google.com/go/firestore"
	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// New returns the ledger of what is in Firestore. It dials nothing.
func New(clients *cloud.Clients, cfg Config) (*Ledger, error) { return newLedger(store{clients}, cfg) }

const noEvent = "There is no such event."

// store keeps an account's newest checkpoint at accounts/{a}/private/ledger, all of them at accounts/{a}/checkpoints/{size} and
// the tree's hashes at accounts/{a}/tiles/{level}-{n}. A tile only ever gets longer, so a reader of an older tree reads the
// same document.
type store struct {
	clients *cloud.Clients
}

// checkpointDocument is a checkpoint, and the head too. Nothing else is believed of it than what its note says.
type checkpointDocument struct {
	Size int64  `firestore:"size"`
	Note string `firestore:"note"`
}

type tileDocument struct {
	Hashes []byte `firestore:"hashes"`
}

func (s store) head(ctx context.Context, account string) (string, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return "", err
	}
	var d checkpointDocument
	err = read(ctx, headRef(client, account), "The account has no sealed events yet.", &d)
	return d.Note, err
}

func (s store) checkpoint(ctx context.Context, account string, size int64) (string, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return "", err
	}
	var d checkpointDocument
	err = read(ctx, checkpointRef(client, account, size), "There is no checkpoint of that size.", &d)
	return d.Note, err
}

func (s store) tiles(ctx context.Context, account string, tiles []tlog.Tile) ([][]byte, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	snaps, err := client.GetAll(ctx, tileRefs(client, account, tiles))
	if err != nil {
		return nil, fmt.Errorf("reading tiles: %w", err)
	}
	return contents(tiles, snaps)
}

func (s store) stored(ctx context.Context, account, id string) (event.Stored, error) {
	if !cloud.AreIDs(id) {
		return event.Stored{}, problem.New(problem.NotFound, noEvent)
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return event.Stored{}, err
	}
	snap, err := event.Ref(client, account, id).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return event.Stored{}, problem.New(problem.NotFound, noEvent)
	}
	if err != nil {
		return event.Stored{}, fmt.Errorf("reading event %s: %w", id, err)
	}
	return event.ReadStored(snap)
}

func (s store) sealed(ctx context.Context, account string, from, to int64) ([]event.Stored, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	snaps, err := event.SealedFrom(client, account, from).Where("leafIndex", "<", to).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("reading sealed events: %w", err)
	}
	all := make([]event.Stored, len(snaps))
	for i, snap := range snaps {
		if all[i], err = event.ReadStored(snap); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s store) change(ctx context.Context, account, id string, change func(*event.Stored) error) error {
	if !cloud.AreIDs(id) {
		return problem.New(problem.NotFound, noEvent)
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	return client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(event.Ref(client, account, id))
		if status.Code(err) == codes.NotFound {
			return problem.New(problem.NotFound, noEvent)
		}
		if err != nil {
			return err
		}
		e, err := event.ReadStored(snap)
		if err != nil {
			return err
		}
		if err := change(&e); err != nil {
			return err
		}
		return e.Replace(tx)
	})
}

func read(ctx context.Context, ref *firestore.DocumentRef, none string, into any) error {
	snap, err := ref.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return problem.New(problem.NotFound, "%s", none)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", ref.Path, err)
	}
	return snap.DataTo(into)
}

// contents are the hashes that tiles have in stored documents.
func contents(tiles []tlog.Tile, snaps []*firestore.DocumentSnapshot) ([][]byte, error) {
	all := make([][]byte, len(tiles))
	for i, snap := range snaps {
		if !snap.Exists() {
			return nil, fmt.Errorf("tile %s is gone", tiles[i].Path())
		}
		var d tileDocument
		if err := snap.DataTo(&d); err != nil {
			return nil, err
		}
		var err error
		if all[i], err = firstHashes(tiles[i], d.Hashes); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func headRef(client *firestore.Client, account string) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("private").Doc("ledger")
}

func checkpointRef(client *firestore.Client, account string, size int64) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("checkpoints").Doc(strconv.FormatInt(size, 10))
}

func tileRefs(client *firestore.Client, account string, tiles []tlog.Tile) []*firestore.DocumentRef {
	refs := make([]*firestore.DocumentRef, len(tiles))
	for i, t := range tiles {
		refs[i] = client.Collection("accounts").Doc(account).Collection("tiles").Doc(fmt.Sprintf("%d-%d", t.L, t.N))
	}
	return refs
}
