// Package provision makes the topics, subscriptions, queues and scheduled jobs of the manifest in the emulators, as Terraform makes them in
// the cloud.
package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/manifest"
)

// Pub/Sub's wait before it pushes again what a function failed on.
const (
	minPushBackoff = 1  // s
	maxPushBackoff = 60 // s
)

const minAttemptDeadline = 15 // s, Cloud Scheduler's

// All makes everything that m lists. functions holds the address of each function, invoker the service account that calls them.
// What is there already is left as it is.
func All(ctx context.Context, clients *cloud.Clients, m *manifest.Manifest, functions map[string]string, invoker string) error {
	p := &provisioner{project: clients.Config().Project, manifest: m, functions: functions, invoker: invoker}
	ps, err := clients.PubSub(ctx)
	if err != nil {
		return err
	}
	if err := p.pubsub(ctx, ps); err != nil {
		return err
	}
	return errors.Join(p.queues(ctx, clients), p.buckets(ctx, clients), p.jobs(ctx, clients))
}

// jobs makes a job of Cloud Scheduler for every function that is called by schedule.
func (p *provisioner) jobs(ctx context.Context, clients *cloud.Clients) error {
	client, err := clients.Scheduler(ctx)
	if err != nil {
		return err
	}
	parent := fmt.Sprintf("projects/%s/locations/%s", p.project, clients.Config().Location)
	for _, f := range p.manifest.Functions {
		if f.Schedule == "" {
			continue
		}
		_, err := client.CreateJob(ctx, &schedulerpb.CreateJobRequest{Parent: parent, Job: &schedulerpb.Job{
			Name: parent + "/jobs/" + f.Name, Description: f.Does, Schedule: f.Schedule, TimeZone: "UTC",
			AttemptDeadline: &durationpb.Duration{Seconds: int64(max(f.Timeout, minAttemptDeadline))},
			Target: &schedulerpb.Job_HttpTarget{HttpTarget: &schedulerpb.HttpTarget{
				Uri: p.functions[f.Name], HttpMethod: schedulerpb.HttpMethod_POST,
				AuthorizationHeader: &schedulerpb.HttpTarget_OidcToken{OidcToken: &schedulerpb.OidcToken{
					ServiceAccountEmail: p.invoker, Audience: p.functions[f.Name],
				}},
			}},
		}})
		if err := unlessThere(err); err != nil {
			return fmt.Errorf("job %s: %w", f.Name, err)
		}
	}
	return nil
}

// buckets makes the buckets. Their emulator deletes nothing by age: what it has ends with it.
func (p *provisioner) buckets(ctx context.Context, clients *cloud.Clients) error {
	client, err := clients.Storage(ctx)
	if err != nil {
		return err
	}
	for _, b := range p.manifest.Buckets {
		err := client.Bucket(b.In(p.project)).Create(ctx, p.project, nil)
		var known *googleapi.Error
		if errors.As(err, &known) && known.Code == http.StatusConflict { // it is there
			err = nil
		}
		if err != nil {
			return fmt.Errorf("bucket %s: %w", b.Name, err)
		}
	}
	return nil
}

type provisioner struct {
	project   string
	manifest  *manifest.Manifest
	functions map[string]string
	invoker   string
}

func (p *provisioner) topic(name string) string {
	return fmt.Sprintf("projects/%s/topics/%s", p.project, name)
}

func (p *provisioner) subscription(name string) string {
	return fmt.Sprintf("projects/%s/subscriptions/%s", p.project, name)
}

