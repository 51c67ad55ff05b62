package scheduler

import (
	"context"
	"slices"
	"strings"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// maxPage is the most jobs of one page: ListJobsRequest's reference.
const maxPage = 500

// CreateJob adds a job; its first time is the next one after now.
func (s *Scheduler) CreateJob(_ context.Context, r *schedulerpb.CreateJobRequest) (*schedulerpb.Job, error) {
	job := proto.CloneOf(r.GetJob())
	if job == nil || !strings.HasPrefix(job.GetName(), r.GetParent()+"/jobs/") {
		return nil, status.Errorf(codes.InvalidArgument, "the job's name must be below %s/jobs/", r.GetParent())
	}
	e, err := newEntry(job)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.jobs[job.GetName()]; taken {
		return nil, status.Errorf(codes.AlreadyExists, "job %s exists already", job.GetName())
	}
	job.State = schedulerpb.Job_ENABLED
	s.jobs[job.GetName()] = e
	s.plan(e)
	return proto.CloneOf(e.job), nil
}

// plan decides the next time of a job that is new or changed.
func (s *Scheduler) plan(e *entry) {
	now := s.clock.Now()
	e.next = e.after(now)
	e.job.UserUpdateTime = timestamppb.New(now)
	e.job.ScheduleTime = timestamppb.New(e.next)
	s.wake()
}

func (s *Scheduler) find(name string) (*entry, error) {
	e, found := s.jobs[name]
	if !found {
		return nil, status.Errorf(codes.NotFound, "job %s not found", name)
	}
	return e, nil
}

// GetJob returns a job.
func (s *Scheduler) GetJob(_ context.Context, r *schedulerpb.GetJobRequest) (*schedulerpb.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(r.GetName())
	if err != nil {
		return nil, err
	}
	return proto.CloneOf(e.job), nil
}

// ListJobs returns the jobs of a location by name. The token of a page is the name that the page before ended with.
func (s *Scheduler) ListJobs(_ context.Context, r *schedulerpb.ListJobsRequest) (*schedulerpb.ListJobsResponse, error) {
	if !parentRule.MatchString(r.GetParent()) {
		return nil, status.Errorf(codes.InvalidArgument, "%q is no location", r.GetParent())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.jobs {
		if strings.HasPrefix(name, r.GetParent()+"/jobs/") && name > r.GetPageToken() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	size := int(r.GetPageSize())
	if size <= 0 || size > maxPage {
		size = maxPage
	}
	out := &schedulerpb.ListJobsResponse{}
	if len(names) > size {
		names = names[:size]
		out.NextPageToken = names[size-1]
	}
	for _, name := range names {
		out.Jobs = append(out.Jobs, proto.CloneOf(s.jobs[name].job))
	}
	return out, nil
}

// changeable are the fields of a job that its owner sets.
var changeable = []string{"description", "http_target", "schedule", "time_zone", "retry_config", "attempt_deadline"}

// UpdateJob changes the fields that the mask names, or all without one. Its next time is decided anew.
func (s *Scheduler) UpdateJob(_ context.Context, r *schedulerpb.UpdateJobRequest) (*schedulerpb.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(r.GetJob().GetName())
	if err != nil {
		return nil, err
	}
	mask := r.GetUpdateMask()
	if len(mask.GetPaths()) == 0 {
		mask = &fieldmaskpb.FieldMask{Paths: changeable}
	}
	job := proto.CloneOf(e.job)
	given, kept := r.GetJob().ProtoReflect(), job.ProtoReflect()
	for _, path := range mask.GetPaths() {
		if !slices.Contains(changeable, path) {
			return nil, status.Errorf(codes.InvalidArgument, "the field %q cannot be changed", path)
		}
		field := kept.Descriptor().Fields().ByTextName(path)
		if given.Has(field) {
			kept.Set(field, given.Get(field))
		} else {
			kept.Clear(field)
		}
	}
	changed, err := newEntry(proto.CloneOf(job))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	e.job, e.times, e.zone = changed.job, changed.times, changed.zone
	s.plan(e)
	return proto.CloneOf(e.job), nil
}

// DeleteJob takes a job away. A call that runs is not ended.
func (s *Scheduler) DeleteJob(_ context.Context, r *schedulerpb.DeleteJobRequest) (*emptypb.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(r.GetName()); err != nil {
		return nil, err
	}
	delete(s.jobs, r.GetName())
	return &emptypb.Empty{}, nil
}

// PauseJob stops calling an enabled job.
func (s *Scheduler) PauseJob(_ context.Context, r *schedulerpb.PauseJobRequest) (*schedulerpb.Job, error) {
	return s.turn(r.GetName(), schedulerpb.Job_ENABLED, schedulerpb.Job_PAUSED)
}

// ResumeJob calls a paused job again, from its next time on.
func (s *Scheduler) ResumeJob(_ context.Context, r *schedulerpb.ResumeJobRequest) (*schedulerpb.Job, error) {
	return s.turn(r.GetName(), schedulerpb.Job_PAUSED, schedulerpb.Job_ENABLED)
}

func (s *Scheduler) turn(name string, from, to schedulerpb.Job_State) (*schedulerpb.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if e.job.GetState() != from {
		return nil, status.Errorf(codes.FailedPrecondition, "job %s is %s, not %s", name, e.job.GetState(), from)
	}
	e.job.State = to
	s.plan(e)
	return proto.CloneOf(e.job), nil
}

// RunJob calls a job now, even while it runs or is paused. It does not wait for the call.
func (s *Scheduler) RunJob(ctx context.Context, r *schedulerpb.RunJobRequest) (*schedulerpb.Job, error) {
	s.mu.Lock()
	e, err := s.find(r.GetName())
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	job, _ := s.snapshot(e)
	go func() {
		ctx := context.WithoutCancel(ctx)
		if err := s.Call(ctx, job.GetName()); err != nil {
			s.log.WarnContext(ctx, "forced call failed", "job", job.GetName(), "error", err)
		}
	}()
	return job, nil
}
