package event

import "slices"

// Consumers are those who take events from the topic, by their subscriptions' names.
var Consumers = []string{"realtime"}

// IsConsumer tells whether there is a consumer of that name.
func IsConsumer(name string) bool { return slices.Contains(Consumers, name) }

const (
	replayFor = "replay-for" // the consumer that a message is for alone
	replayOf  = "replay"     // which replay it belongs to
)

// Addressed reads a message's attributes for a consumer. A message that is sent again is for one consumer alone: every other one
// drops it, for Pub/Sub's emulator knows no filters, and in the cloud a filter only saves the delivery. The replay's id is empty
// for an event that is news. It makes the event another one to a consumer that takes each id once: a replay is asked for
// because what the first delivery did is lost, and is to be done again, once for each replay.
func Addressed(attributes map[string]string, consumer string) (mine bool, replay string) {
	to := attributes[replayFor]
	return to == "" || to == consumer, attributes[replayOf]
}