func (p *provisioner) pubsub(ctx context.Context, client *pubsub.Client) error {
	for _, t := range p.manifest.Topics {
		_, err := client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: p.topic(t.Name)})
		if err := unlessThere(err); err != nil {
			return fmt.Errorf("topic %s: %w", t.Name, err)
		}
	}
	for _, s := range p.subscriptions() {
		_, err := client.SubscriptionAdminClient.CreateSubscription(ctx, s)
		if err := unlessThere(err); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

func (p *provisioner) subscriptions() []*pubsubpb.Subscription {
	var all []*pubsubpb.Subscription
	for _, s := range p.manifest.Subscriptions {
		all = append(all, &pubsubpb.Subscription{
			Name:                     p.subscription(s.Name),
			Topic:                    p.topic(s.Topic),
			EnableMessageOrdering:    s.Ordered,
			AckDeadlineSeconds:       int32(s.AckDeadline),
			MessageRetentionDuration: &durationpb.Duration{Seconds: int64(s.Retention)},
		})
	}
	for _, f := range p.manifest.Functions {
		if f.Topic != "" {
			all = append(all, p.push(f))
		}
	}
	return all
}

// push is the subscription that carries a topic to its function.
func (p *provisioner) push(f manifest.Function) *pubsubpb.Subscription {
	s := &pubsubpb.Subscription{
		Name:               p.subscription(f.Name),
		Topic:              p.topic(f.Topic),
		AckDeadlineSeconds: int32(max(f.Timeout, 10)),
		RetryPolicy: &pubsubpb.RetryPolicy{
			MinimumBackoff: &durationpb.Duration{Seconds: minPushBackoff},
			MaximumBackoff: &durationpb.Duration{Seconds: maxPushBackoff},
		},
		// The functions framework takes the topic from the address.
		PushConfig: &pubsubpb.PushConfig{PushEndpoint: p.functions[f.Name] + "/" + p.topic(f.Topic)},
	}
	for _, t := range p.manifest.Topics {
		if t.Name == f.Topic && t.DeadLetter != "" {
			s.DeadLetterPolicy = &pubsubpb.DeadLetterPolicy{
				DeadLetterTopic:     p.topic(t.DeadLetter),
				MaxDeliveryAttempts: int32(t.MaxAttempts),
			}
		}
	}
	return s
}

func (p *provisioner) queues(ctx context.Context, clients *cloud.Clients) error {
	client, err := clients.Tasks(ctx)
	if err != nil {
		return err
	}
	parent := fmt.Sprintf("projects/%s/locations/%s", p.project, clients.Config().Location)
	for _, q := range p.manifest.Queues {
		_, err := client.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{
			Name: parent + "/queues/" + q.Name,
			RateLimits: &cloudtaskspb.RateLimits{
				MaxDispatchesPerSecond:  float64(q.MaxDispatchesPerSecond),
				MaxConcurrentDispatches: int32(q.MaxConcurrentDispatches),
			},
			RetryConfig: &cloudtaskspb.RetryConfig{
				MaxAttempts: int32(q.MaxAttempts),
				MinBackoff:  &durationpb.Duration{Seconds: int64(q.MinBackoff)},
				MaxBackoff:  &durationpb.Duration{Seconds: int64(q.MaxBackoff)},
			},
		}})
		if err := unlessThere(err); err != nil {
			return fmt.Errorf("queue %s: %w", q.Name, err)
		}
	}
	return nil
}

// Remove takes the subscriptions and queues away, with what waits in them.
func Remove(ctx context.Context, clients *cloud.Clients, m *manifest.Manifest) error {
	p := &provisioner{project: clients.Config().Project, manifest: m}
	ps, err := clients.PubSub(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range p.subscriptions() {
		errs = append(errs, ps.SubscriptionAdminClient.DeleteSubscription(ctx, &pubsubpb.DeleteSubscriptionRequest{Subscription: s.Name}))
	}
	tasks, err := clients.Tasks(ctx)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, q := range m.Queues {
		name := fmt.Sprintf("projects/%s/locations/%s/queues/%s", p.project, clients.Config().Location, q.Name)
		errs = append(errs, tasks.DeleteQueue(ctx, &cloudtaskspb.DeleteQueueRequest{Name: name}))
	}
	return errors.Join(errs...)
}

func unlessThere(err error) error {
	if status.Code(err) == codes.AlreadyExists {
		return nil
	}
	return err
}
