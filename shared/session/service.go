package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Service starts, renews and ends sessions.
type Service struct {
	issuer     *Issuer
	makers     makers
	accounts   *account.Store
	identities *identities
	families   *families
	standing   *Standing
	clock      clock.Clock
	refreshing singleflight.Group // by refresh token
}

// NewService returns the service of an instance's settings. It dials nothing.
func NewService(ctx context.Context, in *instance.Instance) (*Service, error) {
	issuer, err := NewIssuer(ctx, in)
	if err != nil {
		return nil, err
	}
	made, err := issuer.keys.makers()
	if err != nil {
		return nil, err
	}
	var events event.Config
	if err := in.Config(ctx, &events); err != nil {
		return nil, err
	}
	return &Service{
		issuer:     issuer,
		makers:     made,
		accounts:   account.NewStore(in.Cloud, in.Clock),
		identities: &identities{in.Cloud},
		families:   &families{in.Cloud, event.NewStore(in.Cloud, events, in.Log)},
		standing:   NewStanding(in),
		clock:      in.Clock,
	}, nil
}

// PublicKeys returns what access tokens are verified with.
func (s *Service) PublicKeys() (PublicKeys, error) { return s.issuer.keys.set() }

// Grant is what a sign-in or a refresh gives.
type Grant struct {
	AccessToken      telemetry.Secret
	ExpiresAt        time.Time // of the access token
	RefreshToken     telemetry.Secret
	RefreshExpiresAt time.Time
	Account          account.Account
	Member           account.Member
}

// Device is from where somebody signs in, as far as the request tells.
type Device struct {
	UserAgent string
	Address   string // IP address
}

// SignIn starts a session for the user of a Firebase ID token. The error is a problem: Unauthenticated for a token that is
// not good, Forbidden for a user who is in no account or is disabled, EmailUnverified for one whose email address is not
// verified where the account demands it. Doing it twice starts two sessions.
func (s *Service) SignIn(ctx context.Context, idToken string, device Device) (Grant, error) {
	who, err := s.identities.identify(ctx, idToken)
	if err != nil {
		return Grant{}, err
	}
	accountID, err := s.accounts.AccountOf(ctx, who.UserID)
	if problem.CodeOf(err) == problem.NotFound {
		return Grant{}, problem.Wrap(err, problem.Forbidden, "You are signed in, but in no business on Fieldboard. Ask its owner to invite you.")
	}
	if err != nil {
		return Grant{}, err
	}
	acct, member, err := s.Seat(ctx, accountID, who.UserID)
	if err == nil && acct.Settings.RequireVerifiedEmail && !who.EmailVerified {
		err = problem.New(problem.EmailUnverified, "This business lets in verified email addresses only. Open the link in the verification mail, then sign in again.")
	}
	if err != nil {
		return Grant{}, errors.Join(err, s.tellRefused(ctx, accountID, who.UserID, err))
	}
	sid, now := newSessionID(), s.clock.Now()
	first := s.makers.token(sid, 0)
	f := newFamily(accountID, who.UserID, device, first, acct.Settings.LifetimesOf(member.Role), now)
	signedIn := about(event.SignedIn, member, now, acct.ID)
	if err := s.families.start(ctx, sid, f, signedIn, alike(signedIn)); err != nil {
		return Grant{}, err
	}
	return s.grant(first, f, acct, member)
}

// refusalsAre is within which time the refusals of one member are told as one: whoever has a good token can ask without end.
const refusalsAre = 10 * time.Minute

// tellRefused tells that a member was not let in, and why. It is for members alone: who is in no account could be told to none.
func (s *Service) tellRefused(ctx context.Context, accountID, userID string, why error) error {
	var refusal *problem.Error
	if !errors.As(why, &refusal) || (refusal.Code != problem.Forbidden && refusal.Code != problem.EmailUnverified) {
		return nil
	}
	member, err := s.accounts.Member(ctx, accountID, userID)
	if problem.CodeOf(err) == problem.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	now := s.clock.Now()
	e := about(event.SignInFailed, member, now, accountID)
	e.ID = fmt.Sprintf("refused-%s-%d", event.Digest(accountID, userID), now.Unix()/int64(refusalsAre/time.Second))
	e.Detail = "their access is switched off"
	if refusal.Code == problem.EmailUnverified {
		e.Detail = "their email address is not verified"
	}
	return s.families.events.EmitOnce(ctx, e)
}

// about returns an event of the security audience about a member.
func about(typ string, m account.Member, at time.Time, accountID string) event.Event {
	e := event.New(accountID, typ, at)
	e.Audience, e.Member, e.Title = event.Security, m.UserID, string(m.Name)
	if typ == event.SignedIn {
		e.Actor = m.UserID
	}
	return e
}

// alike returns the same event for the member alone.
func alike(e event.Event) event.Event {
	personal := event.New(e.Account, e.Type, e.Time)
	personal.Audience, personal.Member, personal.Detail = event.Personal, e.Member, e.Detail
	return personal
}

