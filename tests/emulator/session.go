package emulator

import (
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/cloud"
)

// Session stores a living session of a member and returns its id, for access tokens that a test issues itself.
func Session(tb testing.TB, clients *cloud.Clients, accountID, userID string) string {
	tb.Helper()
	sid := random() + random() // 32 hexadecimal digits, as the product's
	put(tb, clients, "sessions/"+sid, map[string]any{"account": accountID, "uid": userID, "revokedAt": time.Time{}})
	return sid
}

// Seat stores an account with a member of the role, and a living session of theirs, whose id it returns.
func Seat(tb testing.TB, clients *cloud.Clients, accountID, userID string, role account.Role) string {
	tb.Helper()
	put(tb, clients, "accounts/"+accountID, map[string]any{"name": accountID, "currency": "USD", "timeZone": "America/Denver"})
	put(tb, clients, "accounts/"+accountID+"/members/"+userID, map[string]any{"role": string(role), "status": string(account.Active)})
	return Session(tb, clients, accountID, userID)
}

func put(tb testing.TB, clients *cloud.Clients, path string, content map[string]any) {
	tb.Helper()
	fs, err := clients.Firestore(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := fs.Doc(path).Set(tb.Context(), content); err != nil {
		tb.Fatal(err)
	}
}
