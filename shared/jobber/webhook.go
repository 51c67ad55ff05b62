package jobber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
)

// SignatureHeader carries the signature of a webhook's body.
const SignatureHeader = "X-Jobber-Hmac-SHA256"

// Topics that are about the connection itself.
const (
	TopicAppConnect    = "APP_CONNECT"
	TopicAppDisconnect = "APP_DISCONNECT"
)

// VerifySignature tells whether header is the signature of body: standard base64 of HMAC-SHA256 keyed with the app's client
// secret (developer.getjobber.com, "Setting up webhooks"). body is the raw request body; verify before parsing. It takes the
// same time for every wrong signature.
func VerifySignature(secret string, body []byte, header string) bool {
	if secret == "" {
		return false
	}
	got, err := base64.StdEncoding.DecodeString(strings.TrimSpace(header))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(got, mac.Sum(nil))
}

// Webhook is one notice. It carries no data of the record: read the record by ItemID. Notices come at least once, in no order.
type Webhook struct {
	Topic      string
	AppID      string
	AccountID  string // Jobber's account, encoded
	ItemID     string // encoded; meaningless for the APP_ topics
	OccurredAt time.Time
}

// maxWebhookField bounds each text of a notice; the real ones are below 80 bytes.
const maxWebhookField = 256

// ParseWebhook reads the body of a webhook whose signature was verified. Apps of before 2022-04-11 get the JSON as a form
// value, and apps of before 2023-12-08 the key occuredAt; both are read. Anything unusable is problem.Invalid.
func ParseWebhook(body []byte) (Webhook, error) {
	type notice struct {
		Topic      string    `json:"topic"`
		AppID      string    `json:"appId"`
		AccountID  string    `json:"accountId"`
		ItemID     string    `json:"itemId"`
		OccurredAt time.Time `json:"occurredAt"`
		OccuredAt  time.Time `json:"occuredAt"`
	}
	var envelope struct {
		Data struct {
			WebHookEvent notice `json:"webHookEvent"`
		} `json:"data"`
	}
	if err := json.Unmarshal(webhookJSON(body), &envelope); err != nil {
		return Webhook{}, problem.Wrap(err, problem.Invalid, "The webhook is not readable.")
	}
	n := envelope.Data.WebHookEvent
	if n.OccurredAt.IsZero() {
		n.OccurredAt = n.OccuredAt
	}
	for _, text := range []string{n.Topic, n.AppID, n.AccountID, n.ItemID} {
		if len(text) > maxWebhookField {
			return Webhook{}, problem.New(problem.Invalid, "The webhook has a text that is too long.")
		}
	}
	if n.Topic == "" || n.AccountID == "" || n.OccurredAt.IsZero() || !cloud.IsTime(n.OccurredAt) {
		return Webhook{}, problem.New(problem.Invalid, "The webhook names no topic, account or time.")
	}
	if n.ItemID == "" && !strings.HasPrefix(n.Topic, "APP_") {
		return Webhook{}, problem.New(problem.Invalid, "The webhook names no item.")
	}
	return Webhook{Topic: n.Topic, AppID: n.AppID, AccountID: n.AccountID, ItemID: n.ItemID, OccurredAt: n.OccurredAt.UTC()}, nil
}

// webhookJSON returns the JSON of a body, which is a form ("data=…" with the object's inside) for old apps.
func webhookJSON(body []byte) []byte {
	if trimmed := strings.TrimLeft(string(body), " \t\r\n"); strings.HasPrefix(trimmed, "{") {
		return body
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return body
	}
	if data := form.Get("data"); data != "" {
		return []byte(`{"data":` + data + `}`)
	}
	return body
}

// ID is the same for every delivery of one notice, and different for different notices.
func (w Webhook) ID() string {
	h := sha256.New()
	for _, text := range []string{w.AccountID, w.Topic, w.ItemID, w.OccurredAt.Format(time.RFC3339Nano)} {
		h.Write([]byte(text))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Action is what happened to a record.
type Action string

// The actions.
const (
	Created Action = "created"
	Updated Action = "updated"
	Deleted Action = "deleted"
)

var topicCollections = map[string]Collection{
	"USER": Users, "CLIENT": Clients, "PROPERTY": Properties, "REQUEST": Requests, "QUOTE": Quotes, "JOB": Jobs, "VISIT": Visits,
	"INVOICE": Invoices, "PAYMENT": Payments,
}

// Subject returns the collection whose record the notice is about and what happened to it. ok is false for topics about
// other things. Milestones (QUOTE_SENT, VISIT_COMPLETE, JOB_CLOSED …) are updates.
func (w Webhook) Subject() (c Collection, a Action, ok bool) {
	name, verb, found := strings.Cut(w.Topic, "_")
	c, known := topicCollections[name]
	if !found || !known {
		return "", "", false
	}
	switch verb {
	case "CREATE":
		return c, Created, true
	case "DESTROY":
		return c, Deleted, true
	case "UPDATE", "SENT", "APPROVED", "CLOSED", "COMPLETE":
		return c, Updated, true
	}
	return "", "", false
}