// Seat returns an account and its member. The error is a problem Forbidden for somebody who is not, or no longer, in it.
func (s *Service) Seat(ctx context.Context, accountID, userID string) (account.Account, account.Member, error) {
	seat, err := s.accounts.Seat(ctx, accountID, userID)
	switch {
	case err != nil:
		return account.Account{}, account.Member{}, err
	case seat.Member.UserID == "":
		return account.Account{}, account.Member{}, problem.New(problem.Forbidden, "You are no longer in this business. Ask its owner.")
	case seat.Member.Status != account.Active:
		return account.Account{}, account.Member{}, problem.New(problem.Forbidden, "Your access to this business is switched off. Ask its owner.")
	}
	return seat.Account, seat.Member, nil
}

// Refresh renews a session: the refresh token is spent and another takes its place. The same token again within reuseGrace
// gets the same successor; later, it is taken for stolen, the session ends and the member is told. The error is a problem
// Unauthenticated for a session that is over, Forbidden for a member who may no longer come in. After any other error the
// caller tries again with the same token.
func (s *Service) Refresh(ctx context.Context, token telemetry.Secret) (Grant, error) {
	// Tabs that wake up together send the same token: one of them asks for all.
	asked := s.refreshing.DoChan(token.Reveal(), func() (any, error) {
		return s.refresh(context.WithoutCancel(ctx), token)
	})
	select {
	case <-ctx.Done():
		return Grant{}, ctx.Err()
	case answer := <-asked:
		grant, _ := answer.Val.(Grant)
		return grant, answer.Err
	}
}

func (s *Service) refresh(ctx context.Context, token telemetry.Secret) (Grant, error) {
	over := problem.New(problem.Unauthenticated, "The session is over. Sign in again.")
	t, ok := parseRefresh(token.Reveal())
	if !ok {
		return Grant{}, over
	}
	var (
		what    outcome
		next    refreshToken
		now     family
		acct    account.Account
		member  account.Member
		refusal error // of the member
	)
	found, err := s.families.change(ctx, t.session, func(ctx context.Context, f *family) (bool, []event.Event, error) {
		if what = refused; !f.knows(t, s.makers) || !f.RevokedAt.IsZero() {
			return false, nil, nil
		}
		if acct.ID == "" {
			acct, member, refusal = s.Seat(ctx, f.Account, f.UserID)
		}
		switch {
		case problem.CodeOf(refusal) == problem.Forbidden:
			f.revoke("the member may no longer come in", s.clock.Now())
			return true, nil, nil
		case refusal != nil:
			return false, nil, refusal
		}
		what, next = f.present(t, s.makers, acct.Settings.LifetimesOf(member.Role), s.clock.Now())
		now = *f
		if what != stolen {
			return what == rotated, nil, nil
		}
		e := about(event.RefreshReused, member, s.clock.Now(), acct.ID)
		return true, []event.Event{e, alike(e)}, nil
	})
	switch {
	case err != nil:
		return Grant{}, err
	case refusal != nil:
		return Grant{}, refusal
	case !found, what == refused:
		return Grant{}, over
	case what == outOfDate:
		return Grant{}, problem.New(problem.Unauthenticated, "The session has expired. Sign in again.")
	case what == stolen:
		s.standing.sessionIsOver(ctx, t.session)
		return Grant{}, problem.New(problem.Unauthenticated, "This session was ended because an old token of it was used again. Sign in again.")
	}
	return s.grant(next, now, acct, member)
}

// SignOut ends the session of a refresh token, a spent one too. A token of no session ends nothing, and is no error.
func (s *Service) SignOut(ctx context.Context, token telemetry.Secret) error {
	t, ok := parseRefresh(token.Reveal())
	if !ok {
		return nil
	}
	theirs := false
	_, err := s.families.change(ctx, t.session, func(_ context.Context, f *family) (bool, []event.Event, error) {
		if theirs = f.isPresent(t) || s.makers.made(t); !theirs || !f.RevokedAt.IsZero() {
			return false, nil, nil
		}
		f.revoke("signed out", s.clock.Now())
		return true, nil, nil
	})
	if err != nil || !theirs {
		return err
	}
	s.standing.sessionIsOver(ctx, t.session)
	return nil
}

func (s *Service) grant(refresh refreshToken, f family, acct account.Account, member account.Member) (Grant, error) {
	access, expires, err := s.issuer.Issue(Principal{
		UserID:    member.UserID,
		AccountID: acct.ID,
		Role:      member.Role,
		SessionID: refresh.session,
		Seat:      member.Version,
		ExpiresAt: f.EndsAt,
	})
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		AccessToken:      telemetry.Secret(access),
		ExpiresAt:        expires,
		RefreshToken:     refresh.encode(),
		RefreshExpiresAt: f.ExpiresAt,
		Account:          acct,
		Member:           member,
	}, nil
}
