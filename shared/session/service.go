package session

import (
	"context"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Service starts, renews and ends sessions.
type Service struct {
	issuer     *Issuer
	maker      maker
	accounts   *account.Store
	identities *identities
	families   *families
	clock      clock.Clock
}

// NewService returns the service of an instance's settings. It dials nothing.
func NewService(ctx context.Context, in *instance.Instance) (*Service, error) {
	cfg, err := configOf(ctx, in)
	if err != nil {
		return nil, err
	}
	issuer, err := newIssuer(cfg, in.Clock)
	if err != nil {
		return nil, err
	}
	key, err := cfg.refreshKey()
	if err != nil {
		return nil, err
	}
	return &Service{
		issuer:     issuer,
		maker:      maker{key},
		accounts:   account.NewStore(in.Cloud, in.Clock),
		identities: &identities{in.Cloud},
		families:   &families{in.Cloud},
		clock:      in.Clock,
	}, nil
}

// Grant is what a sign-in or a refresh gives.
type Grant struct {
	AccessToken      telemetry.Secret
	ExpiresAt        time.Time // of the access token
	RefreshToken     telemetry.Secret
	RefreshExpiresAt time.Time
	Account          account.Account
	Member           account.Member
}

// SignIn starts a session for the user of a Firebase ID token. The error is a problem: Unauthenticated for a token that is
// not good, Forbidden for a user who is in no account or is disabled. Doing it twice starts two sessions.
func (s *Service) SignIn(ctx context.Context, idToken string) (Grant, error) {
	userID, err := s.identities.userOf(ctx, idToken)
	if err != nil {
		return Grant{}, err
	}
	accountID, err := s.accounts.AccountOf(ctx, userID)
	if problem.CodeOf(err) == problem.NotFound {
		return Grant{}, problem.Wrap(err, problem.Forbidden, "You are signed in, but in no business on Fieldboard. Ask its owner to invite you.")
	}
	if err != nil {
		return Grant{}, err
	}
	acct, member, err := s.Seat(ctx, accountID, userID)
	if err != nil {
		return Grant{}, err
	}
	sid := newSessionID()
	first := s.maker.token(sid, 0)
	f := newFamily(accountID, userID, first, s.clock.Now())
	if err := s.families.start(ctx, sid, f); err != nil {
		return Grant{}, err
	}
	return s.grant(first, f, acct, member)
}

// Seat returns an account and its member. The error is a problem Forbidden for somebody who is not, or no longer, in it.
func (s *Service) Seat(ctx context.Context, accountID, userID string) (account.Account, account.Member, error) {
	member, err := s.accounts.Member(ctx, accountID, userID)
	if problem.CodeOf(err) == problem.NotFound {
		return account.Account{}, account.Member{}, problem.Wrap(err, problem.Forbidden, "You are no longer in this business. Ask its owner.")
	}
	if err != nil {
		return account.Account{}, account.Member{}, err
	}
	if member.Status != account.Active {
		return account.Account{}, account.Member{}, problem.New(problem.Forbidden, "Your access to this business is switched off. Ask its owner.")
	}
	acct, err := s.accounts.Account(ctx, accountID)
	return acct, member, err
}

// Refresh renews a session: the refresh token is spent and another takes its place. The same token again within reuseGrace
// gets the same successor; later, it is taken for stolen and the session ends. The error is a problem Unauthenticated for a
// session that is over, Forbidden for a member who may no longer come in. After any other error the caller tries again with
// the same token.
func (s *Service) Refresh(ctx context.Context, token telemetry.Secret) (Grant, error) {
	over := problem.New(problem.Unauthenticated, "The session is over. Sign in again.")
	t, ok := parseRefresh(token.Reveal())
	if !ok {
		return Grant{}, over
	}
	var what outcome
	var next refreshToken
	var now family
	found, err := s.families.change(ctx, t.session, func(f *family) bool {
		what, next = f.present(t, s.maker, s.clock.Now())
		now = *f
		return what == rotated || what == stolen
	})
	switch {
	case err != nil:
		return Grant{}, err
	case !found, what == refused:
		return Grant{}, over
	case what == outOfDate:
		return Grant{}, problem.New(problem.Unauthenticated, "The session has expired. Sign in again.")
	case what == stolen:
		return Grant{}, problem.New(problem.Unauthenticated, "This session was ended because an old token of it was used again. Sign in again.")
	}
	acct, member, err := s.Seat(ctx, now.Account, now.UserID)
	if problem.CodeOf(err) == problem.Forbidden {
		if _, revokeErr := s.families.change(ctx, t.session, func(f *family) bool {
			f.revoke("the member may no longer come in", s.clock.Now())
			return true
		}); revokeErr != nil {
			return Grant{}, revokeErr
		}
	}
	if err != nil {
		return Grant{}, err
	}
	return s.grant(next, now, acct, member)
}

// SignOut ends the session of a refresh token, a spent one too. A token of no session ends nothing, and is no error.
func (s *Service) SignOut(ctx context.Context, token telemetry.Secret) error {
	t, ok := parseRefresh(token.Reveal())
	if !ok {
		return nil
	}
	_, err := s.families.change(ctx, t.session, func(f *family) bool {
		if !f.RevokedAt.IsZero() || (!f.isPresent(t) && !s.maker.made(t)) {
			return false
		}
		f.revoke("signed out", s.clock.Now())
		return true
	})
	return err
}

func (s *Service) grant(refresh refreshToken, f family, acct account.Account, member account.Member) (Grant, error) {
	access, expires, err := s.issuer.Issue(Principal{
		UserID:    member.UserID,
		AccountID: acct.ID,
		Role:      member.Role,
		SessionID: refresh.session,
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
