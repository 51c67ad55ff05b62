package session

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// The types of the events that tell of keys.
const (
	apiKeyCreated = "security.key_created"
	apiKeyRotated = "security.key_rotated"
	apiKeyRevoked = "security.key_revoked"
)

// APIKeys creates, lists, rotates and revokes API keys.
type APIKeys struct {
	store    *apiKeyStore
	cache    *apiKeyCache
	accounts *account.Store
	clock    clock.Clock
	log      *slog.Logger
}

// NewAPIKeys returns the service of an instance's settings. It dials nothing.
func NewAPIKeys(ctx context.Context, in *instance.Instance) (*APIKeys, error) {
	var events event.Config
	if err := in.Config(ctx, &events); err != nil {
		return nil, err
	}
	return &APIKeys{
		store:    &apiKeyStore{cloud: in.Cloud, events: event.NewStore(in.Cloud, events, in.Log)},
		cache:    &apiKeyCache{cloud: in.Cloud, clock: in.Clock, log: in.Log},
		accounts: account.NewStore(in.Cloud, in.Clock),
		clock:    in.Clock,
		log:      in.Log,
	}, nil
}

// Create makes a key that acts for its creator, and returns it with its text, which nobody can find out afterwards. The error
// is a problem: Invalid with every broken rule, one of which is that nobody gives a key what they do not hold themselves;
// Conflict when the account has as many keys as it may. A request that is tried again, by its name, makes no second key: its
// answer was lost, so the key gets another secret.
func (s *APIKeys) Create(ctx context.Context, by Principal, n NewAPIKey, request string) (APIKey, telemetry.Secret, error) {
	now := s.now()
	n, bad := n.check(by.Grants, now)
	if len(bad) > 0 {
		return APIKey{}, "", &problem.Error{Code: problem.Invalid, Message: "Correct the fields below and send the request again.", Fields: bad}
	}
	if _, err := s.member(ctx, by); err != nil {
		return APIKey{}, "", err
	}
	key := newAPIKey()
	if request != "" {
		key.id = apiKeyIDOf(by.AccountID, request)
	}
	d := newAPIKeyDoc(by.AccountID, by.UserID, n, key, now)
	d.Request = request
	if err := s.store.create(ctx, key.id, d, tellOfAPIKey(apiKeyCreated, by, &d, key.id, strings.Join(d.Permissions, ", "), now)); err != nil {
		return APIKey{}, "", err
	}
	return d.key(key.id), key.encode(), nil
}

// Rotate gives a key a new secret and returns its new text. The old one stays good for the overlap, which is at most
// MaxAPIKeyOverlap; one from an earlier rotation ends now. Who rotates a key can use it, so it is a problem Forbidden for those
// who do not hold all that the key was given; NotFound when the account has no such key, Conflict when the key is over.
func (s *APIKeys) Rotate(ctx context.Context, by Principal, id string, overlap time.Duration, request string) (APIKey, telemetry.Secret, error) {
	if overlap < 0 || overlap > MaxAPIKeyOverlap {
		return APIKey{}, "", problem.New(problem.Invalid, "The overlap must be 0 to %d hours.", int(MaxAPIKeyOverlap.Hours()))
	}
	next := apiKey{id: id, secret: randomBase62(apiKeySecret)}
	d, err := s.change(ctx, by, id, func(d *apiKeyDoc, now time.Time, who string) (*event.Event, error) {
		if status := d.key(id).Status(now); status != APIKeyActive {
			return nil, problem.New(problem.Conflict, "This API key is %s. Create another one.", status)
		}
		if !by.Grants.Cover(wholly(d.permissions())) {
			return nil, problem.New(problem.Forbidden, "This API key may do more than you. Ask somebody who holds all its permissions to rotate it.")
		}
		d.rotate(next, overlap, request, now)
		detail := "by " + who
		if overlap > 0 {
			detail += fmt.Sprintf("; the old secret works until %s", d.PreviousUntil.Format(time.RFC3339))
		}
		e := tellOfAPIKey(apiKeyRotated, by, d, id, detail, now)
		return &e, nil
	})
	if err != nil {
		return APIKey{}, "", err
	}
	return d.key(id), next.encode(), nil
}

