package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// mailLimit bounds the way of a mail from the sender to the mail server's page.
const mailLimit = 30 * time.Second

// Letter is a mail as the mail server read it.
type Letter struct {
	From, To, Subject string
	Text, HTML        string
	Headers           map[string]any // most of them, by lower-case name
	Attached          []string       // names of files
}

// AwaitMail returns the newest mail to an address, and waits for one where there is none.
func AwaitMail(tb testing.TB, to string) Letter {
	tb.Helper()
	web := Mailbox(tb)
	deadline := time.Now().Add(mailLimit)
	for {
		letters, err := letters(tb.Context(), web)
		if err == nil {
			for i := len(letters) - 1; i >= 0; i-- {
				if letters[i].To == to {
					return letters[i]
				}
			}
			err = fmt.Errorf("of %d mails none is to %s", len(letters), to)
		}
		if time.Now().After(deadline) {
			tb.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func letters(ctx context.Context, web string) ([]Letter, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+web+"/api/email", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	type address struct{ Name, Address string }
	var found []struct {
		From, To            []address
		Subject, Text, HTML string
		Headers             map[string]any
		Attachments         []struct{ FileName string }
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return nil, fmt.Errorf("%w: %s", err, body)
	}
	join := func(all []address) string {
		var text []string
		for _, a := range all {
			text = append(text, strings.TrimSpace(a.Name+" "+a.Address))
		}
		return strings.Join(text, ", ")
	}
	list := make([]Letter, len(found))
	for i, f := range found {
		list[i] = Letter{
			From: join(f.From), To: join(f.To), Subject: f.Subject, Text: f.Text, HTML: f.HTML, Headers: f.Headers,
		}
		for _, a := range f.Attachments {
			list[i].Attached = append(list[i].Attached, a.FileName)
		}
	}
	return list, nil
}
