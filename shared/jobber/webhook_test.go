package jobber_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
)

const notice = `{"data":{"webHookEvent":{"topic":"CLIENT_CREATE","appId":"3ef22a50-0000","accountId":"MQ==","itemId":"Mg==","occurredAt":"2021-08-12T16:31:36-06:00"}}}`

func sign(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestVerifySignature(t *testing.T) {
	t.Parallel()
	good := sign(secret, notice)
	for name, tt := range map[string]struct {
		key, body, header string
		want              bool
	}{
		"right":             {secret, notice, good, true},
		"another body":      {secret, notice + " ", good, false},
		"another key":       {"other", notice, good, false},
		"no header":         {secret, notice, "", false},
		"no base64":         {secret, notice, "%%%", false},
		"cut off":           {secret, notice, base64.StdEncoding.EncodeToString([]byte("short")), false},
		"no key configured": {"", notice, sign("", notice), false},
	} {
		if got := jobber.VerifySignature(tt.key, []byte(tt.body), tt.header); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestParseWebhook(t *testing.T) {
	t.Parallel()
	want := jobber.Webhook{
		Topic: "CLIENT_CREATE", AppID: "3ef22a50-0000", AccountID: "MQ==", ItemID: "Mg==",
		OccurredAt: time.Date(2021, 8, 12, 22, 31, 36, 0, time.UTC),
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(notice, `{"data":`), "}")
	for name, body := range map[string]string{
		"as it comes now":         notice,
		"the older spelling":      strings.Replace(notice, "occurredAt", "occuredAt", 1),
		"a form, as for old apps": url.Values{"data": {inner}}.Encode(),
	} {
		got, err := jobber.ParseWebhook([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got.ID() != want.ID() {
			t.Errorf("%s: its id differs", name)
		}
	}
	for name, body := range map[string]string{
		"empty":        "",
		"not JSON":     "{",
		"no topic":     strings.Replace(notice, "CLIENT_CREATE", "", 1),
		"no account":   strings.Replace(notice, "MQ==", "", 1),
		"no item":      strings.Replace(notice, "Mg==", "", 1),
		"no time":      strings.Replace(notice, "occurredAt", "at", 1),
		"no real time": strings.Replace(notice, "2021-08-12", "yesterday", 1),
		"too long":     strings.Replace(notice, "Mg==", strings.Repeat("x", 300), 1),
		"an array":     "[1]",
	} {
		if _, err := jobber.ParseWebhook([]byte(body)); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: error %v, want code %s", name, err, problem.Invalid)
		}
	}
}

func TestWebhookIDsDiffer(t *testing.T) {
	t.Parallel()
	base := jobber.Webhook{Topic: "JOB_UPDATE", AccountID: "a", ItemID: "b", OccurredAt: start}
	seen := map[string]string{base.ID(): "base"}
	for name, change := range map[string]func(*jobber.Webhook){
		"topic":   func(w *jobber.Webhook) { w.Topic = "JOB_CREATE" },
		"account": func(w *jobber.Webhook) { w.AccountID = "c" },
		"item":    func(w *jobber.Webhook) { w.ItemID = "c" },
		"time":    func(w *jobber.Webhook) { w.OccurredAt = start.Add(time.Second) },
	} {
		w := base
		change(&w)
		if other, taken := seen[w.ID()]; taken {
			t.Errorf("another %s has the id of %s", name, other)
		}
		seen[w.ID()] = name
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]struct {
		c  jobber.Collection
		a  jobber.Action
		ok bool
	}{
		"CLIENT_CREATE":             {jobber.Clients, jobber.Created, true},
		"PROPERTY_UPDATE":           {jobber.Properties, jobber.Updated, true},
		"QUOTE_APPROVED":            {jobber.Quotes, jobber.Updated, true},
		"JOB_CLOSED":                {jobber.Jobs, jobber.Updated, true},
		"VISIT_COMPLETE":            {jobber.Visits, jobber.Updated, true},
		"PAYMENT_DESTROY":           {jobber.Payments, jobber.Deleted, true},
		"USER_UPDATE":               {jobber.Users, jobber.Updated, true},
		"APP_DISCONNECT":            {},
		"TIMESHEET_CREATE":          {},
		"PRODUCT_OR_SERVICE_UPDATE": {},
		"VISIT":                     {},
		"VISIT_EXPLODE":             {},
	} {
		c, a, ok := jobber.Webhook{Topic: topic}.Subject()
		if c != want.c || a != want.a || ok != want.ok {
			t.Errorf("%s: %q %q %v, want %q %q %v", topic, c, a, ok, want.c, want.a, want.ok)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	gid := base64.StdEncoding.EncodeToString([]byte("gid://Jobber/Client/118404039"))
	for id, want := range map[string]string{
		gid: "118404039", strings.TrimRight(gid, "="): "118404039", "MTIzNDU=": "12345", "MQ": "1",
		"": "", "####": "", base64.StdEncoding.EncodeToString([]byte("gid://Jobber/Client/../1")): "",
		base64.StdEncoding.EncodeToString([]byte("gid://Other/Client/1")): "",
	} {
		got, err := jobber.Number(id)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", id, got, err, want)
		}
	}
}
