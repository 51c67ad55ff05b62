package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
)

// maxEvent is the largest event that is carried, in bytes. CloudEvents asks intermediaries to carry 64 KiB; ours name a
// record and say what happened to it, in well under 2 KiB.
const maxEvent = 16 << 10

var (
	eventID   = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)
	eventType = regexp.MustCompile(`^[a-z]{1,32}(\.[a-z_]{1,32}){1,3}$`)
	accountID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	memberID  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`) // Firebase's uid
)

// publication is what a channel's listeners get.
type publication struct {
	account string
	channel string
	counts  bool   // as the event; one has several publications
	id      string // of the event; a channel takes it once
	body    []byte // the CloudEvent as JSON

	committed time.Time // the event's
	received  time.Time // by this instance
}

// read makes the publications of a Pub/Sub message. The message's body alone decides the channel, and it is written anew from
// what was checked: so nothing that the check did not see reaches a browser, nor bytes that would break its connection
// (bad UTF-8, a line end between messages) each time that it recovers.
func read(message []byte) (event.Event, []publication, error) {
	var e event.Event
	if len(message) > maxEvent {
		return e, nil, fmt.Errorf("%d bytes is over the bound of %d", len(message), maxEvent)
	}
	if err := json.Unmarshal(message, &e); err != nil {
		return e, nil, err
	}
	if err := check(e); err != nil {
		return e, nil, err
	}
	carried, err := carry(e)
	return e, carried, err
}

// carry makes the publications of an event.
func carry(e event.Event) ([]publication, error) {
	switch e.Audience {
	case event.Personal:
		return publications(e, userChannel(e.Account, e.Member))
	case event.Operations:
		whole, err := publications(e, accountChannel(e.Account, e.Audience))
		if err != nil {
			return nil, err
		}
		bare := event.Event{ID: e.ID, Account: e.Account, Type: e.Type, Audience: e.Audience, Collection: e.Collection, Time: e.Time}
		change, err := publications(bare, changesChannel(e.Account))
		for i := range change {
			change[i].counts = false
		}
		return append(whole, change...), err
	}
	return publications(e, accountChannel(e.Account, e.Audience))
}

func publications(e event.Event, channel string) ([]publication, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return []publication{{account: e.Account, channel: channel, counts: true, id: e.ID, body: body, committed: e.Time}}, nil
}

// check refuses an event that would reach the wrong people.
func check(e event.Event) error {
	switch {
	case !eventID.MatchString(e.ID):
		return errors.New("bad id")
	case !eventType.MatchString(e.Type):
		return errors.New("bad type")
	case !accountID.MatchString(e.Account):
		return errors.New("bad account")
	case e.Time.IsZero():
		return errors.New("no time")
	case e.Audience == event.Personal && !memberID.MatchString(e.Member):
		return errors.New("bad member")
	case e.Audience != event.Personal && e.Audience != event.Security && isSecurity(e):
		return fmt.Errorf("%s is for the security audience only", e.Type)
	case e.Audience != event.Finance && isFinance(e):
		return fmt.Errorf("%s is for the finance audience only", e.Type)
	case e.Audience != event.Finance && e.AmountCents != nil:
		return errors.New("an amount is for the finance audience only")
	}
	return nil
}

func isSecurity(e event.Event) bool {
	return strings.HasPrefix(e.Type, "security.") || strings.HasPrefix(e.Type, "member.")
}

func isFinance(e event.Event) bool {
	return strings.HasPrefix(e.Type, "invoice.") || strings.HasPrefix(e.Type, "payment.") ||
		e.Collection == "invoices" || e.Collection == "payments"
}
