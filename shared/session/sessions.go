package session

import (
	"context"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Living is a session that has not ended, as its member sees it.
type Living struct {
	ID         string    `json:"id"`
	Name       string    `json:"name" doc:"That the member gave it; empty at first."`
	UserAgent  string    `json:"userAgent"`
	Address    string    `json:"ipAddress" doc:"Of the sign-in; empty when it is not known."`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt" doc:"Its last refresh."`
	ExpiresAt  time.Time `json:"expiresAt" doc:"Unless it is refreshed before."`
	EndsAt     time.Time `json:"endsAt" doc:"Whatever happens."`
	Current    bool      `json:"current" doc:"Whether it is the session that asks."`
}

// Position is where a page of sessions ends; the zero value is before the first.
type Position struct {
	UsedAt time.Time `json:"t"`
	ID     string    `json:"i"`
}

// Valid tells whether a list can go on there.
func (p Position) Valid() bool { return cloud.AreIDs(p.ID) && cloud.IsTime(p.UsedAt) }

func (f found) session() Living {
	return Living{
		ID: f.sid, Name: f.Name, UserAgent: f.UserAgent, Address: f.Address,
		CreatedAt: f.CreatedAt.UTC(), LastUsedAt: f.RotatedAt.UTC(), ExpiresAt: f.ExpiresAt.UTC(), EndsAt: f.EndsAt.UTC(),
	}
}

// Sessions returns a page of a member's living sessions, the one used last first, as by sees them. A page may hold fewer than
// limit and still have a next, which is nil at the end.
func (s *Service) Sessions(ctx context.Context, by Principal, userID string, after Position, limit int) (page []Living, next *Position, err error) {
	list, err := s.families.of(ctx, by.AccountID, userID, after, limit+1)
	if err != nil {
		return nil, nil, err
	}
	if len(list) > limit {
		list = list[:limit]
		next = &Position{list[limit-1].RotatedAt, list[limit-1].sid}
	}
	for _, f := range list {
		if f.living(s.clock.Now()) {
			one := f.session()
			one.Current = one.ID == by.SessionID
			page = append(page, one)
		}
	}
	return page, next, nil
}

// Page is Sessions as the API's lists are asked and answered.
func (s *Service) Page(ctx context.Context, by Principal, userID string, in httpapi.PageInput) (httpapi.Page[Living], error) {
	var after Position
	if _, err := httpapi.DecodeCursor(in.Cursor, &after); err != nil {
		return httpapi.Page[Living]{}, err
	}
	list, next, err := s.Sessions(ctx, by, userID, after, in.Limit)
	if err != nil {
		return httpapi.Page[Living]{}, err
	}
	cursor := ""
	if next != nil {
		if cursor, err = httpapi.EncodeCursor(next); err != nil {
			return httpapi.Page[Living]{}, err
		}
	}
	return httpapi.NewPage(list, cursor), nil
}

var errNoSession = problem.New(problem.NotFound, "There is no such session.")

// Name gives one of by's own living sessions a name.
func (s *Service) Name(ctx context.Context, by Principal, sid, name string) (Living, error) {
	var named Living
	err := s.changeOf(ctx, by.AccountID, by.UserID, sid, func(f *family) (bool, []event.Event, error) {
		if !f.living(s.clock.Now()) {
			return false, nil, errNoSession
		}
		f.Name = name
		named = found{sid, *f}.session()
		named.Current = sid == by.SessionID
		return true, nil, nil
	})
	return named, err
}

// End ends a member's session for a reason that is kept. Its tokens are refused at once, and its connections close. by is who
// does it: when that is somebody else, the member is told. Ending it twice is once.
func (s *Service) End(ctx context.Context, by Principal, m account.Member, sid, reason string) error {
	err := s.changeOf(ctx, by.AccountID, m.UserID, sid, func(f *family) (bool, []event.Event, error) {
		if !f.living(s.clock.Now()) {
			return false, nil, nil
		}
		f.revoke(reason, s.clock.Now())
		e := about(event.SessionEnded, m, s.clock.Now(), by.AccountID)
		if by.UserID == m.UserID {
			return true, []event.Event{e}, nil
		}
		return true, []event.Event{e, alike(e)}, nil
	})
	if err != nil {
		return err
	}
	return s.standing.sessionEnded(ctx, sid)
}

// EndAll ends a member's sessions but one; all when except is empty. What fails half-way is safe to do again.
func (s *Service) EndAll(ctx context.Context, by Principal, m account.Member, except, reason string) error {
	const page = 100
	for after := (Position{}); ; {
		list, next, err := s.Sessions(ctx, by, m.UserID, after, page)
		if err != nil {
			return err
		}
		for _, one := range list {
			if one.ID == except {
				continue
			}
			if err := s.End(ctx, by, m, one.ID, reason); err != nil && problem.CodeOf(err) != problem.NotFound {
				return err
			}
		}
		if next == nil {
			return nil
		}
		after = *next
	}
}

// changeOf changes a session of a member; a problem NotFound for one of somebody else.
func (s *Service) changeOf(ctx context.Context, accountID, userID, sid string, do func(*family) (store bool, tell []event.Event, err error)) error {
	if !sessionID.MatchString(sid) {
		return errNoSession
	}
	found, err := s.families.change(ctx, sid, func(_ context.Context, f *family) (bool, []event.Event, error) {
		if f.Account != accountID || f.UserID != userID {
			return false, nil, errNoSession
		}
		return do(f)
	})
	if err == nil && !found {
		return errNoSession
	}
	return err
}
