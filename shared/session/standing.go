package session

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Standing is whether sessions and seats still stand. Firestore knows; Redis remembers for rememberFor, and is told at once
// of what ends. Without Redis, Firestore is asked each time: slower, never wrong.
type Standing struct {
	memory *memory
	truth  *truth
	log    *slog.Logger
}

const (
	rememberFor = time.Minute   // what was found in Firestore
	forgetAfter = 2 * time.Hour // what ended: longer than any access token lives
)

// NewStanding returns the standing of an instance. It dials nothing.
func NewStanding(in *instance.Instance) *Standing {
	return &Standing{
		memory: &memory{in.Cloud},
		truth:  &truth{&families{cloud: in.Cloud}, account.NewStore(in.Cloud, in.Clock)},
		log:    in.Log,
	}
}

// seat is what a request needs to know of a member's place in an account.
type seat struct {
	Version int64        `json:"v"`
	Active  bool         `json:"a"`
	Role    account.Role `json:"r"`
	Plan    string       `json:"p"` // of the account
	AsOf    int64        `json:"t"` // microseconds, by Firestore's clock
}

func member(p Principal) string { return p.AccountID + "/" + p.UserID }

// check returns the plan of the principal's account. The error is a problem Unauthenticated for a session that is over and
// for a token of a seat that has changed since, which a refresh renews; Unavailable when it cannot be found out.
func (s *Standing) check(ctx context.Context, p Principal) (plan string, err error) {
	living, place, err := s.recall(ctx, p)
	if err != nil {
		living, place, err = s.find(ctx, p)
	}
	switch {
	case err != nil:
		return "", err
	case !living:
		return "", problem.New(problem.Unauthenticated, "The session is over. Sign in again.")
	case !place.Active, place.Version != p.Seat:
		return "", problem.New(problem.Unauthenticated, "What you may do here has changed. Refresh the session.")
	}
	return place.Plan, nil
}

var errUnknown = errors.New("not remembered")

// recall asks Redis. Its error means that Firestore must be asked.
func (s *Standing) recall(ctx context.Context, p Principal) (living bool, place seat, err error) {
	values, err := s.memory.get(ctx, sessionKey(p.SessionID), seatKey(p.AccountID, p.UserID))
	if err != nil {
		return false, seat{}, err
	}
	if values[0] == ended {
		return false, seat{}, nil
	}
	// A session is remembered with its member, so that a token cannot borrow another's.
	if values[0] != member(p) || values[1] == "" {
		return false, seat{}, errUnknown
	}
	if err := json.Unmarshal([]byte(values[1]), &place); err != nil {
		return false, seat{}, err
	}
	return true, place, nil
}

// find asks Firestore, and has Redis remember the answer unless it knows something newer.
func (s *Standing) find(ctx context.Context, p Principal) (living bool, place seat, err error) {
	living, place, err = s.truth.find(ctx, p)
	if err != nil {
		return false, seat{}, err
	}
	if err := s.memory.found(ctx, p, living, place); err != nil {
		s.log.WarnContext(ctx, "Redis does not remember sessions; Firestore is asked each time", "error", err)
	}
	return living, place, nil
}

// now returns a member's place, of which somebody's API key needs no session.
func (s *Standing) now(ctx context.Context, accountID, userID string) (seat, error) {
	values, err := s.memory.get(ctx, seatKey(accountID, userID))
	if err == nil && values[0] != "" {
		var place seat
		if err := json.Unmarshal([]byte(values[0]), &place); err == nil {
			return place, nil
		}
	}
	place, err := s.truth.seat(ctx, accountID, userID)
	if err != nil {
		return seat{}, err
	}
	if err := s.memory.foundSeat(ctx, accountID, userID, place); err != nil {
		s.log.WarnContext(ctx, "Redis does not remember seats; Firestore is asked each time", "error", err)
	}
	return place, nil
}

// Ended is a session that is over, or a seat that changed: exactly one of Session and UserID is set.
type Ended struct {
	Session   string `json:"session,omitempty"`
	AccountID string `json:"account,omitempty"`
	UserID    string `json:"user,omitempty"`
}

// sessionIsOver is sessionEnded for a session that its own member leaves: where Redis cannot be told, what others remember
// ends by itself.
func (s *Standing) sessionIsOver(ctx context.Context, sid string) {
	if err := s.sessionEnded(ctx, sid); err != nil {
		s.log.ErrorContext(ctx, "the end of a session could not be told", "session", sid, "error", err)
	}
}

// sessionEnded tells everybody that a session is over, after Firestore knows. An error means that some may go by what they
// remember, for rememberFor at most; doing it again is safe.
func (s *Standing) sessionEnded(ctx context.Context, sid string) error {
	if err := s.memory.sessionEnded(ctx, sid); err != nil {
		return problem.Wrap(err, problem.Unavailable, "The session is over, but its last requests may still be answered for a minute. Try again to be sure.")
	}
	return nil
}

// SeatChanged tells everybody that a member's role or status has changed or that the member is gone, after Firestore knows.
// Tokens of the seat before are refused from then on. An error means that some may go by what they remember, for a minute at
// most; doing it again is safe.
func (s *Standing) SeatChanged(ctx context.Context, accountID, userID string) error {
	place, err := s.truth.seat(ctx, accountID, userID)
	if err != nil {
		return err
	}
	if err := s.memory.seatChanged(ctx, accountID, userID, place); err != nil {
		return problem.Wrap(err, problem.Unavailable, "The change is made, but may take a minute to count everywhere. Try again to be sure.")
	}
	return nil
}

// watch is Verifier's Watch.
func (s *Standing) watch(ctx context.Context, tell func(Ended), resumed func()) {
	for ctx.Err() == nil {
		err := s.memory.watch(ctx, tell, resumed)
		if ctx.Err() != nil {
			return
		}
		s.log.WarnContext(ctx, "the ends of sessions cannot be heard; trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
