package schedules_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/emulators/scheduler"
	function "fieldboard.dev/fieldboard/functions/schedules"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/schedule"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const path = "/api/v1/schedules"

// count is what the tests have done by schedule.
var count = schedule.Action{
	Kind: "test.count", Name: "Count",
	Check: func(_ context.Context, _ string, order json.RawMessage) ([]account.Permission, error) {
		if string(order) != `{"of":"jobs"}` {
			return nil, &problem.Error{Code: problem.Invalid, Message: "Say what.", Fields: []problem.Field{{Location: "of", Message: "must be jobs"}}}
		}
		return []account.Permission{account.RecordRead}, nil
	},
	Task: func(_ context.Context, due schedule.Due) (task.Task, error) {
		return task.Kind[string]{Name: "test.count", Queue: "work"}.New(due.Account, due.Name), nil
	},
}

// stack is the function on the real parts, with a business that has a member for each role, called like it.
type stack struct {
	*instance.Instance
	t       *testing.T
	handler http.Handler
	clock   *clock.Manual
	issuer  *session.Issuer
}

func newStack(t *testing.T) *stack {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, clock: clock.NewManual(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC))}
	google := httptest.NewUnstartedServer(scheduler.New(nil, s.clock, slog.New(slog.DiscardHandler)).Handler())
	google.Config.Protocols = scheduler.Protocols()
	google.Start()
	t.Cleanup(google.Close)
	s.Instance, err = instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t),
		"PUBLIC_URL": "http://fieldboard.test", "SESSION_SIGNING_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"CLOUD_TASKS_EMULATOR_HOST": emulator.Tasks(t), "TASK_WORKERS": "work=http://127.0.0.1:9", "TASKS_INVOKER": "invoker@demo.example",
		"SCHEDULER_EMULATOR_HOST": google.Listener.Addr().String(), "SCHEDULES_TARGET_URL": "http://fire.example",
	}), s.clock, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	s.prepare()
	return s
}

func (s *stack) prepare() {
	s.t.Helper()
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	ctx, project := s.t.Context(), s.Cloud.Config().Project
	pubsub, err := s.Cloud.PubSub(ctx)
	must(err)
	_, err = pubsub.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: "projects/" + project + "/topics/events"})
	must(err)
	queues, err := s.Cloud.Tasks(ctx)
	must(err)
	parent := "projects/" + project + "/locations/us-central1"
	_, err = queues.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{
		Name: parent + "/queues/work", State: cloudtaskspb.Queue_PAUSED,
	}})
	must(err)
	accounts := account.NewStore(s.Cloud, s.clock)
	_, err = accounts.Create(ctx, account.Account{ID: "acc_prairie", Name: "Prairie", Currency: "USD", TimeZone: "America/Denver"},
		account.Member{UserID: "owner", Name: "Olive Owner"})
	must(err)
	for _, role := range account.Roles[1:] {
		must(accounts.AddMember(ctx, "acc_prairie", account.Member{
			UserID: string(role), Name: telemetry.Personal(role + " by name"), Role: role, Status: account.Active,
		}))
	}
	s.handler, err = function.BuildWith(ctx, s.Instance, count)
	must(err)
	s.issuer, err = session.NewIssuer(ctx, s.Instance)
	must(err)
}

