package email

import (
	"context"
	"errors"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/mail"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/task"
)

// Config is the settings of what sends letters.
type Config struct {
	Bucket string `env:"REPORTS_BUCKET, required"` // of Cloud Storage, where the files are that go with letters
}

// Sender works on letters.
type Sender struct {
	mail  *mail.Sender
	store store
	clock clock.Clock
}

// NewSender returns a sender of an instance's settings. It dials nothing.
func NewSender(ctx context.Context, in *instance.Instance) (*Sender, error) {
	server, err := mail.New(ctx, in)
	if err != nil {
		return nil, err
	}
	var cfg Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	return &Sender{server, store{in.Cloud, cfg.Bucket}, in.Clock}, nil
}

// What became of a letter, as its task's result.
const (
	Sent       = "sent"
	Suppressed = "suppressed" // its address is known to be nobody's, or wants no mail
)

// Outcome is a letter's result.
type Outcome struct {
	Outcome string `json:"outcome"`
}

// Send sends a letter. It is the handler of Sending. A letter that was sent by a worker that died before it could say so is sent
// again, with the same id, by which the reader's program knows it.
func (s *Sender) Send(ctx context.Context, r *task.Run, l Letter) error {
	if err := l.check(r.Account); err != nil {
		return err
	}
	suppressed, err := s.store.suppressed(ctx, digest(l))
	if err != nil {
		return err
	}
	if suppressed {
		return r.Result(Outcome{Suppressed})
	}
	if wait := s.store.pace(ctx, domainOf(l), s.clock.Now()); wait > 0 {
		return task.Throttled(errors.New("other letters go to this server first"), s.clock.Now().Add(wait))
	}
	m, err := l.compose()
	if err != nil {
		return task.Permanent(err)
	}
	m.ID = r.ID
	if m.Attachments, err = s.store.attachments(ctx, l.Files); err != nil {
		return err
	}
	switch err := s.mail.Send(ctx, m); {
	case errors.Is(err, mail.ErrOff):
		return problem.Wrap(err, problem.Conflict, "Mail is switched off here.")
	case errors.Is(err, mail.ErrNoRecipient):
		if err := s.store.suppress(ctx, digest(l), "nobody is there", s.clock.Now()); err != nil {
			return err
		}
		return problem.Wrap(err, problem.Conflict, "There is nobody by this address. No more mail is sent to it.")
	case errors.Is(err, mail.ErrRefused):
		return problem.Wrap(err, problem.Conflict, "The receiver's mail server refuses this letter.")
	case err != nil:
		return problem.Wrap(err, problem.Unavailable, "The letter could not be handed to the mail server.")
	}
	return r.Result(Outcome{Sent})
}

func address(l Letter) string { return strings.ToLower(strings.TrimSpace(string(l.To))) }

func domainOf(l Letter) string {
	_, domain, _ := strings.Cut(address(l), "@")
	return domain
}

// digest stands for an address where the address itself is not to be kept.
func digest(l Letter) string { return event.Digest("address", address(l)) }

// The pace at which one domain's server gets letters. It is far below what the large ones allow, and what a small one bears.
const (
	paceGap   = 200 * time.Millisecond
	paceBurst = 20
)
