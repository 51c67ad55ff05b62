package jobber_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/jobber"
)

// patience is how long a test waits for something that should come at once.
const patience = 20 * time.Second

// received is one webhook as the app got it.
type received struct {
	body      []byte
	signature string
	event     map[string]string
}

// sink is the app's end of the webhooks.
type sink struct {
	t      *testing.T
	url    string
	events chan received
	refuse atomic.Int64 // answers so many with 500 first
	stall  atomic.Int64 // answers so many only after the emulator gave up on them
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{t: t, events: make(chan received, 10_000)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if s.stall.Add(-1) >= 0 {
			<-r.Context().Done()
			return
		}
		if s.refuse.Add(-1) >= 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		var parsed struct {
			Data struct {
				WebHookEvent map[string]string `json:"webHookEvent"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &parsed); err != nil {
			t.Errorf("webhook body %s: %v", body, err)
		}
		s.events <- received{body, r.Header.Get("X-Jobber-Hmac-SHA256"), parsed.Data.WebHookEvent}
	}))
	s.url = server.URL
	t.Cleanup(server.Close)
	return s
}

// next waits for a webhook of a topic, past others.
func (s *sink) next(topic string) received {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case r := <-s.events:
			if r.event["topic"] == topic {
				return r
			}
		case <-deadline:
			s.t.Fatalf("no %s came", topic)
		}
	}
}

// quiet waits until nothing is on its way, and fails when something of the topic came.
func (s *sink) quiet(b *bench, topic string) {
	s.t.Helper()
	b.settle("1")
	for len(s.events) > 0 {
		if r := <-s.events; r.event["topic"] == topic {
			s.t.Fatalf("a %s came", topic)
		}
	}
}

// settle waits until no webhook of an account is on its way.
func (b *bench) settle(account string) jobber.Stats { return b.pending(account, 0) }

// pending waits until so many webhooks of an account are on their way.
func (b *bench) pending(account string, want int64) jobber.Stats {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if s := b.stats(account); s.Webhooks.Pending == want {
			return s
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("webhooks on their way: not %d", want)
		}
	}
}

// connected returns a bench whose account 1 is connected and a sink that has seen it.
func connected(t *testing.T) (*bench, *sink, tokens) {
	t.Helper()
	s := newSink(t)
	b := newBench(t, func(o *jobber.Options) { o.WebhookURL = s.url })
	token := b.connect("1")
	s.next("APP_CONNECT")
	return b, s, token
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	b, s, token := connected(t)
	id := b.control("/accounts/1/clients")
	got := s.next("CLIENT_CREATE")
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write(got.body)
	if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); got.signature != want {
		t.Errorf("signature %q, want %q", got.signature, want)
	}
	account := dig(b.data(token.Access, `{ account { id } }`, nil), "account", "id")
	want := map[string]string{
		"topic": "CLIENT_CREATE", "appId": clientID, "accountId": account.(string), "itemId": id,
		"occurredAt": start.Format(time.RFC3339),
	}
	if diff := cmp.Diff(want, got.event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}

	b.settings(m{"legacyWebhooks": true})
	b.control("/accounts/1/clients")
	if got := s.next("CLIENT_CREATE").event; got["occuredAt"] == "" || got["occurredAt"] != "" {
		t.Errorf("an old app's event: %v", got)
	}
}

func TestWebhooksOnlyForConnectedAccounts(t *testing.T) {
	t.Parallel()
	b, s, _ := connected(t)
	b.control("/accounts/2/clients")
	b.settle("2")
	s.quiet(b, "CLIENT_CREATE")
}

func TestWebhookAtLeastOnce(t *testing.T) {
	t.Parallel()
	for name, obstruct := range map[string]func(*sink){
		"refused":         func(s *sink) { s.refuse.Store(3) },
		"not in a second": func(s *sink) { s.stall.Store(1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s, _ := connected(t)
			b.settle("1")
			b.settings(m{"webhookRetryMs": 1})
			before := b.stats("1").Webhooks
			obstruct(s)
			b.control("/accounts/1/clients")
			s.next("CLIENT_CREATE")
			got := b.settle("1").Webhooks
			if got.Delivered <= before.Delivered || got.Sent-before.Sent <= got.Told-before.Told || got.Failed != 0 {
				t.Errorf("before %+v, after %+v: want more attempts than webhooks, and all delivered", before, got)
			}
		})
	}
}

func TestWebhookGivenUp(t *testing.T) {
	t.Parallel()
	b, s, _ := connected(t)
	b.settings(m{"webhookRetryMs": 1})
	s.refuse.Store(1_000)
	b.control("/accounts/1/clients") // the business does not wait for it
	got := b.settle("1").Webhooks
	if got.Failed == 0 || got.Sent < 6*got.Failed {
		t.Errorf("%+v: want some given up, after six attempts each", got)
	}
}

func TestWebhookEndpoints(t *testing.T) {
	t.Parallel()
	own := newSink(t)
	b := newBench(t)
	token := b.connect("1").Access
	create := `mutation($topic: WebHookTopicEnum!, $url: String!) { webhookEndpointCreate(input: {topic: $topic, url: $url}) {
		webhookEndpoint { id topic url } userErrors { message path } } }`
	made := b.data(token, create, m{"topic": "CLIENT_CREATE", "url": own.url})
	id := dig(made, "webhookEndpointCreate", "webhookEndpoint", "id")
	b.control("/accounts/1/quotes")
	b.control("/accounts/1/clients")
	if got := (<-own.events).event["topic"]; got != "CLIENT_CREATE" {
		t.Errorf("the endpoint got %s", got)
	}
	refused := b.data(token, create, m{"topic": "CLIENT_CREATE", "url": "not a url"})
	if dig(refused, "webhookEndpointCreate", "webhookEndpoint") != nil ||
		len(dig(refused, "webhookEndpointCreate", "userErrors").([]any)) != 1 {
		t.Errorf("a bad URL: %v", refused)
	}
	remove := `mutation($ids: [EncodedId!]!) { webhookEndpointDelete(webhookEndpointsIds: $ids) {
		deletedWebhookEndpoints { id } userErrors { message } } }`
	b.data(token, remove, m{"ids": []any{id}})
	b.control("/accounts/1/clients")
	own.quiet(b, "CLIENT_CREATE")
	if again := b.data(token, remove, m{"ids": []any{id}}); len(dig(again, "webhookEndpointDelete", "userErrors").([]any)) != 1 {
		t.Errorf("deleted twice: %v", again)
	}
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	t.Run("drop", func(t *testing.T) {
		t.Parallel()
		b, s, _ := connected(t)
		b.fault(m{"kind": "drop", "count": 1, "topic": "CLIENT_CREATE"})
		b.control("/accounts/1/clients")
		second := b.control("/accounts/1/clients")
		if got := s.next("CLIENT_CREATE").event["itemId"]; got != second {
			t.Errorf("%s came, want only the second, %s", got, second)
		}
		s.quiet(b, "CLIENT_CREATE")
		if got := b.stats("1").Webhooks.Dropped; got != 1 {
			t.Errorf("dropped %d", got)
		}
	})
	t.Run("duplicate", func(t *testing.T) {
		t.Parallel()
		b, s, _ := connected(t)
		b.fault(m{"kind": "duplicate", "count": 1, "topic": "CLIENT_CREATE"})
		b.control("/accounts/1/clients")
		if one, two := s.next("CLIENT_CREATE"), s.next("CLIENT_CREATE"); !slices.Equal(one.body, two.body) {
			t.Errorf("%s and %s, want the same twice", one.body, two.body)
		}
	})
	t.Run("delay", func(t *testing.T) {
		t.Parallel()
		b, s, _ := connected(t)
		b.fault(m{"kind": "delay", "count": 1, "delayMs": 300_000, "topic": "CLIENT_CREATE"})
		b.control("/accounts/1/clients")
		b.control("/accounts/1/quotes")
		s.next("QUOTE_CREATE")
		b.pending("1", 1)
		for len(s.events) > 0 {
			if r := <-s.events; r.event["topic"] == "CLIENT_CREATE" {
				t.Error("the delayed one came")
			}
		}
	})
	t.Run("delay ends", func(t *testing.T) {
		t.Parallel()
		b, s, _ := connected(t)
		b.fault(m{"kind": "delay", "probability": 1, "delayMs": 1})
		b.control("/accounts/1/clients")
		s.next("CLIENT_CREATE")
	})
	t.Run("reorder", func(t *testing.T) {
		t.Parallel()
		b, s, _ := connected(t)
		b.fault(m{"kind": "reorder", "count": 1, "delayMs": 300_000, "topic": "CLIENT_CREATE"})
		b.control("/accounts/1/clients")
		b.control("/accounts/1/quotes") // lets the client's one go
		var order []string
		for !slices.Contains(order, "CLIENT_CREATE") {
			order = append(order, (<-s.events).event["topic"])
		}
		if len(order) < 2 {
			t.Errorf("came as %v, want another one before CLIENT_CREATE", order)
		}
	})
}
