// Package mail sends messages to people through an SMTP server.
package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// sendTimeout bounds one message, from the connection to the server's word that it has it: a request waits for that.
const sendTimeout = 10 * time.Second

// Config says through which server mail goes, and from whom.
type Config struct {
	// smtp://user:password@host:port, or smtps:// for TLS from the first byte. Without a user there is no sign-in; with one,
	// smtp:// demands STARTTLS. Empty means that no mail is sent.
	Server telemetry.Secret `env:"SMTP_URL"`
	From   string           `env:"MAIL_FROM"` // "Fieldboard <no-reply@example.com>"
}

// Validate tells what is wrong with the settings. It does not quote the server, which has a password in it.
func (c *Config) Validate() error {
	s, err := parseServer(c.Server.Reveal())
	if err != nil {
		return fmt.Errorf("SMTP_URL: %w", err)
	}
	if s == nil {
		return nil
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return fmt.Errorf("MAIL_FROM: must be an address, with or without a name, not %q", c.From)
	}
	return nil
}

// server is a parsed SMTP_URL.
type server struct {
	host           string
	port           int
	tls            bool // from the first byte
	user, password string
}

// parseServer returns nil for the empty text, which switches mail off.
func parseServer(text string) (*server, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a URL") // the parser's error would quote it
	}
	if (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, errors.New("must be smtp(s)://[user:password@]host[:port] and no more")
	}
	s := &server{host: u.Hostname(), tls: u.Scheme == "smtps", port: 587} // RFC 6409
	if s.tls {
		s.port = 465 // RFC 8314
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errors.New("has no good port")
		}
	}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	return s, nil
}

// Message is one mail to one person, in two forms that say the same.
type Message struct {
	To      telemetry.Personal
	Subject string
	Text    string
	HTML    string

	ID          string // the same id is the same message, for a reader who gets it twice; by chance when empty
	Attachments []Attachment
}

// Attachment is a file that goes with a message.
type Attachment struct {
	Name    string // of the file, as the reader sees it
	Content []byte
}

// Sender sends messages. It keeps connections for what follows soon.
type Sender struct {
	lines  lines
	server *server // nil when mail is switched off
	from   *mail.Address
	clock  clock.Clock
}

// New returns the sender of an instance's settings. It dials nothing.
func New(ctx context.Context, in *instance.Instance) (*Sender, error) {
	var cfg Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	s := &Sender{clock: in.Clock}
	var err error
	if s.server, err = parseServer(cfg.Server.Reveal()); err != nil || s.server == nil {
		return s, err
	}
	s.from, err = mail.ParseAddress(cfg.From)
	return s, err
}

// On tells whether mail is sent at all.
func (s *Sender) On() bool { return s.server != nil }

// ErrOff is Send's error where mail is switched off.
var ErrOff = errors.New("mail is switched off: SMTP_URL is empty")

// ErrNoRecipient is in Send's error when the server says for good that it knows nobody by the address, and ErrRefused when it
// refuses the message for good for another reason: sending it again would not help.
var (
	ErrNoRecipient = errors.New("there is nobody by this address")
	ErrRefused     = errors.New("the mail server refuses the message")
)

// Send returns once the server has taken the message. After an error it may have taken it all the same.
func (s *Sender) Send(ctx context.Context, m Message) error {
	if !s.On() {
		return ErrOff
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	message, err := s.compose(m)
	if err != nil {
		return fmt.Errorf("composing a mail: %w", err)
	}
	l, err := s.lines.take(ctx, s)
	if err == nil {
		err = l.send(ctx, message)
		s.lines.giveBack(l, err)
	}
	if err == nil {
		return nil
	}
	// The library and the server's words name the address.
	address := regexp.MustCompile("(?i)" + regexp.QuoteMeta(string(m.To)))
	return errors.Join(errors.New("sending a mail: "+address.ReplaceAllString(err.Error(), "[redacted]")), refusal(err), ctx.Err())
}

// refusal says whether a server's answer is for good: one of RFC 5321's 5yz.
func refusal(err error) error {
	var sent *gomail.SendError
	switch {
	case !errors.As(err, &sent) || sent.IsTemp() || sent.ErrorCode() < 500:
		return nil
	case sent.Reason == gomail.ErrSMTPRcptTo:
		return ErrNoRecipient
	}
	return ErrRefused
}

func (s *Sender) options(dial gomail.DialContextFunc) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.server.port), gomail.WithTimeout(sendTimeout), gomail.WithHELO(s.domain()), gomail.WithDialContextFunc(dial),
		gomail.WithTLSPolicy(gomail.TLSOpportunistic),
	}
	if s.server.tls {
		options = append(options, gomail.WithSSL())
	}
	if s.server.user != "" {
		options = append(options,
			gomail.WithTLSPolicy(gomail.TLSMandatory), // a password is never sent in the clear
			gomail.WithUsername(s.server.user), gomail.WithPassword(s.server.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

func (s *Sender) domain() string {
	_, domain, _ := strings.Cut(s.from.Address, "@")
	return domain
}

func (s *Sender) compose(m Message) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	if err := message.To(string(m.To)); err != nil {
		return nil, errors.New("the address is not valid") // the library's error quotes it
	}
	message.Subject(oneLine(m.Subject))
	message.SetDateWithValue(s.clock.Now())
	id := m.ID
	if id == "" {
		id = rand.Text()
	}
	message.SetMessageIDWithValue(id + "@" + s.domain())
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic answer, please
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	for _, a := range m.Attachments {
		if err := message.AttachReader(oneLine(a.Name), bytes.NewReader(a.Content)); err != nil {
			return nil, err
		}
	}
	return message, nil
}

// oneLine keeps a header to one line, whatever was put into it.
func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
