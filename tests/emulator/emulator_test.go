package emulator_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/golang-jwt/jwt/v5"
	"github.com/redis/go-redis/v9"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"fieldboard.dev/fieldboard/tests/emulator"
)

func TestFirestore(t *testing.T) {
	t.Parallel()
	emulator.Firestore(t)
	ctx := t.Context()
	client, err := firestore.NewClient(ctx, emulator.Project(t))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	doc := client.Doc("things/one")
	if _, err := doc.Set(ctx, map[string]any{"n": 1}); err != nil {
		t.Fatal(err)
	}
	snap, err := doc.Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := snap.Data()["n"]; got != int64(1) {
		t.Errorf("read %v, want 1", got)
	}
}

func TestPubSub(t *testing.T) {
	t.Parallel()
	emulator.PubSub(t)
	ctx := t.Context()
	project := emulator.Project(t)
	client, err := pubsub.NewClient(ctx, project)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topic := "projects/" + project + "/topics/topic"
	if _, err := client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: topic}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Publisher("topic").Publish(ctx, &pubsub.Message{Data: []byte("x")}).Get(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	opts, err := redis.ParseURL(emulator.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close()
	key := emulator.Prefix(t) + "k"
	if err := client.Set(t.Context(), key, "v", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	if got := client.Get(t.Context(), key).Val(); got != "v" {
		t.Errorf("read %q, want v", got)
	}
}

func TestSignInIsOfTheProjectAsked(t *testing.T) {
	t.Parallel()
	project := emulator.Project(t)
	emulator.CreateUser(t, project, "uid1", "a@example.com", "password")
	parts := strings.Split(emulator.SignIn(t, project, "a@example.com", "password"), ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Audience string `json:"aud"`
		Subject  string `json:"sub"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Audience != project || claims.Subject != "uid1" {
		t.Errorf("token is of %+v, want project %s and uid1", claims, project)
	}
}

func TestTasksDeliverWithAToken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tokens := make(chan string, 1)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tokens <- strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}))
	defer target.Close()
	client, err := cloudtasks.NewClient(ctx, option.WithEndpoint(emulator.Tasks(t)), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	parent := "projects/" + emulator.Project(t) + "/locations/us-central1"
	queue := parent + "/queues/q"
	if _, err := client.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{Name: queue}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateTask(ctx, &cloudtaskspb.CreateTaskRequest{Parent: queue, Task: &cloudtaskspb.Task{
		MessageType: &cloudtaskspb.Task_HttpRequest{HttpRequest: &cloudtaskspb.HttpRequest{
			Url: target.URL,
			AuthorizationHeader: &cloudtaskspb.HttpRequest_OidcToken{
				OidcToken: &cloudtaskspb.OidcToken{ServiceAccountEmail: "tasks@example.com", Audience: "https://worker"},
			},
		}},
	}}); err != nil {
		t.Fatal(err)
	}
	select {
	case token := <-tokens:
		var claims jwt.RegisteredClaims
		if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil {
			t.Fatal(err)
		}
		if got, want := claims.Issuer, emulator.TasksIssuer(t); got != want {
			t.Errorf("issuer %q, want %q", got, want)
		}
	case <-ctx.Done():
		t.Fatal("the task was not delivered")
	}
}
