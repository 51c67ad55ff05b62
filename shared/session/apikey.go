package session

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// APIKeyPattern is a regular expression that finds API keys in a text, for secret scanners; any flavour reads it that knows \b.
// What it finds is a key for certain when its last six characters are the checksum of what is before them: CRC-32 (IEEE) in
// base 62, with the digits 0-9, A-Z, a-z and leading zeros.
const APIKeyPattern = `\bfbk_[0-9A-Za-z]{58}\b` //nolint:gosec // it finds keys and is none

// An API key is apiKeyPrefix, its id, its secret and the checksum of these three. All but the prefix is base 62, so that a
// double click selects the whole of it. The checksum lets a key that was mistyped or made up be refused without asking anybody;
// it protects nothing.
const (
	apiKeyPrefix   = "fbk_"
	apiKeyID       = 12 // characters: 71 bits, so that no two are alike
	apiKeySecret   = 40 // characters: 238 bits
	apiKeyChecksum = 6  // characters: 62^6 is more than 2^32
	apiKeyLength   = len(apiKeyPrefix) + apiKeyID + apiKeySecret + apiKeyChecksum
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var goodAPIKeyID = regexp.MustCompile(`^[0-9A-Za-z]{12}$`)

type apiKey struct {
	id     string
	secret string
}

func newAPIKey() apiKey {
	return apiKey{id: randomBase62(apiKeyID), secret: randomBase62(apiKeySecret)}
}

// apiKeyIDOf returns the id of the key that a request of an account makes.
func apiKeyIDOf(accountID, request string) string {
	sum := sha256.Sum256([]byte(accountID + "/" + request))
	return toBase62(sum[:], apiKeyID)
}

// parseAPIKey takes an API key apart. It tells whether the text is one, by its form and its checksum.
func parseAPIKey(s string) (apiKey, bool) {
	if len(s) != apiKeyLength || !strings.HasPrefix(s, apiKeyPrefix) {
		return apiKey{}, false
	}
	text := s[len(apiKeyPrefix):]
	for i := range len(text) {
		if strings.IndexByte(base62, text[i]) < 0 {
			return apiKey{}, false
		}
	}
	sum := apiKeyLength - apiKeyChecksum
	if checksum(s[:sum]) != s[sum:] {
		return apiKey{}, false
	}
	return apiKey{id: text[:apiKeyID], secret: text[apiKeyID : apiKeyID+apiKeySecret]}, true
}

func (k apiKey) encode() telemetry.Secret {
	text := apiKeyPrefix + k.id + k.secret
	return telemetry.Secret(text + checksum(text))
}

func (k apiKey) hash() []byte {
	sum := sha256.Sum256([]byte(k.secret))
	return sum[:]
}

func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	var digits [apiKeyChecksum]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[sum%62]
		sum /= 62
	}
	return string(digits[:])
}

func randomBase62(n int) string {
	var text strings.Builder
	for text.Len() < n {
		var random [64]byte
		rand.Read(random[:]) // never fails: crypto/rand ends the program instead
		text.WriteString(toBase62(random[:], n-text.Len()))
	}
	return text.String()
}

// toBase62 writes random bytes as digits, n at most. It leaves out bytes by which some digits would be more frequent than
// others: 8 in 256.
func toBase62(random []byte, n int) string {
	const even = 256 / 62 * 62
	text := make([]byte, 0, n)
	for _, b := range random {
		if b < even && len(text) < n {
			text = append(text, base62[b%62])
		}
	}
	return string(text)
}

// APIKeyPermissions are those that a key may be given. It is a list of what is allowed, so that a new permission is not given
// to keys before somebody has thought about it. Left out are:
//   - self:manage, because a key is no person: it would end and rename its creator's sessions.
//   - member:manage, session:manage, live:manage and key:manage, because a stolen key would let people in, keep them out, and make itself
//     successors that live on after it is revoked.
//   - task:manage, because what a task is to do shows more than a key was given, and a stolen key could stop everything.
//   - account:manage and owner:transfer, because they change what protects the account, and who owns it.
//   - jobber:connect, because a person consents to it at Jobber, in a browser; a stolen key would point the copy at another
//     business.
var APIKeyPermissions = []account.Permission{
	account.SummaryRead, account.RecordRead, account.FinanceRead, account.SyncManage, account.MemberRead, account.SecurityRead,
	account.TaskRead, account.BatchRun, account.ReportRead, account.ReportMake,
}

