package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// What bounds invitations.
const (
	InvitationLifetime = 7 * 24 * time.Hour
	MaxPending         = 100 // of one account

	keptAfterEnd = 30 * 24 * time.Hour // so that an invitation that expired can be renewed; then Firestore deletes it
)

// InvitationStatus says what became of an invitation.
type InvitationStatus string

// The statuses.
const (
	Pending  InvitationStatus = "pending"
	Accepted InvitationStatus = "accepted"
	Expired  InvitationStatus = "expired" // its time is over, or who invited may not give the role any more
)

// Invitation asks somebody by email to become a member.
type Invitation struct {
	ID           string
	Email        telemetry.Personal // lower case
	Role         Role
	Name         telemetry.Personal // may be empty
	JobberUserID string
	Status       InvitationStatus
	InvitedBy    telemetry.Personal // the name of who made or last renewed it
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// NewInvitation is what an actor asks for.
type NewInvitation struct {
	ID           string // of the invitation, if it becomes a new one
	Email        string
	Role         Role
	Name         string
	JobberUserID string
}

// Check tells what is wrong with it, whoever asks. Locations are below at.
func (n NewInvitation) Check(at string) []problem.Field {
	var bad faults
	_, fault := ParseEmail(n.Email)
	bad.add(at+"email", fault)
	if !Exists(n.Role) {
		bad.add(at+"role", "must be a role")
	}
	_, fault = ParseName(n.Name)
	bad.add(at+"name", fault)
	bad.add(at+"jobberUserId", CheckJobberUserID(n.JobberUserID))
	return bad
}

// Sent is an invitation with its two tokens, of which nothing but hashes is stored. Either lets its bearer accept.
type Sent struct {
	Invitation
	Account Account
	Shown   telemetry.Secret // for who invited, who may pass it on in their own way
	Mailed  telemetry.Secret // for the mail alone: who has it can read the address's mail
}

// Invitee is the user who accepts, as Firebase knows them.
type Invitee struct {
	UserID string
	Email  telemetry.Personal
	Name   telemetry.Personal // for an invitation without a name
}

// Acceptance is what an accepted invitation gives.
type Acceptance struct {
	AccountID   string
	AccountName string
	Email       telemetry.Personal
	ByMail      bool // the token came by mail, so the user owns the address
}

// errNoInvitation is the one answer to every token that is not good, whatever is wrong with it.
var errNoInvitation = problem.New(problem.NotFound, "This invitation is not valid. It may have expired, been used or been withdrawn. Ask for a new one.")

const tokenBytes = 32

// newToken returns 256 random bits and the name under which they are looked up: their hash.
func newToken() (token telemetry.Secret, hash string) {
	var b [tokenBytes]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return telemetry.Secret(base64.RawURLEncoding.EncodeToString(b[:])), hashOf(b[:])
}

// lookUp returns the name under which a token is looked up. Text that no token has is not good.
func lookUp(token telemetry.Secret) (hash string, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token.Reveal())
	if err != nil || len(b) != tokenBytes {
		return "", false
	}
	return hashOf(b), true
}

func hashOf(token []byte) string {
	sum := sha256.Sum256(token)
	return hex.EncodeToString(sum[:])
}

// invitee is what an event calls who is invited: events hold no addresses.
func invitee(name telemetry.Personal) string { return orElse(string(name), "Someone without a name") }
