package idempotency

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/problem"
)

// record is what is stored of a request.
type record struct {
	Mark      []byte    `firestore:"mark"` // of the content
	ID        string    `firestore:"id"`   // of what the request creates
	LeaseEnds time.Time `firestore:"leaseEnds"`
	Answer    []byte    `firestore:"answer,omitempty"` // sealed; not there while the request runs
	ExpiresAt time.Time `firestore:"expiresAt"`        // Firestore deletes some time after it
}

// Begin returns the answer of a request that is done, or an attempt at one that is not. The error is ErrOther for a key that
// was used for another content, a *RunningError for a request that runs, and a problem for what the store cannot say.
func (s *Store) Begin(ctx context.Context, r Request) (*Attempt, *Answer, error) {
	var attempt *Attempt
	var answer *Answer
	err := s.with(ctx, r, func(ctx context.Context, ref *firestore.DocumentRef) error {
		for { // until nobody else was faster, or the timeout
			var err error
			attempt, answer, err = s.take(ctx, ref, r)
			switch status.Code(err) {
			case codes.AlreadyExists, codes.FailedPrecondition, codes.Aborted, codes.NotFound:
				continue
			}
			return err
		}
	})
	return attempt, answer, err
}

// take looks at the record and takes it for an attempt where there is none, or none that lives.
func (s *Store) take(ctx context.Context, ref *firestore.DocumentRef, r Request) (*Attempt, *Answer, error) {
	now := s.clock.Now()
	snapshot, err := ref.Get(ctx)
	if err != nil && status.Code(err) != codes.NotFound {
		return nil, nil, err
	}
	var known record
	if err == nil {
		if err := snapshot.DataTo(&known); err != nil {
			return nil, nil, err
		}
	}
	if !now.Before(known.ExpiresAt) { // there is none, or it is out of date
		if known.Mark, err = r.mark(s.secrets[0]); err != nil {
			return nil, nil, err
		}
		known = record{Mark: known.Mark, ID: rand.Text(), ExpiresAt: now.Add(Lifetime)}
	} else if same, err := s.isMarked(r, known.Mark); err != nil || !same {
		return nil, nil, orOther(err)
	}
	switch {
	case known.Answer != nil:
		answer, err := s.open(r, known.Answer)
		return nil, answer, err
	case now.Before(known.LeaseEnds):
		return nil, nil, &RunningError{Left: known.LeaseEnds.Sub(now)}
	}
	known.LeaseEnds = now.Add(Lease)
	written, err := put(ctx, ref, snapshot, known)
	if err != nil {
		return nil, nil, err
	}
	return &Attempt{ID: known.ID, request: r, lastUpdate: written.UpdateTime}, nil, nil
}

func orOther(err error) error {
	if err != nil {
		return err
	}
	return ErrOther
}

// put stores the record unless somebody else has since the snapshot.
func put(ctx context.Context, ref *firestore.DocumentRef, snapshot *firestore.DocumentSnapshot, r record) (*firestore.WriteResult, error) {
	if !snapshot.Exists() {
		return ref.Create(ctx, r)
	}
	return ref.Update(ctx, []firestore.Update{
		{Path: "mark", Value: r.Mark},
		{Path: "id", Value: r.ID},
		{Path: "leaseEnds", Value: r.LeaseEnds},
		{Path: "answer", Value: firestore.Delete},
		{Path: "expiresAt", Value: r.ExpiresAt},
	}, firestore.LastUpdateTime(snapshot.UpdateTime))
}

// Keep remembers the answer of an attempt. One whose lease has ended, and whose request another attempt took, leaves what that
// one has to say.
func (s *Store) Keep(ctx context.Context, a *Attempt, answer Answer) error {
	sealed, err := s.seal(a.request, answer)
	if err != nil {
		return err
	}
	return s.end(ctx, a, firestore.Update{Path: "answer", Value: sealed})
}

// Release ends an attempt that has no answer worth keeping: the request may be tried again at once.
func (s *Store) Release(ctx context.Context, a *Attempt) error {
	return s.end(ctx, a, firestore.Update{Path: "leaseEnds", Value: time.Time{}})
}

func (s *Store) end(ctx context.Context, a *Attempt, with firestore.Update) error {
	return s.with(ctx, a.request, func(ctx context.Context, ref *firestore.DocumentRef) error {
		_, err := ref.Update(ctx, []firestore.Update{with}, firestore.LastUpdateTime(a.lastUpdate))
		if code := status.Code(err); code == codes.FailedPrecondition || code == codes.NotFound {
			return nil // it is another attempt's
		}
		return err
	})
}

func (s *Store) with(ctx context.Context, r Request, do func(context.Context, *firestore.DocumentRef) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err == nil {
		err = do(ctx, fs.Collection("accounts").Doc(r.Account).Collection("idempotency").Doc(r.name()))
	}
	switch code := status.Code(err); {
	case err == nil:
		return nil
	case ctx.Err() != nil, code == codes.Unavailable, code == codes.DeadlineExceeded, code == codes.Aborted, code == codes.ResourceExhausted:
		return problem.Wrap(err, problem.Unavailable, "The request cannot be done just now. Try again with the same key.")
	case code == codes.Unknown: // one of ours
		return err
	}
	return fmt.Errorf("idempotency: %w", err)
}
