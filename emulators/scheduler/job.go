package scheduler

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strings"
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/robfig/cron/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// entry is a job as it is kept.
type entry struct {
	job     *schedulerpb.Job
	times   cron.Schedule
	zone    *time.Location
	next    time.Time // when it is to be called
	slot    time.Time // the time of the execution that runs, or ran last
	running bool
}

// begin takes the time that has come. Of several that waited only the latest is kept.
func (e *entry) begin(now time.Time) {
	e.running = true
	for !e.next.After(now) {
		e.slot = e.next
		e.next = e.after(e.slot)
	}
	e.job.ScheduleTime = timestamppb.New(e.next)
}

// never stands for the next time of a cron line that does not come again.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (e *entry) after(t time.Time) time.Time {
	next := e.times.Next(t.In(e.zone))
	if next.IsZero() {
		return never
	}
	return next.UTC()
}

// Bounds of a job: the Job, HttpTarget and RetryConfig messages' reference
// (https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1).
const (
	maxDescription  = 500
	maxURL          = 2083
	maxRetries      = 5
	defaultDeadline = 3 * time.Minute
	minDeadline     = 15 * time.Second
	maxDeadline     = 30 * time.Minute

	defaultMinBackoff = 5 * time.Second
	defaultMaxBackoff = time.Hour
	defaultDoublings  = 5
)

var (
	parentRule = regexp.MustCompile(`^projects/[A-Za-z0-9:.-]+/locations/[a-z0-9-]+$`)
	idRule     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,500}$`)
	// macroRule is what package cron reads and Cloud Scheduler does not.
	macroRule = regexp.MustCompile(`^(@|TZ=|CRON_TZ=)|\?`)
)

// newEntry checks a job and fills in the defaults.
func newEntry(job *schedulerpb.Job) (*entry, error) {
	parent, id, _ := strings.Cut(job.GetName(), "/jobs/")
	if !parentRule.MatchString(parent) || !idRule.MatchString(id) {
		return nil, fmt.Errorf("job name must be projects/*/locations/*/jobs/*, got %q", job.GetName())
	}
	if len(job.GetDescription()) > maxDescription {
		return nil, fmt.Errorf("the description has over %d characters", maxDescription)
	}
	if err := checkTarget(job.GetHttpTarget()); err != nil {
		return nil, err
	}
	if job.TimeZone == "" {
		job.TimeZone = "UTC"
	}
	name := job.GetTimeZone()
	if name == "utc" {
		name = "UTC"
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("time zone %q is none of the tz database", job.GetTimeZone())
	}
	times, err := cron.ParseStandard(sundays(job.GetSchedule()))
	if err != nil || macroRule.MatchString(job.GetSchedule()) {
		return nil, fmt.Errorf("schedule %q is no cron line", job.GetSchedule())
	}
	if job.AttemptDeadline == nil {
		job.AttemptDeadline = durationpb.New(defaultDeadline)
	}
	if d := job.GetAttemptDeadline().AsDuration(); d < minDeadline || d > maxDeadline {
		return nil, fmt.Errorf("the attempt deadline must lie between %s and %s, got %s", minDeadline, maxDeadline, d)
	}
	if r := job.GetRetryConfig().GetRetryCount(); r < 0 || r > maxRetries {
		return nil, fmt.Errorf("the retry count must lie between 0 and %d, got %d", maxRetries, r)
	}
	return &entry{job: job, times: times, zone: zone}, nil
}

// sundays writes a Sunday that is called 7 as 0, which is the only name that package cron knows of it.
func sundays(line string) string {
	fields := strings.Fields(line)
	if len(fields) == 5 && fields[4] == "7" {
		fields[4] = "0"
	}
	return strings.Join(fields, " ")
}

func checkTarget(target *schedulerpb.HttpTarget) error {
	u, err := url.Parse(target.GetUri())
	switch {
	case target == nil:
		return fmt.Errorf("only HTTP targets are emulated")
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || len(target.GetUri()) > maxURL:
		return fmt.Errorf("the target must be an http(s) address, got %q", target.GetUri())
	case target.GetOauthToken() != nil:
		return fmt.Errorf("OAuth tokens are not emulated")
	case len(target.GetBody()) > 0 && !takesBody(target.GetHttpMethod()):
		return fmt.Errorf("%s takes no body", target.GetHttpMethod())
	case target.GetOidcToken() != nil && !strings.Contains(target.GetOidcToken().GetServiceAccountEmail(), "@"):
		return fmt.Errorf("%q is no service account's email", target.GetOidcToken().GetServiceAccountEmail())
	}
	return nil
}

func takesBody(m schedulerpb.HttpMethod) bool {
	switch m {
	case schedulerpb.HttpMethod_POST, schedulerpb.HttpMethod_PUT, schedulerpb.HttpMethod_PATCH, schedulerpb.HttpMethod_HTTP_METHOD_UNSPECIFIED:
		return true
	}
	return false
}

func methodOf(target *schedulerpb.HttpTarget) string {
	if target.GetHttpMethod() == schedulerpb.HttpMethod_HTTP_METHOD_UNSPECIFIED {
		return "POST"
	}
	return target.GetHttpMethod().String()
}

func idOf(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// backoff returns how long to wait after a failed attempt, 0 for the first, and whether there is another. Where a retry count and
// a retry duration are both set, both must be used up.
func backoff(cfg *schedulerpb.RetryConfig, attempt int, since time.Duration) (time.Duration, bool) {
	if cfg.GetRetryCount() == 0 {
		return 0, false
	}
	longest := cfg.GetMaxRetryDuration().AsDuration()
	if attempt >= int(cfg.GetRetryCount()) && (longest == 0 || since >= longest) {
		return 0, false
	}
	shortest, most, doublings := defaultMinBackoff, defaultMaxBackoff, defaultDoublings
	if d := cfg.GetMinBackoffDuration(); d != nil {
		shortest = d.AsDuration()
	}
	if d := cfg.GetMaxBackoffDuration(); d != nil {
		most = d.AsDuration()
	}
	if n := cfg.GetMaxDoublings(); n != 0 {
		doublings = int(n)
	}
	step := float64(shortest) * math.Pow(2, float64(min(attempt, doublings)))
	if attempt > doublings { // from there on it grows by the last step
		step += float64(attempt-doublings) * step
	}
	return min(time.Duration(min(step, float64(most))), most), true
}