// Revoke ends a key. From the moment that it returns no instance takes the key any more. Whoever manages keys may end any of
// them, also one that may do more than they: a stolen key must not wait for its creator. Doing it twice changes nothing. It is
// a problem NotFound when the account has no such key.
func (s *APIKeys) Revoke(ctx context.Context, by Principal, id string) error {
	_, err := s.change(ctx, by, id, func(d *apiKeyDoc, now time.Time, who string) (*event.Event, error) {
		if !d.RevokedAt.IsZero() {
			return nil, nil
		}
		d.revoke(now)
		e := tellOfAPIKey(apiKeyRevoked, by, d, id, "by "+who, now)
		return &e, nil
	})
	return err
}

// APIKeyPosition is where a page of keys ends; the zero value is before the newest.
type APIKeyPosition struct {
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

// Valid tells whether a list can go on there.
func (p APIKeyPosition) Valid() bool { return cloud.AreIDs(p.ID) && cloud.IsTime(p.CreatedAt) }

// List returns the account's keys, the newest first, after a position; those that are over stay among them for a year. More
// reports whether there are older ones.
func (s *APIKeys) List(ctx context.Context, accountID string, after APIKeyPosition, limit int) (keys []APIKey, more bool, err error) {
	keys, err = s.store.list(ctx, accountID, after, limit+1)
	if err != nil || len(keys) <= limit {
		return keys, false, err
	}
	return keys[:limit], true, nil
}

// change changes a key of the caller's account and tells of it. The key is suspended in the cache before that, so that the
// moment of the change is the same everywhere.
func (s *APIKeys) change(ctx context.Context, by Principal, id string, do func(d *apiKeyDoc, now time.Time, who string) (*event.Event, error)) (apiKeyDoc, error) {
	if !goodAPIKeyID.MatchString(id) {
		return apiKeyDoc{}, noSuchAPIKey()
	}
	member, err := s.member(ctx, by)
	if err != nil {
		return apiKeyDoc{}, err
	}
	d, err := s.store.get(ctx, id)
	if err != nil {
		return apiKeyDoc{}, err
	}
	if d.Account != by.AccountID { // which never changes
		return apiKeyDoc{}, noSuchAPIKey()
	}
	suspended := s.cache.suspend(ctx, id) == nil
	d, err = s.store.change(ctx, id, func(d *apiKeyDoc) (*event.Event, error) {
		return do(d, s.now(), string(member.Name))
	})
	if err != nil || suspended {
		return d, err
	}
	if err := s.cache.suspend(ctx, id); err != nil {
		s.log.ErrorContext(ctx, "an API key has changed, but Redis cannot be told; instances that reach it may take the key as it was for half a minute", "key", id, "error", err)
	}
	return d, nil
}

// member returns who acts; a problem Forbidden for one who is not, or no longer, in the account.
func (s *APIKeys) member(ctx context.Context, by Principal) (account.Member, error) {
	member, err := s.accounts.Member(ctx, by.AccountID, by.UserID)
	if problem.CodeOf(err) == problem.NotFound || (err == nil && member.Status != account.Active) {
		return account.Member{}, problem.Wrap(err, problem.Forbidden, "You are no longer in this business. Ask its owner.")
	}
	return member, err
}

// now is the present as Firestore keeps it.
func (s *APIKeys) now() time.Time { return s.clock.Now().UTC().Truncate(time.Microsecond) }

func tellOfAPIKey(typ string, by Principal, d *apiKeyDoc, id, detail string, now time.Time) event.Event {
	e := event.New(d.Account, typ, now)
	e.Audience, e.EntityID, e.Title, e.Detail, e.Member, e.Actor = event.Security, id, d.Name, detail, d.CreatedBy, by.UserID
	return e
}

// wholly are permissions for the whole account.
func wholly(permissions []account.Permission) account.Grants {
	grants := account.Grants{}
	for _, p := range permissions {
		grants[p] = account.WholeAccount
	}
	return grants
}
