package server_test

import (
	"slices"
	"testing"

	"fieldboard.dev/fieldboard/shared/session"
)

const (
	sessionEnded = 4501
	reconnect    = 3011
)

func TestTheEndOfASessionClosesItsConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.started(t), w.started(t)
	me, other := person("acc_1", "owner"), person("acc_1", "owner")
	sameUser := me
	sameUser.SessionID = "another"
	here, there := w.listen(t, one, me), w.listen(t, two, me)
	stays := w.listen(t, one, other)
	staysToo := w.listen(t, two, sameUser)
	w.end(session.Ended{Session: me.SessionID})
	eventually(t, "both connections are closed for good", func() bool {
		return slices.Contains(here.codes(), sessionEnded) && slices.Contains(there.codes(), sessionEnded)
	})
	e := happened("acc_1")
	w.publish(t, e)
	stays.await(e)
	staysToo.await(e)
	if wasCut(stays) || wasCut(staysToo) {
		t.Errorf("other sessions were closed: %v %v", stays.codes(), staysToo.codes())
	}
}

func TestAChangedSeatConnectsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	me, namesake := person("acc_1", "viewer"), person("acc_2", "viewer")
	namesake.UserID = me.UserID // the same person in another business
	mine, theirs := w.listen(t, s, me), w.listen(t, s, namesake)
	w.end(session.Ended{AccountID: "acc_1", UserID: me.UserID})
	eventually(t, "the connection is told to connect again", func() bool { return slices.Contains(mine.codes(), reconnect) })
	if wasCut(theirs) {
		t.Errorf("the other business's connection was closed: %v", theirs.codes())
	}
}

// What ended while nobody could tell is found when the instance hears again.
func TestAnUnheardEndIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	me, other := person("acc_1", "viewer"), person("acc_1", "viewer")
	mine, theirs := w.listen(t, s, me), w.listen(t, s, other)
	w.endUnheard(me.SessionID)
	eventually(t, "the connection is closed", func() bool { return slices.Contains(mine.codes(), reconnect) })
	if wasCut(theirs) {
		t.Errorf("another's connection was closed: %v", theirs.codes())
	}
}

// wasCut tells whether a client was disconnected, or sent to connect again, after its first connection.
func wasCut(l *listener) bool {
	return slices.ContainsFunc(l.codes(), func(code uint32) bool { return code != 0 })
}
