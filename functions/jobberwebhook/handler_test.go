package jobberwebhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/functions/jobberwebhook"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const secret = "the-app's-secret"

// function is the built function and what it stores into.
type function struct {
	in *instance.Instance
	http.Handler
}

func newFunction(t *testing.T) function {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	log := slog.New(slog.DiscardHandler)
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": "redis://127.0.0.1:1", "JOBBER_CLIENT_SECRET": secret,
	}), clock.NewManual(time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	handler, err := jobberwebhook.Build(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	f := function{in, handler}
	pubsub, err := in.Cloud.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topic := &pubsubpb.Topic{Name: "projects/" + in.Cloud.Config().Project + "/topics/jobber-webhooks"}
	if _, err := pubsub.TopicAdminClient.CreateTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	firestore, err := in.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := firestore.Doc("connections/7").Set(t.Context(), map[string]any{"account": "acc_demo", "jobberId": gid("Account", 7)}); err != nil {
		t.Fatal(err)
	}
	return f
}

func gid(kind string, number int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "gid://Jobber/%s/%d", kind, number))
}

func notice(account, client int) string {
	return fmt.Sprintf(`{"data":{"webHookEvent":{"topic":"CLIENT_UPDATE","appId":"app","accountId":%q,"itemId":%q,"occurredAt":"2026-03-14T05:59:58-06:00"}}}`,
		gid("Account", account), gid("Client", client))
}

func sign(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (f function) post(t *testing.T, body, signature string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhooks/jobber", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if signature != "" {
		r.Header.Set("X-Jobber-Hmac-SHA256", signature)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// stored counts the documents of a collection.
func (f function) stored(t *testing.T, collection string) int {
	t.Helper()
	firestore, err := f.in.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	docs, err := firestore.Collection(collection).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(docs)
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	padded := func(size int) string {
		body := notice(7, 1)
		return body + strings.Repeat(" ", size-len(body))
	}
	const most = 64 << 10
	for name, tt := range map[string]struct {
		body, signature string
		want            int
		receipt         string // in the answer
		inbox, aside    int    // documents afterwards
	}{
		"one of Jobber's":                {notice(7, 1), sign(secret, notice(7, 1)), 200, "accepted", 1, 0},
		"the largest":                    {padded(most), sign(secret, padded(most)), 200, "accepted", 1, 0},
		"a byte larger":                  {padded(most + 1), sign(secret, padded(most+1)), 413, "", 0, 0},
		"much larger, and not signed":    {padded(4 * most), "", 413, "", 0, 0},
		"an account that nobody has":     {notice(8, 1), sign(secret, notice(8, 1)), 200, "aside", 0, 1},
		"no signature":                   {notice(7, 1), "", 401, "", 0, 0},
		"a signature with another key":   {notice(7, 1), sign("another", notice(7, 1)), 401, "", 0, 0},
		"the signature of another body":  {notice(7, 1), sign(secret, notice(7, 2)), 401, "", 0, 0},
		"a signature that is not base64": {notice(7, 1), "***", 401, "", 0, 0},
		"signed noise":                   {"noise", sign(secret, "noise"), 422, "", 0, 0},
		"signed JSON of another kind":    {`{"a":1}`, sign(secret, `{"a":1}`), 422, "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFunction(t)
			w := f.post(t, tt.body, tt.signature)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d: %s", w.Code, tt.want, w.Body)
			}
			if tt.receipt != "" && !strings.Contains(w.Body.String(), `"receipt":"`+tt.receipt+`"`) {
				t.Errorf("answer %s, want receipt %s", w.Body, tt.receipt)
			}
			if inbox, aside := f.stored(t, "webhookInbox"), f.stored(t, "webhooksAside"); inbox != tt.inbox || aside != tt.aside {
				t.Errorf("%d in the inbox and %d aside, want %d and %d", inbox, aside, tt.inbox, tt.aside)
			}
		})
	}
}

func TestADuplicateIsStoredOnce(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	body := notice(7, 1)
	for i, want := range []string{"accepted", "duplicate", "duplicate"} {
		if w := f.post(t, body, sign(secret, body)); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("delivery %d: %d %s, want %s", i, w.Code, w.Body, want)
		}
	}
	if n := f.stored(t, "webhookInbox"); n != 1 {
		t.Errorf("%d notices are stored", n)
	}
}

// A notice that cannot be handed on is kept for the schedule, and Jobber is answered all the same.
// Jobber delivers a notice that it takes for lost again, and tells several changes of one second by the same notice: such
// deliveries meet, and none may wait for another until Jobber gives it up.
func TestDeliveriesThatMeetAreAllTaken(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	const rounds, together = 5, 8
	for round := range rounds {
		body := notice(7, round)
		refused := make(chan string, together)
		var all sync.WaitGroup
		for range together {
			all.Go(func() {
				if answer := f.post(t, body, sign(secret, body)); answer.Code != http.StatusOK {
					refused <- answer.Body.String()
				}
			})
		}
		all.Wait()
		close(refused)
		for problem := range refused {
			t.Errorf("round %d: %s", round, problem)
		}
	}
	if got := f.stored(t, "webhookInbox"); got != rounds {
		t.Errorf("%d notices are stored, not %d", got, rounds)
	}
}

func TestANoticeOutlivesItsTopic(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	pubsub, err := f.in.Cloud.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topic := "projects/" + f.in.Cloud.Config().Project + "/topics/jobber-webhooks"
	if err := pubsub.TopicAdminClient.DeleteTopic(t.Context(), &pubsubpb.DeleteTopicRequest{Topic: topic}); err != nil {
		t.Fatal(err)
	}
	body := notice(7, 1)
	if w := f.post(t, body, sign(secret, body)); w.Code != http.StatusOK {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if n := f.stored(t, "webhookInbox"); n != 1 {
		t.Errorf("%d notices are stored", n)
	}
}
