package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strconv"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// A refresh token is session.generation.secret. The secret of a generation is a MAC of the two before it, so it need not be
// stored to be given out again within the grace, and an old token is known from one that never was. What a family stores is
// the hash of the present secret: that alone decides whether the present token is good, also after the key has changed.
type refreshToken struct {
	session    string
	generation int
	secret     []byte
}

var sessionID = regexp.MustCompile(`^[0-9a-f]{32}$`)

var refreshFormat = regexp.MustCompile(`^([0-9a-f]{32})\.(0|[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})$`)

func parseRefresh(s string) (refreshToken, bool) {
	m := refreshFormat.FindStringSubmatch(s)
	if m == nil {
		return refreshToken{}, false
	}
	generation, err := strconv.Atoi(m[2])
	if err != nil {
		return refreshToken{}, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(m[3])
	if err != nil {
		return refreshToken{}, false
	}
	return refreshToken{session: m[1], generation: generation, secret: secret}, true
}

func (t refreshToken) encode() telemetry.Secret {
	return telemetry.Secret(t.session + "." + strconv.Itoa(t.generation) + "." + base64.RawURLEncoding.EncodeToString(t.secret))
}

func (t refreshToken) hash() []byte {
	sum := sha256.Sum256(t.secret)
	return sum[:]
}

// maker makes refresh tokens.
type maker struct{ key []byte }

func (m maker) token(session string, generation int) refreshToken {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(session + "." + strconv.Itoa(generation)))
	return refreshToken{session: session, generation: generation, secret: mac.Sum(nil)}
}

// makers are those of the present signing key, the first, and of the ones before it.
type makers []maker

func (m makers) token(session string, generation int) refreshToken {
	return m[0].token(session, generation)
}

// made tells whether one of m made t.
func (m makers) made(t refreshToken) bool {
	for _, one := range m {
		if hmac.Equal(t.secret, one.token(t.session, t.generation).secret) {
			return true
		}
	}
	return false
}

func newSessionID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// family is one session: the line of its refresh tokens, of which one is present.
type family struct {
	Account    string    `firestore:"account"`
	UserID     string    `firestore:"uid"`
	Name       string    `firestore:"name"` // that the member gave it
	UserAgent  string    `firestore:"userAgent"`
	Address    string    `firestore:"address"` // IP address of the sign-in
	Generation int       `firestore:"generation"`
	Hash       []byte    `firestore:"hash"` // SHA-256 of the present token's secret
	CreatedAt  time.Time `firestore:"createdAt"`
	RotatedAt  time.Time `firestore:"rotatedAt"`
	EndsAt     time.Time `firestore:"endsAt"`    // absolutely
	ExpiresAt  time.Time `firestore:"expiresAt"` // idle, and never after EndsAt; Firestore deletes it some time later
	RevokedAt  time.Time `firestore:"revokedAt"`
	RevokedFor string    `firestore:"revokedFor"`
}

// outcome is what becomes of a presented refresh token.
type outcome int

const (
	refused   outcome = iota // not a token of this session, or the session is over: nothing changes
	rotated                  // the present token: a successor takes its place
	repeated                 // the one before it, within the grace: the same successor again
	stolen                   // an older one: the session is revoked
	outOfDate                // the session has expired
)

func newFamily(accountID, userID string, device Device, first refreshToken, l account.Lifetimes, now time.Time) family {
	f := family{
		Account: accountID, UserID: userID, UserAgent: device.UserAgent, Address: device.Address,
		Hash: first.hash(), CreatedAt: now, RotatedAt: now,
	}
	f.lasts(l)
	return f
}

// lasts sets when the session ends, by the account's settings as they are now.
func (f *family) lasts(l account.Lifetimes) {
	f.EndsAt = f.CreatedAt.Add(l.Absolute())
	f.ExpiresAt = f.RotatedAt.Add(l.Idle())
	if f.ExpiresAt.After(f.EndsAt) {
		f.ExpiresAt = f.EndsAt
	}
}

func (f *family) living(now time.Time) bool {
	return f.RevokedAt.IsZero() && now.Before(f.ExpiresAt)
}

// knows tells whether a token is one of the session's, present or past.
func (f *family) knows(t refreshToken, m makers) bool {
	return f.isPresent(t) || (t.generation < f.Generation && m.made(t))
}

func (f *family) isPresent(t refreshToken) bool {
	return t.generation == f.Generation && subtle.ConstantTimeCompare(t.hash(), f.Hash) == 1
}

func (f *family) revoke(reason string, now time.Time) {
	f.RevokedAt, f.RevokedFor = now, reason
}

// present judges a token and changes the family accordingly; l is how long its sessions last now. The successor is that of
// rotated and repeated.
func (f *family) present(t refreshToken, m makers, l account.Lifetimes, now time.Time) (outcome, refreshToken) {
	if !f.knows(t, m) || !f.RevokedAt.IsZero() {
		return refused, refreshToken{}
	}
	f.lasts(l)
	switch {
	case !now.Before(f.ExpiresAt):
		return outOfDate, refreshToken{}
	case f.isPresent(t):
		next := m.token(t.session, f.Generation+1)
		f.Generation, f.Hash, f.RotatedAt = next.generation, next.hash(), now
		f.lasts(l)
		return rotated, next
	}
	// Within the grace the secret may have been made with the key before: a key may change at any moment.
	if t.generation == f.Generation-1 && now.Sub(f.RotatedAt) <= reuseGrace {
		for _, one := range m {
			if successor := one.token(t.session, f.Generation); f.isPresent(successor) {
				return repeated, successor
			}
		}
	}
	f.revoke("a spent refresh token was used again", now)
	return stolen, refreshToken{}
}
