package syncing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Follower brings the copy up to what a notice tells. A notice carries no data, so the record is fetched, and with it the
// records that Jobber changes along with it without a word.
type Follower struct {
	copyist
	events      *event.Store
	accounts    *account.Store
	state       store
	inbox       inbox
	clock       clock.Clock
	wholeCopies sync.Map // accounts whose first copy is complete: it stays so
}

// NewFollower returns a follower. It dials nothing.
func NewFollower(ctx context.Context, in *instance.Instance) (*Follower, error) {
	api, err := jobber.New(ctx, in)
	if err != nil {
		return nil, err
	}
	var events event.Config
	if err := in.Config(ctx, &events); err != nil {
		return nil, err
	}
	var box InboxConfig
	if err := in.Config(ctx, &box); err != nil {
		return nil, err
	}
	told := event.NewStore(in.Cloud, events, in.Log)
	return &Follower{
		copyist: newCopyist(api, record.NewStore(in.Cloud, told, in.Clock, in.Log), in.Log),
		events:  told, accounts: account.NewStore(in.Cloud, in.Clock), state: store{in.Cloud}, inbox: inbox{in.Cloud, box.Topic}, clock: in.Clock,
	}, nil
}

// againAtMost is how often a notice that keeps coming is followed in one delivery.
const againAtMost = 5

// Handle settles the notice of an id. Doing it twice changes nothing, and in which order notices come does not matter:
// what is stored is what Jobber showed last. An error means that it must be delivered again.
func (f *Follower) Handle(ctx context.Context, id string) error {
	for range againAtMost {
		d, found, err := f.inbox.get(ctx, id)
		if err != nil {
			return err
		}
		if !found || d.PendingSince == nil {
			return nil // settled before, or expired
		}
		began := f.clock.Now()
		outcome, err := f.follow(ctx, d)
		if err != nil {
			if !hopeless(err) {
				return fmt.Errorf("following %s of %s: %w", d.Topic, d.Account, err)
			}
			outcome = "failed: " + string(jobber.KindOf(err))
			f.log.ErrorContext(ctx, "a notice cannot be followed", "account", d.Account, "topic", d.Topic, "error", err)
		}
		settled, err := f.inbox.settle(ctx, id, d, began, outcome)
		if settled || err != nil {
			return err
		}
	}
	return fmt.Errorf("notice %s keeps coming", id)
}

// follow does what the notice asks for and says what became of it.
func (f *Follower) follow(ctx context.Context, d delivery) (string, error) {
	if d.Correlation != "" { // what comes of the notice is told as the doing of the request that brought it
		ctx = telemetry.WithCorrelation(ctx, telemetry.Correlation{RequestID: d.Correlation})
	}
	w := jobber.Webhook{Topic: d.Topic, AccountID: d.JobberAccount, ItemID: d.ItemID, OccurredAt: d.OccurredAt}
	if d.Topic == jobber.TopicAppDisconnect {
		return f.disconnect(ctx, d)
	}
	subject, action, ok := w.Subject()
	if !ok {
		return "ignored", nil
	}
	scope, err := scopeOf(ctx, f.accounts, d.Account)
	if err != nil {
		return "", err
	}
	e := f.errand(d.Account)
	err = e.gather(ctx, record.Collection(subject), d.ItemID, action)
	if errors.Is(err, errTooManyVanish) {
		return "held: too many records would be deleted", f.tellHeld(ctx, d, err)
	}
	if err != nil {
		return "", err
	}
	return "done", f.apply(ctx, scope, e, action == jobber.Created)
}

// Fetch brings the copy up to one record that was just changed, or made, as a notice of it would: the notice that follows finds
// nothing to do.
func (f *Follower) Fetch(ctx context.Context, account string, c record.Collection, jobberID string, made bool) error {
	scope, err := scopeOf(ctx, f.accounts, account)
	if err != nil {
		return err
	}
	action := jobber.Updated
	if made {
		action = jobber.Created
	}
	e := f.errand(account)
	if err := e.gather(ctx, c, jobberID, action); err != nil {
		return err
	}
	return f.apply(ctx, scope, e, made)
}

// disconnect notes that the app was disconnected in Jobber, unless the account was connected again since. The store tells
// people of it.
func (f *Follower) disconnect(ctx context.Context, d delivery) (string, error) {
	c, err := f.api.Store().Connection(ctx, d.Account)
	if err != nil {
		return "", err
	}
	connected := c.ConnectedAt.Truncate(time.Second) // Jobber tells times in whole seconds
	if c.State == jobber.StateDisconnected || connected.After(d.OccurredAt) {
		return "ignored", nil
	}
	_, err = f.api.Store().Disconnect(ctx, d.Account, "Somebody disconnected Fieldboard in Jobber.")
	return "done", err
}

func (f *Follower) tellHeld(ctx context.Context, d delivery, cause error) error {
	f.log.ErrorContext(ctx, "a deletion is held", "account", d.Account, "topic", d.Topic, "item", d.ItemID, "error", cause)
	e := event.New(d.Account, event.SyncFailed, f.clock.Now())
	e.Title, e.Detail = "A deletion in Jobber was not followed", "It would delete too many records at once."
	return f.events.Emit(ctx, e)
}

// apply writes what the errand gathered. While the first copy runs, a record that the copy has not reached is no news,
// unless the notice says that it was just created.
func (f *Follower) apply(ctx context.Context, scope record.Scope, e *errand, created bool) error {
	batch := e.batch
	copied, err := f.copied(ctx, scope.Account)
	if err != nil {
		return err
	}
	if !copied {
		quiet, rest, err := f.unreached(ctx, scope.Account, batch.Upserts, created)
		if err != nil {
			return err
		}
		if len(quiet) > 0 {
			if _, err := f.records.Apply(ctx, scope, record.Batch{Upserts: quiet, Quiet: true}); err != nil {
				return err
			}
		}
		batch.Upserts = rest
	}
	_, err = f.records.Apply(ctx, scope, batch)
	return err
}

// copied reports whether the account's first copy is complete.
func (f *Follower) copied(ctx context.Context, account string) (bool, error) {
	if _, known := f.wholeCopies.Load(account); known {
		return true, nil
	}
	_, states, err := f.state.read(ctx, account)
	if err != nil || states.copying() {
		return false, err
	}
	f.wholeCopies.Store(account, true)
	return true, nil
}

// unreached parts upserts into those whose records the copy has not reached and the rest. The first upsert is the
// notice's own record.
func (f *Follower) unreached(ctx context.Context, account string, upserts []record.Upsert, created bool) (quiet, rest []record.Upsert, err error) {
	for i, u := range upserts {
		if i == 0 && created {
			rest = append(rest, u)
			continue
		}
		_, err := f.records.Get(ctx, account, u.Record.Collection(), u.Record.Base().ID)
		switch {
		case err == nil:
			rest = append(rest, u)
		case problem.CodeOf(err) == problem.NotFound:
			quiet = append(quiet, u)
		default:
			return nil, nil, err
		}
	}
	return quiet, rest, nil
}
