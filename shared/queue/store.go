package queue

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// createTimeout bounds one call to Cloud Tasks, its retries included.
const createTimeout = 10 * time.Second

// New returns the queue of cfg. Nothing is dialled yet.
func New(clients *cloud.Clients, cfg Config) (*Queue, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return &Queue{cfg: cfg, store: cloudTasks{clients}}, nil
}

type cloudTasks struct{ clients *cloud.Clients }

func (s cloudTasks) create(ctx context.Context, cfg Config, id string, m Message) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	client, err := s.clients.Tasks(ctx)
	if err != nil {
		return false, problem.Wrap(err, problem.Unavailable, "The task queue cannot be reached.")
	}
	at := s.clients.Config()
	parent := fmt.Sprintf("projects/%s/locations/%s/queues/%s", at.Project, at.Location, cfg.Queue)
	_, err = client.CreateTask(ctx, request(parent, cfg, id, m, telemetry.CorrelationFrom(ctx)))
	switch status.Code(err) {
	case codes.OK:
		return true, nil
	case codes.AlreadyExists:
		return false, nil
	default:
		return false, problem.Wrap(err, problem.Unavailable, "The task could not be queued.")
	}
}

// request builds what is sent. Creating a named task twice adds it once, so the call may always be repeated.
func request(parent string, cfg Config, id string, m Message, c telemetry.Correlation) *cloudtaskspb.CreateTaskRequest {
	task := &cloudtaskspb.Task{
		Name:             parent + "/tasks/" + id,
		DispatchDeadline: durationpb.New(m.Deadline),
		MessageType: &cloudtaskspb.Task_HttpRequest{HttpRequest: &cloudtaskspb.HttpRequest{
			Url:        cfg.WorkerURL,
			HttpMethod: cloudtaskspb.HttpMethod_POST,
			Headers:    map[string]string{"Content-Type": "application/json"},
			Body:       m.Body,
			AuthorizationHeader: &cloudtaskspb.HttpRequest_OidcToken{OidcToken: &cloudtaskspb.OidcToken{
				ServiceAccountEmail: cfg.Invoker,
				Audience:            cfg.WorkerURL,
			}},
		}},
	}
	if c.RequestID != "" {
		task.GetHttpRequest().Headers["X-Request-Id"] = c.RequestID // what the task does is told as the request's doing
	}
	if !m.At.IsZero() {
		task.ScheduleTime = timestamppb.New(m.At)
	}
	return &cloudtaskspb.CreateTaskRequest{Parent: parent, Task: task}
}
