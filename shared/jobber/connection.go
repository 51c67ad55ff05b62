package jobber

import "time"

// State is the state of an account's connection to Jobber.
type State string

// The states.
const (
	StateConnected    State = "connected"
	StateBroken       State = "broken"       // Jobber refuses the tokens: a person must connect again
	StateDisconnected State = "disconnected" // never connected, or ended by a person
)

// Connection is an account's connection to Jobber, without its secrets.
type Connection struct {
	Account       string
	State         State
	Reason        string        // why it is broken or disconnected, for a person
	JobberAccount JobberAccount // stays after a disconnection: the copy is of that business
	ConnectedAt   time.Time
	ConnectedBy   string    // user id
	EndedAt       time.Time // when it broke or was disconnected; zero while connected
}

// Connected tells whether Jobber can be read.
func (c Connection) Connected() bool { return c.State == StateConnected }