// apiKeyGrants returns what a key may do: what it was given, as far as its creator holds it now. A key speaks for the whole
// account or not at all, so what the creator holds for a part of it is not the key's.
func apiKeyGrants(given []account.Permission, creator account.Grants) account.Grants {
	grants := account.Grants{}
	for _, p := range given {
		if slices.Contains(APIKeyPermissions, p) && creator[p] == account.WholeAccount {
			grants[p] = account.WholeAccount
		}
	}
	return grants
}

// The bounds of keys.
const (
	maxAPIKeys     = 50 // living ones in an account
	maxAPIKeyName  = 80 // characters
	maxAPIKeyAllow = 20 // networks
	maxAPIKeyYears = 2

	// MaxAPIKeyOverlap is how long the old secret may stay good beside the new one.
	MaxAPIKeyOverlap = 7 * 24 * time.Hour

	// The widest networks of an allow-list: a wider one is a mistake, or no list at all.
	minAllowBits4, minAllowBits6 = 8, 32
)

// NewAPIKey is what a key is to be.
type NewAPIKey struct {
	Name        string
	Permissions []account.Permission
	ExpiresAt   *time.Time // nil: never
	IPAllow     []string   // addresses and networks that it may be used from; empty: all
}

// check returns n in its one written form, and what is wrong with it for a creator with these grants.
func (n NewAPIKey) check(creator account.Grants, now time.Time) (NewAPIKey, []problem.Field) {
	var bad []problem.Field
	wrong := func(location, message string) {
		if message != "" {
			bad = append(bad, problem.Field{Location: location, Message: message})
		}
	}
	n.Name = strings.TrimSpace(n.Name)
	wrong("name", wrongName(n.Name))
	if len(n.Permissions) == 0 {
		wrong("permissions", "must name at least one permission")
	}
	for i, p := range n.Permissions {
		if i > len(APIKeyPermissions) {
			break // one of these is wrong, and the list may be long
		}
		wrong(fmt.Sprintf("permissions[%d]", i), wrongPermission(p, n.Permissions[:i], creator))
	}
	if n.ExpiresAt != nil {
		at := n.ExpiresAt.UTC().Truncate(time.Microsecond) // what Firestore keeps
		n.ExpiresAt = &at
		wrong("expiresAt", wrongExpiry(at, now))
	}
	if len(n.IPAllow) > maxAPIKeyAllow {
		wrong("ipAllow", fmt.Sprintf("may list at most %d addresses and networks", maxAPIKeyAllow))
		return n, bad
	}
	allow := make([]string, len(n.IPAllow))
	for i, text := range n.IPAllow {
		network, message := parseAllowed(text)
		allow[i] = written(network)
		if message == "" && slices.Contains(allow[:i], allow[i]) {
			message = "is listed twice"
		}
		wrong(fmt.Sprintf("ipAllow[%d]", i), message)
	}
	n.IPAllow = allow
	return n, bad
}

// unseen are the characters that make a name look like another one.
var unseen = []*unicode.RangeTable{unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp}

func wrongName(name string) string {
	n := utf8.RuneCountInString(name)
	switch {
	case n == 0 || n > maxAPIKeyName:
		return fmt.Sprintf("must have 1 to %d characters", maxAPIKeyName)
	case !utf8.ValidString(name), strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unseen...) }):
		return "may have no control characters and none that change the direction of writing"
	case !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }):
		return "must have a character that can be seen"
	}
	return ""
}

func wrongPermission(p account.Permission, before []account.Permission, creator account.Grants) string {
	switch {
	case slices.Contains(before, p):
		return "is listed twice"
	case !slices.Contains(APIKeyPermissions, p):
		return "is not a permission that a key can have"
	case creator[p] != account.WholeAccount:
		return "is a permission that you do not have for the whole account"
	}
	return ""
}

func wrongExpiry(at, now time.Time) string {
	switch {
	case !at.After(now):
		return "must be in the future"
	case at.After(now.AddDate(maxAPIKeyYears, 0, 0)):
		return fmt.Sprintf("must be at most %d years away", maxAPIKeyYears)
	}
	return ""
}

