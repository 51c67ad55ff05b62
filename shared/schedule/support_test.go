package schedule_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	api "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/sethvargo/go-envconfig"
	"google.golang.org/api/iterator"

	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/schedule"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// sum is what the tests have done by schedule: a list of figures, which are money or not.
type sum struct {
	Money bool   `json:"money,omitempty"`
	Of    string `json:"of,omitempty"`
}

// summed is the payload of its task.
type summed struct {
	Slot       time.Time `json:"slot"`
	Recipients []string  `json:"recipients"`
}

var summing = task.Kind[summed]{Name: "test.sum", Queue: "work"}

var summingAction = schedule.Action{
	Kind: "test.sum", Name: "Sum",
	Check: func(_ context.Context, _ string, order json.RawMessage) ([]account.Permission, error) {
		var s sum
		if err := json.Unmarshal(order, &s); err != nil || s.Of == "" {
			return nil, &problem.Error{Code: problem.Invalid, Message: "Say what.", Fields: []problem.Field{{Location: "of", Message: "is required"}}}
		}
		if s.Money {
			return []account.Permission{account.FinanceRead}, nil
		}
		return []account.Permission{account.RecordRead}, nil
	},
	Task: func(_ context.Context, due schedule.Due) (task.Task, error) {
		t := summing.New(due.Account, summed{due.Slot, due.Recipients})
		t.Title = due.Name
		return t, nil
	},
}

// place is the schedules of acc_denver, which has a member for each role, called like it, on the real parts; and Cloud Scheduler,
// whose calls come in by the door while it is open. The queue delivers nothing.
type place struct {
	*schedule.Schedules
	t         *testing.T
	clock     *clock.Manual
	scheduler *scheduler.Scheduler
	jobs      *api.CloudSchedulerClient
	client    *firestore.Client
	accounts  *account.Store
	engine    *task.Engine
	location  string
	shut      atomic.Bool // Cloud Scheduler does not answer
	calls     atomic.Int32
}

const tenant = "acc_denver"

func newPlace(t *testing.T, now string) *place {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	p := &place{t: t, clock: clock.NewManual(instant(t, now))}
	log := slog.New(slog.DiscardHandler)
	issuer, err := scheduler.NewIssuer("http://issuer.example", p.clock)
	if err != nil {
		t.Fatal(err)
	}
	p.scheduler = scheduler.New(issuer, p.clock, log)
	surface := p.scheduler.Handler()
	google := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.shut.Load() {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "9") // one that its client does not try again
			return
		}
		surface.ServeHTTP(w, r)
	}))
	google.Config.Protocols = scheduler.Protocols()
	google.Start()
	t.Cleanup(google.Close)
	door := httptest.NewServer(http.HandlerFunc(p.answer))
	t.Cleanup(door.Close)

	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t),
		"CLOUD_TASKS_EMULATOR_HOST": emulator.Tasks(t), "TASK_WORKERS": "work=" + door.URL + "/tasks", "TASKS_INVOKER": "invoker@demo.example",
		"SCHEDULER_EMULATOR_HOST": google.Listener.Addr().String(), "SCHEDULES_TARGET_URL": door.URL,
	}), p.clock, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	p.prepare(in)
	return p
}

func (p *place) prepare(in *instance.Instance) {
	p.t.Helper()
	must := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	ctx := p.t.Context()
	project := in.Cloud.Config().Project
	p.location = "projects/" + project + "/locations/us-central1"
	queues, err := in.Cloud.Tasks(ctx)
	must(err)
	_, err = queues.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: p.location, Queue: &cloudtaskspb.Queue{
		Name: p.location + "/queues/work", State: cloudtaskspb.Queue_PAUSED,
	}})
	must(err)
	pubsub, err := in.Cloud.PubSub(ctx)
	must(err)
	_, err = pubsub.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: "projects/" + project + "/topics/events"})
	must(err)
	p.jobs, err = in.Cloud.Scheduler(ctx)
	must(err)
	p.client, err = in.Cloud.Firestore(ctx)
	must(err)
	p.engine, err = task.NewEngine(ctx, in)
	must(err)
	p.accounts = account.NewStore(in.Cloud, in.Clock)
	_, err = p.accounts.Create(ctx, account.Account{ID: tenant, Name: "Denver", Currency: "USD", TimeZone: "America/Denver"},
		account.Member{UserID: "owner", Name: "Olive Owner"})
	must(err)
	for _, role := range account.Roles[1:] {
		must(p.accounts.AddMember(ctx, tenant, account.Member{UserID: string(role), Role: role, Status: account.Active}))
	}
	p.Schedules, err = schedule.New(ctx, in, summingAction)
	must(err)
}

