package server

import (
	"fmt"
	"net/http"

	"github.com/centrifugal/centrifuge"

	"fieldboard.dev/fieldboard/shared/live"
)

// Limits is how much one client, person or business may use. Table says what happens over each.
type Limits struct {
	ConnectionsPerUser    int `env:"REALTIME_CONNECTIONS_PER_USER, default=20"`
	ConnectionsPerAccount int `env:"REALTIME_CONNECTIONS_PER_ACCOUNT, default=1000"`
	MessageBytes          int `env:"REALTIME_MESSAGE_BYTES, default=16384"` // the largest that a client needs is its token
	Channels              int `env:"REALTIME_CHANNELS, default=12"`         // twice what the roles give, and the rooms
	Rooms                 int `env:"REALTIME_ROOMS, default=4"`
	CommandsPerSecond     int `env:"REALTIME_COMMANDS_PER_SECOND, default=10"`
	QueueBytes            int `env:"REALTIME_QUEUE_BYTES, default=4194304"` // a stream's client that recovers 500 large events in each of 4 channels
}

// Limit is a row of the table.
type Limit struct {
	What    string
	Setting string
	Bound   int
	Code    uint32 // by which the connection ends: 3000 to 3499 and 4000 to 4499 are connected again, others are not; below 1000 of an error
	Status  int    // the answer to a request that is over it, where it is none that connects
	Sees    string // by the client
}

// A person's limit ends with 3504, so that the client knows that closing one of its own would help. This one it cannot help.
var disconnectAccountFull = centrifuge.Disconnect{Code: 4502, Reason: "account connection limit"}

// closeTooBig is WebSocket's own code for a message too big.
const closeTooBig = 1009

// Table lists every limit. The connections are those of all instances together.
func (l Limits) Table() []Limit {
	return []Limit{
		{
			"connections of a person in a business", "REALTIME_CONNECTIONS_PER_USER", l.ConnectionsPerUser,
			centrifuge.DisconnectConnectionLimit.Code, 0, "the new connection is refused; the page tries again after a minute",
		},
		{
			"connections of a business", "REALTIME_CONNECTIONS_PER_ACCOUNT", l.ConnectionsPerAccount,
			disconnectAccountFull.Code, 0, "the new connection is refused; the page tries again after a minute",
		},
		{
			"bytes of a client's message", "REALTIME_MESSAGE_BYTES", l.MessageBytes,
			closeTooBig, http.StatusRequestEntityTooLarge, "the connection ends, and is not opened again",
		},
		{
			"channels of a connection", "REALTIME_CHANNELS", l.Channels,
			centrifuge.DisconnectChannelLimit.Code, 0, "the connection is refused",
		},
		{
			"records that a connection looks at", "REALTIME_ROOMS", l.Rooms,
			centrifuge.ErrorLimitExceeded.Code, 0, "nobody is shown beside a further record",
		},
		{
			"commands of a client in a second", "REALTIME_COMMANDS_PER_SECOND", l.CommandsPerSecond,
			centrifuge.DisconnectTooManyRequests.Code, 0, "the connection ends; the client connects again after a pause, and recovers",
		},
		{
			"bytes that wait for a slow client", "REALTIME_QUEUE_BYTES", l.QueueBytes,
			centrifuge.DisconnectSlow.Code, 0, "the connection ends; the client connects again and recovers what it missed, or is told of the gap",
		},
	}
}

func (l Limits) ofConnections() live.Limits {
	return live.Limits{PerMember: l.ConnectionsPerUser, PerAccount: l.ConnectionsPerAccount}
}

func (l Limits) validate() error {
	for _, row := range l.Table() {
		if row.Bound < 1 {
			return fmt.Errorf("%s: %d is less than 1", row.Setting, row.Bound)
		}
	}
	return nil
}
