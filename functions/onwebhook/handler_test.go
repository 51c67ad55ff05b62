package onwebhook_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/functions/onwebhook"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// A message that is no notice, or names none that waits, is done with: another delivery would bring the same.
func TestMessagesThatAreNoNotices(t *testing.T) {
	t.Parallel()
	emulator.Firestore(t)
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": emulator.Redis(t),
		"JOBBER_CLIENT_ID": "app", "JOBBER_CLIENT_SECRET": "secret", "JOBBER_GRAPHQL_VERSION": "2026-05-12",
		"TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)), "PUBLIC_URL": "http://127.0.0.1:5000",
	}), clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	handle, err := onwebhook.Build(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"nothing":                    "",
		"noise":                      "noise",
		"no id":                      "{}",
		"an id that leads elsewhere": `{"id":"../accounts/acc_demo"}`,
		"a notice that is not there": `{"id":"0123456789abcdef0123456789abcdef"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := event.New()
			e.SetID("1")
			e.SetType("google.cloud.pubsub.topic.v1.messagePublished")
			e.SetSource("//pubsub.googleapis.com/projects/demo/topics/jobber-webhooks")
			content, err := json.Marshal(map[string]any{"message": map[string]any{"data": []byte(data)}})
			if err != nil {
				t.Fatal(err)
			}
			if err := e.SetData(event.ApplicationJSON, content); err != nil {
				t.Fatal(err)
			}
			if err := handle(t.Context(), e); err != nil {
				t.Errorf("another delivery was asked for: %v", err)
			}
		})
	}
}
