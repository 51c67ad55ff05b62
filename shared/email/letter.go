// Package email sends letters to people as tasks: each is written from one template, waits for its turn at the receiver's mail
// server, is tried again while that helps, and does not go to an address that is known to be nobody's.
package email

import (
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"path"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/mail"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Sending is the task that sends a letter. The receiver's server is waited for, for most of a day.
var Sending = task.Kind[Letter]{
	Name: "email.send", Title: "Email", Queue: "email", Timeout: time.Minute, Attempts: 12,
	Backoff: task.Backoff{First: 10 * time.Second, Most: 4 * time.Hour}, PerSecond: 10, Burst: 20, Running: 8,
}

// Letter is a mail to one person: what it says, not how it looks.
type Letter struct {
	To       telemetry.Personal `json:"to"`
	Business string             `json:"business"` // in whose name it comes
	Subject  string             `json:"subject"`
	Lines    []string           `json:"lines"`            // paragraphs
	Facts    []Fact             `json:"facts,omitempty"`  // a small table
	Action   *Action            `json:"action,omitempty"` // the one way on
	Reason   string             `json:"reason,omitempty"` // why one gets it: "You get this report every Monday."
	Files    []File             `json:"files,omitempty"`  // attached as long as they are small: see MostAttached
}

// Fact is a line of a letter's table.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Action is a button.
type Action struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// File is a report's file in Cloud Storage that goes with a letter.
type File struct {
	Object string `json:"object"` // of the account's own
	Name   string `json:"name"`   // as the reader sees it
	Bytes  int64  `json:"bytes"`
}

// MostAttached is how many bytes of files a letter carries. Larger ones are left to the letter's Action, a link: many servers
// refuse a message of more than 10 MB, and one grows by a third on its way (RFC 2045, 6.8).
const MostAttached = 5 << 20

// Attached tells whether files of so many bytes go with a letter, or are left to a link.
func Attached(bytes int64) bool { return bytes > 0 && bytes <= MostAttached }

// The bounds of a letter.
const (
	mostLines = 50
	mostText  = 2000
)

// check tells everything that is wrong with a letter of an account. A payload can be edited by a member, who must not come to
// another account's files by it.
func (l Letter) check(account string) error {
	var fields []problem.Field
	add := func(wrong bool, where, message string) {
		if wrong {
			fields = append(fields, problem.Field{Location: where, Message: message})
		}
	}
	add(!strings.Contains(string(l.To), "@") || len(l.To) > 254, "to", "must be an email address")
	add(strings.TrimSpace(l.Subject) == "" || len(l.Subject) > 300, "subject", "must have 1 to 300 bytes")
	add(len(l.Lines) > mostLines || len(l.Facts) > mostLines || len(l.Files) > 5, "lines", "a letter has at most 50 paragraphs, 50 facts and 5 files")
	for i, line := range l.Lines {
		add(len(line) > mostText, fmt.Sprintf("lines[%d]", i), "may have 2,000 bytes")
	}
	for i, f := range l.Files {
		own := strings.HasPrefix(f.Object, "reports/"+account+"/") && path.Clean(f.Object) == f.Object
		add(!own || f.Name == "" || len(f.Name) > 200, fmt.Sprintf("files[%d]", i), "must be a report of this account, with a name")
	}
	if l.Action != nil {
		u, err := url.Parse(l.Action.URL)
		add(err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "", "action.url", "must be an http(s) address")
	}
	if len(fields) > 0 {
		return &problem.Error{Code: problem.Invalid, Message: "The letter breaks a rule.", Fields: fields}
	}
	return nil
}

//go:embed letter.html
var page embed.FS

var asHTML = template.Must(template.ParseFS(page, "letter.html"))

// compose writes a letter in both of its forms.
func (l Letter) compose() (mail.Message, error) {
	l = l.cleaned()
	var html strings.Builder
	if err := asHTML.Execute(&html, l); err != nil {
		return mail.Message{}, err
	}
	return mail.Message{To: l.To, Subject: l.Subject, Text: l.text(), HTML: html.String()}, nil
}

// cleaned takes out of all texts what is not seen, and what would make one look like more than it is.
func (l Letter) cleaned() Letter {
	l.Business, l.Subject, l.Reason = plain(l.Business), plain(l.Subject), plain(l.Reason)
	lines, facts := make([]string, len(l.Lines)), make([]Fact, len(l.Facts))
	for i, line := range l.Lines {
		lines[i] = plain(line)
	}
	for i, f := range l.Facts {
		facts[i] = Fact{plain(f.Name), plain(f.Value)}
	}
	l.Lines, l.Facts = lines, facts
	return l
}

func plain(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if account.IsHidden(r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// text is a letter without its looks.
func (l Letter) text() string {
	var b strings.Builder
	for _, line := range l.Lines {
		fmt.Fprintf(&b, "%s\n\n", line)
	}
	width := 0
	for _, f := range l.Facts {
		width = max(width, len([]rune(f.Name)))
	}
	for _, f := range l.Facts {
		fmt.Fprintf(&b, "%s%s  %s\n", f.Name, strings.Repeat(" ", width-len([]rune(f.Name))), f.Value)
	}
	if len(l.Facts) > 0 {
		b.WriteString("\n")
	}
	if l.Action != nil {
		fmt.Fprintf(&b, "%s:\n%s\n\n", l.Action.Text, l.Action.URL)
	}
	if l.Reason != "" {
		fmt.Fprintf(&b, "%s\n", l.Reason)
	}
	return b.String()
}
