package syncing

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Jobber may switch off the webhooks of an app that answers later than after a second ("Setting up webhooks" in Jobber's
// developer documentation). Storing a notice must work within that; handing it to the worker need not.
const (
	storeTimeout   = 800 * time.Millisecond
	publishTimeout = 400 * time.Millisecond
)

// InboxConfig says how notices get to the worker.
type InboxConfig struct {
	Topic string `env:"WEBHOOKS_TOPIC, default=jobber-webhooks"`
}

// ReceiverConfig is what receiving notices needs to know.
type ReceiverConfig struct {
	InboxConfig
	Secret string `env:"JOBBER_CLIENT_SECRET, required"` // signs the notices
}

// Receiver takes in Jobber's notices.
type Receiver struct {
	cfg      ReceiverConfig
	accounts interface {
		AccountOf(ctx context.Context, jobberAccountID string) (account string, found bool, err error)
	}
	inbox inbox
	clock clock.Clock
	log   *slog.Logger
}

// NewReceiver returns a receiver. It dials nothing.
func NewReceiver(ctx context.Context, in *instance.Instance) (*Receiver, error) {
	var cfg ReceiverConfig
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	return &Receiver{cfg: cfg, accounts: jobber.NewReader(in.Cloud), inbox: inbox{in.Cloud, cfg.Topic}, clock: in.Clock, log: in.Log}, nil
}

// Receipt says what was done with a notice.
type Receipt string

// The receipts.
const (
	Accepted  Receipt = "accepted"  // stored and handed to the worker
	Duplicate Receipt = "duplicate" // it had come before, and waits or can hold nothing new
	Aside     Receipt = "aside"     // its Jobber account is connected to no account here; it is kept for people to look at
)

// Receive verifies, stores and hands on one notice. A wrong signature is problem.Unauthenticated and leaves no trace; a
// body that is signed but unreadable is problem.Invalid; problem.Unavailable means that nothing was stored and Jobber is
// to send it again. Once a notice is stored nothing loses it: what was not handed on is handed on by the schedule.
func (r *Receiver) Receive(ctx context.Context, body []byte, signature string) (Receipt, error) {
	if !jobber.VerifySignature(r.cfg.Secret, body, signature) {
		return "", problem.New(problem.Unauthenticated, "The signature is not Jobber's.")
	}
	w, err := jobber.ParseWebhook(body)
	if err != nil {
		return "", err
	}
	storing, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	account, found, err := r.accounts.AccountOf(storing, w.AccountID)
	if err != nil {
		return "", problem.Wrap(err, problem.Unavailable, "The notice cannot be stored right now.")
	}
	now := r.clock.Now()
	d := delivery{
		Account: account, JobberAccount: w.AccountID, Topic: w.Topic, ItemID: w.ItemID, OccurredAt: w.OccurredAt,
		ReceivedAt: now, ExpireAt: now.Add(keepDeliveries),
		Correlation: telemetry.CorrelationFrom(ctx).RequestID,
	}
	if !found {
		return r.putAside(storing, w.ID(), d)
	}
	d.PendingSince = &now
	tell, err := r.inbox.put(storing, w.ID(), d)
	if err != nil {
		return "", problem.Wrap(err, problem.Unavailable, "The notice cannot be stored right now.")
	}
	if !tell {
		return Duplicate, nil
	}
	publishing, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	if err := r.inbox.publish(publishing, w.ID(), d); err != nil {
		r.log.WarnContext(ctx, "a notice waits for the schedule to hand it on", "account", account, "topic", w.Topic, "error", err)
	}
	return Accepted, nil
}

func (r *Receiver) putAside(ctx context.Context, id string, d delivery) (Receipt, error) {
	added, err := r.inbox.putAside(ctx, id, d)
	if err != nil {
		return "", problem.Wrap(err, problem.Unavailable, "The notice cannot be stored right now.")
	}
	if added && d.Topic != jobber.TopicAppConnect { // that one comes while the connection is still being made
		r.log.ErrorContext(ctx, "a notice of an unknown Jobber account is kept aside", "jobber_account", d.JobberAccount, "topic", d.Topic)
	}
	return Aside, nil
}

// ParseNotice reads the id out of a message of the notices' topic.
func ParseNotice(message []byte) (string, error) {
	var n notice
	if err := json.Unmarshal(message, &n); err != nil {
		return "", err
	}
	if !noticeID.MatchString(n.ID) {
		return "", problem.New(problem.Invalid, "%.60q is no notice's id.", n.ID)
	}
	return n.ID, nil
}

// noticeID is the form of jobber.Webhook's ID.
var noticeID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// notice is the message that hands a notice to the worker: its id in the inbox, where everything else is.
type notice struct {
	ID string `json:"id"`
}
