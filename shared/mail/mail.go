// Package mail sends messages to people through an SMTP server.
package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
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
}

// Sender sends messages. It connects for each: a function sends few, far apart.
type Sender struct {
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
	dial, hangUp := s.server.line(ctx)
	defer hangUp()
	client, err := gomail.NewClient(s.server.host, s.options(dial)...)
	if err != nil {
		return fmt.Errorf("sending a mail: %w", err)
	}
	talk, err := client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		if err = client.SendWithSMTPClient(talk, message); err == nil {
			_ = talk.Quit() // the server has the message, whatever it says to this
		}
	}
	if err != nil {
		// The library and the server's words name the address.
		address := regexp.MustCompile("(?i)" + regexp.QuoteMeta(string(m.To)))
		return errors.Join(errors.New("sending a mail: "+address.ReplaceAllString(err.Error(), "[redacted]")), ctx.Err())
	}
	return nil
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
	message.SetMessageIDWithValue(rand.Text() + "@" + s.domain())
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic answer, please
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return message, nil
}

// oneLine keeps a header to one line, whatever was put into it.
func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

// line returns what dials the server, once, and what ends the connection. So does the end of ctx: the library leaves a
// connection open where it fails half-way, and grants every step of it the whole time anew.
func (s *server) line(ctx context.Context) (dial gomail.DialContextFunc, hangUp func()) {
	end := func() {}
	dial = func(dialing context.Context, network, _ string) (net.Conn, error) {
		address := net.JoinHostPort(s.host, strconv.Itoa(s.port))
		var conn net.Conn
		var err error
		if s.tls {
			dialer := &tls.Dialer{Config: &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}}
			conn, err = dialer.DialContext(dialing, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(dialing, network, address)
		}
		if err != nil {
			return nil, err
		}
		hang := func() { _ = conn.Close() } // closed already, unless sending failed
		stop := context.AfterFunc(ctx, hang)
		end = func() { stop(); hang() }
		return conn, nil
	}
	return dial, func() { end() }
}
