package schedule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	scheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// jobPrefix begins the id of every job of a schedule; no job of the manifest begins so.
const jobPrefix = "fieldboard-"

// Bounds of a job's calls. What fails for longer is found by Tend.
const (
	jobsTimeout     = 20 * time.Second // of the calls to Cloud Scheduler for one job
	attemptDeadline = time.Minute
	retries         = 3
	retryAfter      = 10 * time.Second
)

// jobs are the jobs of Cloud Scheduler that schedules have.
type jobs struct {
	clients *cloud.Clients
	cfg     Config
}

// Firing is what a job posts.
type Firing struct {
	Account  string `json:"account" maxLength:"128"`
	Schedule string `json:"schedule" maxLength:"128"`
}

func (j jobs) parent() string {
	return fmt.Sprintf("projects/%s/locations/%s", j.clients.Config().Project, j.clients.Config().Location)
}

// name returns the full name of a schedule's job. Ids of jobs are the project's, so it is of the account too.
func (j jobs) name(account, id string) string {
	return j.parent() + "/jobs/" + jobPrefix + event.Digest(account, id)
}

// job is the job that a schedule should have.
func (j jobs) job(account, id string, d document) (*schedulerpb.Job, error) {
	body, err := json.Marshal(Firing{account, id})
	if err != nil {
		return nil, err
	}
	return &schedulerpb.Job{
		Name: j.name(account, id), Schedule: d.Cron, TimeZone: d.Zone,
		AttemptDeadline: durationpb.New(attemptDeadline),
		RetryConfig:     &schedulerpb.RetryConfig{RetryCount: retries, MinBackoffDuration: durationpb.New(retryAfter)},
		Target: &schedulerpb.Job_HttpTarget{HttpTarget: &schedulerpb.HttpTarget{
			Uri: j.cfg.TargetURL, HttpMethod: schedulerpb.HttpMethod_POST, Body: body,
			Headers: map[string]string{"Content-Type": "application/json"},
			AuthorizationHeader: &schedulerpb.HttpTarget_OidcToken{OidcToken: &schedulerpb.OidcToken{
				ServiceAccountEmail: j.cfg.Invoker, Audience: j.cfg.TargetURL,
			}},
		}},
	}, nil
}

// ensure makes the job what the document says: there and enabled, there and paused, or gone. It may be done again at any time.
func (j jobs) ensure(ctx context.Context, account, id string, d document) error {
	client, err := j.clients.Scheduler(ctx)
	if err != nil {
		return unreachable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, jobsTimeout)
	defer cancel()
	if d.Deleted {
		return j.remove(ctx, client, j.name(account, id))
	}
	want, err := j.job(account, id, d)
	if err != nil {
		return err
	}
	is, err := client.GetJob(ctx, &schedulerpb.GetJobRequest{Name: want.GetName()})
	if status.Code(err) == codes.NotFound {
		is, err = client.CreateJob(ctx, &schedulerpb.CreateJobRequest{Parent: j.parent(), Job: want})
	}
	if status.Code(err) == codes.AlreadyExists { // somebody else was faster
		is, err = client.GetJob(ctx, &schedulerpb.GetJobRequest{Name: want.GetName()})
	}
	if err != nil {
		return unreachable(err)
	}
	return j.adapt(ctx, client, is, want, d.Paused)
}

// adapt changes a job that is there where it differs.
func (j jobs) adapt(ctx context.Context, client *scheduler.CloudSchedulerClient, is, want *schedulerpb.Job, paused bool) error {
	var err error
	if !alike(is, want) {
		is, err = client.UpdateJob(ctx, &schedulerpb.UpdateJobRequest{
			Job: want, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"schedule", "time_zone", "http_target", "retry_config", "attempt_deadline"}},
		})
		if err != nil {
			return unreachable(err)
		}
	}
	switch {
	case paused && is.GetState() != schedulerpb.Job_PAUSED:
		_, err = client.PauseJob(ctx, &schedulerpb.PauseJobRequest{Name: want.GetName()})
	case !paused && is.GetState() == schedulerpb.Job_PAUSED:
		_, err = client.ResumeJob(ctx, &schedulerpb.ResumeJobRequest{Name: want.GetName()})
	}
	return unreachable(err)
}

// alike tells whether a job calls for what it should when it should. What Cloud Scheduler fills in by itself is not looked at.
func alike(is, want *schedulerpb.Job) bool {
	a, b := is.GetHttpTarget(), want.GetHttpTarget()
	return is.GetSchedule() == want.GetSchedule() && is.GetTimeZone() == want.GetTimeZone() && is.GetState() != schedulerpb.Job_UPDATE_FAILED &&
		a.GetUri() == b.GetUri() && bytes.Equal(a.GetBody(), b.GetBody()) && a.GetOidcToken().GetAudience() == b.GetOidcToken().GetAudience() &&
		a.GetOidcToken().GetServiceAccountEmail() == b.GetOidcToken().GetServiceAccountEmail()
}

func (j jobs) remove(ctx context.Context, client *scheduler.CloudSchedulerClient, name string) error {
	err := client.DeleteJob(ctx, &schedulerpb.DeleteJobRequest{Name: name})
	if status.Code(err) == codes.NotFound {
		return nil
	}
	return unreachable(err)
}

// list returns the jobs of schedules, by their full names.
func (j jobs) list(ctx context.Context) (map[string]*schedulerpb.Job, error) {
	client, err := j.clients.Scheduler(ctx)
	if err != nil {
		return nil, unreachable(err)
	}
	found := map[string]*schedulerpb.Job{}
	listing := client.ListJobs(ctx, &schedulerpb.ListJobsRequest{Parent: j.parent(), PageSize: 500})
	for {
		job, err := listing.Next()
		if errors.Is(err, iterator.Done) {
			return found, nil
		}
		if err != nil {
			return nil, unreachable(err)
		}
		if strings.HasPrefix(job.GetName(), j.parent()+"/jobs/"+jobPrefix) {
			found[job.GetName()] = job
		}
	}
}

// orphan deletes a job that no schedule has.
func (j jobs) orphan(ctx context.Context, name string) error {
	client, err := j.clients.Scheduler(ctx)
	if err != nil {
		return unreachable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, jobsTimeout)
	defer cancel()
	return j.remove(ctx, client, name)
}

// differs tells whether a job is not what a document says.
func (j jobs) differs(one stored, is *schedulerpb.Job) bool {
	if one.Deleted {
		return true
	}
	want, err := j.job(one.account, one.id, one.document)
	return err != nil || is == nil || !alike(is, want) || (is.GetState() == schedulerpb.Job_PAUSED) != one.Paused
}

func unreachable(err error) error {
	if err == nil {
		return nil
	}
	return problem.Wrap(err, problem.Unavailable, "Cloud Scheduler cannot be reached right now. Try again shortly.")
}
