package trail

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger"
)

// expireAtOnce is how many events one transaction removes.
const expireAtOnce = 200

// Expire removes, of all accounts, the events that are past their account's retention, in at most rounds transactions of each
// account; what is left waits for the next time. Nothing of an account goes while its legal hold is on: the transaction that
// removes has read that it is off. What fails for one account does not hold up the others.
func (t *Trail) Expire(ctx context.Context, rounds int) (removed int, failed error) {
	client, err := t.store.clients.Firestore(ctx)
	if err != nil {
		return 0, err
	}
	for after := ""; ; {
		ids, err := t.accounts.IDs(ctx, after, expireAtOnce)
		if err != nil {
			return removed, errors.Join(failed, err)
		}
		for _, id := range ids {
			n, err := t.expire(ctx, client, id, rounds)
			removed += n
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("removing events of %s: %w", id, err))
			}
		}
		if len(ids) < expireAtOnce {
			return removed, failed
		}
		after = ids[len(ids)-1]
	}
}

func (t *Trail) expire(ctx context.Context, client *firestore.Client, accountID string, rounds int) (removed int, err error) {
	for range rounds {
		n := 0
		var tell []event.Event
		err := client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
			n, tell = 0, nil
			a, err := account.In(tx, client, accountID)
			if err != nil || a.LegalHold.On {
				return err
			}
			now := t.clock.Now()
			before := now.AddDate(0, 0, -a.Settings.AuditRetentionDays)
			if n, err = ledger.ExpireIn(tx, client, accountID, before, expireAtOnce); err != nil || n == 0 {
				return err
			}
			e := event.New(accountID, event.EventsExpired, now)
			e.Audience, e.Detail = event.Security, fmt.Sprintf("%d from before %s, kept for %d days", n, before.UTC().Format("2006-01-02"), a.Settings.AuditRetentionDays)
			tell = []event.Event{e}
			return t.events.Put(ctx, tx, e)
		})
		if err != nil {
			return removed, err
		}
		t.events.Publish(ctx, tell)
		if removed += n; n < expireAtOnce {
			break
		}
	}
	return removed, nil
}