// answer is the function that Cloud Scheduler calls.
func (p *place) answer(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/tasks") {
		return
	}
	var f schedule.Firing
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
		p.t.Error(err)
	}
	p.calls.Add(1)
	if _, err := p.Fire(r.Context(), f); err != nil {
		p.t.Error(err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func as(role account.Role) httpapi.Principal {
	return httpapi.Principal{UserID: string(role), AccountID: tenant, Role: role, Grants: account.GrantsOf(role)}
}

// monday is "every Monday at 08:00 in Denver, to the owner".
func monday() schedule.Wanted {
	return schedule.Wanted{
		Name: "Monday's sum", Action: "test.sum", Order: json.RawMessage(`{"of":"jobs"}`), Zone: "America/Denver",
		When:       schedule.When{Every: schedule.EveryWeek, Weekdays: []string{"monday"}, At: "08:00"},
		Recipients: []string{"owner"}, Missed: schedule.CatchUp,
	}
}

func (p *place) create(w schedule.Wanted, id string) schedule.Schedule {
	p.t.Helper()
	s, err := p.Create(p.t.Context(), as(account.Admin), w, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *place) get(id string) schedule.Schedule {
	p.t.Helper()
	s, err := p.Get(p.t.Context(), tenant, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// until moves the clock on in steps, and lets Cloud Scheduler call at each.
func (p *place) until(text string, step time.Duration) {
	p.t.Helper()
	for to := instant(p.t, text); p.clock.Now().Before(to); {
		p.clock.Set(minTime(p.clock.Now().Add(step), to))
		if err := p.scheduler.Tick(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (p *place) tend() schedule.Tended {
	p.t.Helper()
	done, err := p.Tend(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return done
}

// tasks returns the payloads of the tasks that were started, by id.
func (p *place) tasks() map[string]summed {
	p.t.Helper()
	found, err := p.client.Collection("accounts/" + tenant + "/tasks").Documents(p.t.Context()).GetAll()
	if err != nil {
		p.t.Fatal(err)
	}
	all := map[string]summed{}
	for _, snap := range found {
		var s summed
		text, _ := snap.Data()["payload"].(string)
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			p.t.Fatal(err)
		}
		all[snap.Ref.ID] = s
	}
	return all
}

// slots returns the slots of the tasks that were started, in order.
func (p *place) slots() []string {
	p.t.Helper()
	var all []string
	for _, s := range p.tasks() {
		all = append(all, s.Slot.Format(time.RFC3339))
	}
	return sorted(all)
}

// listed returns the jobs that Cloud Scheduler has, as "cron zone state".
func (p *place) listed() []string {
	p.t.Helper()
	var all []string
	for it := p.jobs.ListJobs(p.t.Context(), &schedulerpb.ListJobsRequest{Parent: p.location}); ; {
		j, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return sorted(all)
		}
		if err != nil {
			p.t.Fatal(err)
		}
		all = append(all, j.GetSchedule()+" "+j.GetTimeZone()+" "+j.GetState().String())
	}
}

// told returns the types of the events of schedules, in order.
func (p *place) told() []string {
	p.t.Helper()
	found, err := p.client.Collection("accounts/"+tenant+"/events").Where("family", "==", "schedule").Documents(p.t.Context()).GetAll()
	if err != nil {
		p.t.Fatal(err)
	}
	var all []string
	for _, snap := range found {
		data := snap.Data()
		typ, _ := data["type"].(string)
		audience, _ := data["audience"].(string)
		if event.Audience(audience) == event.Personal {
			typ += " " + audience
		}
		all = append(all, typ)
	}
	return sorted(all)
}