// parseAllowed reads an address or a network of an allow-list. Its message says what is wrong with it.
func parseAllowed(text string) (network netip.Prefix, message string) {
	const notOne = "must be an IP address, or a network such as 203.0.113.0/24"
	if len(text) > 64 {
		return netip.Prefix{}, notOne
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		network = netip.PrefixFrom(addr.WithZone(""), addr.BitLen())
		if addr.Zone() != "" {
			return netip.Prefix{}, "may have no zone"
		}
	} else if network, err = netip.ParsePrefix(text); err != nil {
		return netip.Prefix{}, notOne
	}
	narrowest := minAllowBits4
	if network.Addr().Is6() {
		narrowest = minAllowBits6
	}
	switch {
	case network.Addr().Is4In6():
		return netip.Prefix{}, "must be written as an IPv4 address or network"
	case network.Bits() < narrowest:
		return netip.Prefix{}, fmt.Sprintf("is too wide: name networks of /%d or narrower, or leave the list empty to allow all addresses", narrowest)
	case network.Masked() != network:
		return netip.Prefix{}, fmt.Sprintf("has address bits after its mask: write %s for the network", network.Masked())
	case network.Addr().IsUnspecified():
		return netip.Prefix{}, "is no address that a request comes from"
	}
	return network, ""
}

// written is how a network is shown: an address without its mask.
func written(network netip.Prefix) string {
	if network.IsSingleIP() {
		return network.Addr().String()
	}
	return network.String()
}

// allows tells whether a key with this allow-list may be used from addr. An address that is not known is in no list.
func allows(list []string, addr netip.Addr) bool {
	if len(list) == 0 {
		return true
	}
	return addr.IsValid() && slices.ContainsFunc(list, func(text string) bool {
		network, message := parseAllowed(text)
		return message == "" && network.Contains(addr.Unmap().WithZone(""))
	})
}

// APIKeyStatus says whether a key is good.
type APIKeyStatus string

// The statuses.
const (
	APIKeyActive  APIKeyStatus = "active"
	APIKeyExpired APIKeyStatus = "expired"
	APIKeyRevoked APIKeyStatus = "revoked"
)

// APIKey is a key as it may be shown: without its secret.
type APIKey struct {
	ID          string
	CreatedBy   string // uid; the key acts for this member
	Name        string
	Permissions []account.Permission
	IPAllow     []string
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	LastUsedAt  time.Time // to within five minutes; zero: never
	RevokedAt   time.Time
	OverlapEnds time.Time // of the last rotation, which may be past; until then the secret before it is good too
}

// Prefix is how the key's text begins, by which its holder knows it.
func (k APIKey) Prefix() string { return apiKeyPrefix + k.ID }

// Status tells whether the key is good at a moment.
func (k APIKey) Status(now time.Time) APIKeyStatus {
	switch {
	case !k.RevokedAt.IsZero():
		return APIKeyRevoked
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return APIKeyExpired
	}
	return APIKeyActive
}

// apiKeyDoc is a key as it is stored. The zero value is that of a key that does not exist: no secret opens it.
type apiKeyDoc struct {
	Account       string    `firestore:"account"`
	CreatedBy     string    `firestore:"createdBy"`
	Name          string    `firestore:"name" json:"-"`
	Permissions   []string  `firestore:"permissions"`
	IPAllow       []string  `firestore:"ipAllow"`
	Hash          []byte    `firestore:"hash"` // SHA-256 of the present secret
	PreviousHash  []byte    `firestore:"previousHash"`
	PreviousUntil time.Time `firestore:"previousUntil"`
	CreatedAt     time.Time `firestore:"createdAt" json:"-"`
	ExpiresAt     time.Time `firestore:"expiresAt"`
	LastUsedAt    time.Time `firestore:"lastUsedAt" json:"-"`
	RevokedAt     time.Time `firestore:"revokedAt"`
	LivesUntil    time.Time `firestore:"livesUntil" json:"-"`         // its expiry or its revocation; never for neither
	DeleteAt      time.Time `firestore:"deleteAt,omitempty" json:"-"` // Firestore deletes some time after it; absent while it lives on
	Request       string    `firestore:"request" json:"-"`            // that gave it its present secret; empty for one without a name
}

