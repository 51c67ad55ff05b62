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

// made tells whether m made t.
func (m maker) made(t refreshToken) bool {
	return hmac.Equal(t.secret, m.token(t.session, t.generation).secret)
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
	Generation int       `firestore:"generation"`
	Hash       []byte    `firestore:"hash"` // SHA-256 of the present token's secret
	CreatedAt  time.Time `firestore:"createdAt"`
	RotatedAt  time.Time `firestore:"rotatedAt"`
	EndsAt     time.Time `firestore:"endsAt"`    // absolutely
	ExpiresAt  time.Time `firestore:"expiresAt"` // idle, and never after EndsAt; Firestore deletes some time after it
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

func newFamily(account, userID string, first refreshToken, now time.Time) family {
	f := family{Account: account, UserID: userID, Hash: first.hash(), CreatedAt: now, RotatedAt: now, EndsAt: now.Add(SessionLifetime)}
	f.stay(now)
	return f
}

func (f *family) stay(now time.Time) {
	f.ExpiresAt = now.Add(IdleLifetime)
	if f.ExpiresAt.After(f.EndsAt) {
		f.ExpiresAt = f.EndsAt
	}
}

func (f *family) isPresent(t refreshToken) bool {
	return t.generation == f.Generation && subtle.ConstantTimeCompare(t.hash(), f.Hash) == 1
}

func (f *family) revoke(reason string, now time.Time) {
	f.RevokedAt, f.RevokedFor = now, reason
}

// present judges a token and changes the family accordingly. The successor is that of rotated and repeated.
func (f *family) present(t refreshToken, m maker, now time.Time) (outcome, refreshToken) {
	present := f.isPresent(t)
	past := !present && t.generation < f.Generation && m.made(t)
	switch {
	case !present && !past, !f.RevokedAt.IsZero():
		return refused, refreshToken{}
	case !now.Before(f.ExpiresAt):
		return outOfDate, refreshToken{}
	case present:
		next := m.token(t.session, f.Generation+1)
		f.Generation, f.Hash, f.RotatedAt = next.generation, next.hash(), now
		f.stay(now)
		return rotated, next
	}
	successor := m.token(t.session, f.Generation)
	if t.generation == f.Generation-1 && now.Sub(f.RotatedAt) <= reuseGrace && f.isPresent(successor) {
		return repeated, successor
	}
	f.revoke("a spent refresh token was used again", now)
	return stolen, refreshToken{}
}