// call sends a request as a member, and reads the answer into result.
func (s *stack) call(who, method, path, body, key string, status int, result any) {
	s.t.Helper()
	p := session.Principal{UserID: who, AccountID: "acc_prairie", Role: account.Role(who), SessionID: emulator.Session(s.t, s.Cloud, "acc_prairie", who)}
	token, _, err := s.issuer.Issue(p)
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != status {
		s.t.Fatalf("%s %s: got %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	if result == nil {
		return
	}
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(result); err != nil {
		s.t.Fatal(err)
	}
}

const monday = `{"name":"Jobs","action":"test.count","order":{"of":"jobs"},"when":{"every":"week","weekdays":["monday"],"at":"08:00"},
	"zone":"America/Denver","recipients":["owner","viewer"]}`

func TestLifeOfASchedule(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var made, again function.Schedule
	s.call("dispatcher", http.MethodPost, path, monday, "key-1", http.StatusCreated, &made)
	s.call("dispatcher", http.MethodPost, path, monday, "key-1", http.StatusCreated, &again)
	next := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	want := function.Schedule{
		ID: made.ID, Name: "Jobs", Action: "test.count", Order: json.RawMessage(`{"of":"jobs"}`), Cron: "0 8 * * 1", Zone: "America/Denver",
		When:       function.When{Every: "week", Weekdays: []string{"monday"}, At: "08:00"},
		Recipients: []function.Person{{ID: "owner", Name: "Olive Owner"}, {ID: "viewer", Name: "viewer by name"}},
		Missed:     schedule.CatchUp, By: function.Person{ID: "dispatcher", Name: "dispatcher by name"}, NextAt: &next, CreatedAt: s.clock.Now(),
		History: []function.Run{},
	}
	for what, got := range map[string]function.Schedule{"made": made, "made again": again} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	one := path + "/" + made.ID
	var run function.Run
	s.call("admin", http.MethodPost, one+"/runs", "", "key-2", http.StatusCreated, &run)
	if run.Outcome != schedule.Asked || run.Task == "" || run.By == nil || run.By.Name != "admin by name" {
		t.Errorf("run now: %+v", run)
	}
	var changed function.Schedule
	s.call("owner", http.MethodPatch, one, `{"paused":true}`, "", http.StatusOK, &changed)
	if !changed.Paused || changed.NextAt != nil || changed.By.ID != "dispatcher" {
		t.Errorf("paused: %+v", changed)
	}
	s.call("owner", http.MethodPatch, one, `{"paused":false,"zone":"Europe/Berlin","missed":"skip"}`, "", http.StatusOK, &changed)
	if changed.Paused || changed.NextAt.Format(time.RFC3339) != "2026-11-30T07:00:00Z" || changed.By.ID != "owner" || changed.Missed != schedule.Skip {
		t.Errorf("resumed elsewhere: %+v", changed)
	}
	var page httpapi.Page[function.Schedule]
	s.call("dispatcher", http.MethodGet, path, "", "", http.StatusOK, &page)
	if diff := cmp.Diff(httpapi.NewPage([]function.Schedule{changed}, ""), page); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	s.call("dispatcher", http.MethodDelete, one, "", "", http.StatusNoContent, nil)
	s.call("dispatcher", http.MethodGet, one, "", "", http.StatusNotFound, nil)
}

// All that is wrong is told at once, where it is, and nothing is made.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, test := range []struct {
		method, path, body string
		want               []string
	}{
		{http.MethodPost, path, `{"name":"","action":"none","order":{},"when":{"every":"cron","cron":"61 * * * *"},"zone":"Mars/Base","recipients":["nobody"],"missed":"x"}`,
			[]string{"body.name", "body.missed", "body.zone", "body.when.cron", "body.action", "body.recipients[0]"}},
		{http.MethodPost, path, strings.Replace(monday, `{"of":"jobs"}`, `{"of":"x"}`, 1), []string{"body.order.of"}},
		{http.MethodGet, "/api/v1/schedule-times?every=day&at=25:00&zone=x", "", []string{"query.at", "query.zone"}},
	} {
		var p httpapi.Problem
		s.call("owner", test.method, test.path, test.body, "", http.StatusUnprocessableEntity, &p)
		var got []string
		for _, f := range p.Errors {
			got = append(got, f.Location)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s%v", test.method, test.path, diff, p.Errors)
		}
	}
	var page httpapi.Page[function.Schedule]
	s.call("owner", http.MethodGet, path, "", "", http.StatusOK, &page)
	if len(page.Items) != 0 {
		t.Errorf("made: %+v", page.Items)
	}
	s.call("viewer", http.MethodGet, path, "", "", http.StatusForbidden, nil)
}

func TestPreview(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var got struct{ Times []time.Time }
	s.call("owner", http.MethodGet, "/api/v1/schedule-times?every=week&weekdays=monday,friday&at=08:00&zone=America/Denver", "", "", http.StatusOK, &got)
	want := "[2026-11-27 15:00 2026-11-30 15:00 2026-12-04 15:00 2026-12-07 15:00 2026-12-11 15:00]"
	var shown []string
	for _, at := range got.Times {
		shown = append(shown, at.Format("2006-01-02 15:04"))
	}
	if fmt.Sprint(shown) != want {
		t.Errorf("got %v, want %s", shown, want)
	}
}
