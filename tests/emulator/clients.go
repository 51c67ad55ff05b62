package emulator

import (
	"testing"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// Clients returns clients of the Firestore and Pub/Sub emulators in the test's own project, which end with it.
func Clients(tb testing.TB) *cloud.Clients {
	tb.Helper()
	Firestore(tb)
	PubSub(tb)
	clients := cloud.New(cloud.Config{Project: Project(tb)})
	tb.Cleanup(func() {
		if err := clients.Close(); err != nil {
			tb.Error(err)
		}
	})
	return clients
}