// never is a moment after all others that Firestore can keep.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// apiKeyKept is how long a key that is over can still be seen.
const apiKeyKept = 365 * 24 * time.Hour

func newAPIKeyDoc(accountID, creator string, n NewAPIKey, key apiKey, now time.Time) apiKeyDoc {
	d := apiKeyDoc{
		Account: accountID, CreatedBy: creator, Name: n.Name, IPAllow: n.IPAllow,
		Hash: key.hash(), CreatedAt: now, LivesUntil: never,
	}
	for _, p := range n.Permissions {
		d.Permissions = append(d.Permissions, string(p))
	}
	if n.ExpiresAt != nil {
		d.ExpiresAt = *n.ExpiresAt
		d.endAt(d.ExpiresAt)
	}
	return d
}

func (d *apiKeyDoc) endAt(t time.Time) { d.LivesUntil, d.DeleteAt = t, t.Add(apiKeyKept) }

func (d *apiKeyDoc) revoke(now time.Time) {
	d.RevokedAt = now
	if now.Before(d.LivesUntil) {
		d.endAt(now)
	}
}

// rotate gives the key a new secret. The one before it stays good for the overlap; one from before that does not. When the
// request that gave the present secret is tried again, its answer was lost: nobody has that secret, and it alone is replaced.
func (d *apiKeyDoc) rotate(next apiKey, overlap time.Duration, request string, now time.Time) {
	repeated := request != "" && request == d.Request
	d.Request = request
	if repeated {
		d.Hash = next.hash()
		return
	}
	d.PreviousHash, d.PreviousUntil = nil, time.Time{}
	if overlap > 0 {
		d.PreviousHash, d.PreviousUntil = d.Hash, now.Add(overlap)
		if d.PreviousUntil.After(d.LivesUntil) {
			d.PreviousUntil = d.LivesUntil
		}
	}
	d.Hash = next.hash()
}

func (d *apiKeyDoc) permissions() []account.Permission {
	list := make([]account.Permission, len(d.Permissions))
	for i, p := range d.Permissions {
		list[i] = account.Permission(p)
	}
	return list
}

func (d *apiKeyDoc) key(id string) APIKey {
	return APIKey{
		ID: id, CreatedBy: d.CreatedBy, Name: d.Name, Permissions: d.permissions(), IPAllow: d.IPAllow, CreatedAt: d.CreatedAt,
		ExpiresAt: d.ExpiresAt, LastUsedAt: d.LastUsedAt, RevokedAt: d.RevokedAt, OverlapEnds: d.PreviousUntil,
	}
}

// opens tells whether a secret is the key's present one, or the one before it. It takes the same time for each answer, and for
// a key that does not exist.
func (d *apiKeyDoc) opens(key apiKey) (present, previous bool) {
	hash := key.hash()
	return sameHash(hash, d.Hash), sameHash(hash, d.PreviousHash)
}

func sameHash(hash, stored []byte) bool {
	var padded [sha256.Size]byte // ConstantTimeCompare is done at once when the lengths differ
	copy(padded[:], stored)
	return subtle.ConstantTimeCompare(hash, padded[:]) == 1
}

// refusal says why the key may not be used now from an address, to one who has shown its secret.
func (d *apiKeyDoc) refusal(byPrevious bool, from netip.Addr, now time.Time) error {
	switch {
	case !d.RevokedAt.IsZero():
		return problem.New(problem.Unauthenticated, "This API key was revoked.")
	case !d.ExpiresAt.IsZero() && !now.Before(d.ExpiresAt):
		return problem.New(problem.Unauthenticated, "This API key has expired.")
	case byPrevious && !now.Before(d.PreviousUntil):
		return problem.New(problem.Unauthenticated, "This API key was rotated and its old secret no longer works. Use the new one.")
	case !allows(d.IPAllow, from):
		return problem.New(problem.Forbidden, "This API key may not be used from your address.")
	}
	return nil
}

// endsAt is when the shown secret ends being good; zero for never.
func (d *apiKeyDoc) endsAt(byPrevious bool) time.Time {
	if byPrevious {
		return d.PreviousUntil
	}
	return d.ExpiresAt
}
