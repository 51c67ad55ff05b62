package members

import (
	"embed"
	html "html/template"
	"strings"
	"text/template"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/mail"
)

//go:embed invitation.html invitation.txt
var texts embed.FS

var (
	asHTML = html.Must(html.ParseFS(texts, "invitation.html"))
	asText = template.Must(template.ParseFS(texts, "invitation.txt"))
)

// letter is what the mail of an invitation says.
type letter struct {
	Business string
	Name     string // of who is invited; may be empty
	Inviter  string // may be empty
	Role     string // "an admin"
	Link     string
	Ends     string
}

// compose writes the mail of an invitation. Its link is the one way on: nothing else in it can be followed.
func compose(sent account.Sent, link string) (mail.Message, error) {
	zone, err := time.LoadLocation(sent.Account.TimeZone)
	if err != nil {
		return mail.Message{}, err
	}
	l := letter{
		Business: plain(sent.Account.Name), Name: plain(string(sent.Name)), Inviter: plain(string(sent.InvitedBy)),
		Role: article(sent.Role), Link: link, Ends: sent.ExpiresAt.In(zone).Format("Monday 2 January 2006 at 15:04 MST"),
	}
	var text, page strings.Builder
	if err := asText.Execute(&text, l); err != nil {
		return mail.Message{}, err
	}
	if err := asHTML.Execute(&page, l); err != nil {
		return mail.Message{}, err
	}
	return mail.Message{To: sent.Email, Subject: l.Business + " invites you to Fieldboard", Text: text.String(), HTML: page.String()}, nil
}

func article(r account.Role) string {
	if strings.ContainsAny(string(r[:1]), "aeiou") {
		return "an " + string(r)
	}
	return "a " + string(r)
}

// plain takes out of a name what would make it look like more than a name: line ends and characters that are not seen. An
// account's name may have them.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if account.IsHidden(r) {
			return ' '
		}
		return r
	}, name)
	return strings.Join(strings.Fields(name), " ")
}
