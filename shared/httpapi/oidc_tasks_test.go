package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// TestOIDCFromCloudTasks lets the Cloud Tasks emulator call a worker, with a token for it and with one for another.
func TestOIDCFromCloudTasks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	address := emulator.Tasks(t)
	issuer := emulator.TasksIssuer(t)
	api := httpapi.New(newInstance(t, io.Discard), httpapi.Options{Name: "worker"})
	access := httpapi.OIDC(httpapi.OIDCConfig{Issuer: issuer, JWKSURL: issuer + "/jwks", Invoker: invoker, Audience: workURL}, clock.System)
	httpapi.Register(api, huma.Operation{OperationID: "work", Method: http.MethodPost, Path: "/", DefaultStatus: http.StatusNoContent}, access,
		func(context.Context, *struct{}) (*struct{}, error) { return &struct{}{}, nil })
	handler := api.Handler()
	statuses := make(chan int, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		statuses <- rec.Code
		w.WriteHeader(http.StatusNoContent) // so that the task is not tried again
	}))
	defer server.Close()
	client, err := cloudtasks.NewClient(ctx, option.WithEndpoint(address), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}()
	parent := "projects/" + emulator.Project(t) + "/locations/us-central1"
	queue := parent + "/queues/q"
	if _, err := client.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{Name: queue}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		email, audience string
		status          int
	}{
		{invoker, workURL, 204},
		{invoker, "https://relay.test", 401},
		{"other@demo-api.iam.gserviceaccount.com", workURL, 403},
	} {
		if _, err := client.CreateTask(ctx, &cloudtaskspb.CreateTaskRequest{Parent: queue, Task: &cloudtaskspb.Task{
			MessageType: &cloudtaskspb.Task_HttpRequest{HttpRequest: &cloudtaskspb.HttpRequest{
				Url: server.URL,
				AuthorizationHeader: &cloudtaskspb.HttpRequest_OidcToken{
					OidcToken: &cloudtaskspb.OidcToken{ServiceAccountEmail: tt.email, Audience: tt.audience},
				},
			}},
		}}); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-statuses:
			if got != tt.status {
				t.Errorf("%s for %s: got %d, want %d", tt.email, tt.audience, got, tt.status)
			}
		case <-ctx.Done():
			t.Fatal("the task was not delivered")
		}
	}
}
