package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/functions/live"
	"fieldboard.dev/fieldboard/realtime-run/client"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/tests/harness"
)

const letGoCode = 4503 // see realtime-run/server

// online opens a live connection of somebody; what it returns tells how the connection ended.
func online(t *testing.T, stack *harness.Stack, who string) <-chan error {
	t.Helper()
	return listening(t, stack, who, func(event.Event) {})
}

// listening is the same, and tells what the connection hears, one event at a time.
func listening(t *testing.T, stack *harness.Stack, who string, heard func(event.Event)) <-chan error {
	t.Helper()
	token := stack.As(t, who).AccessToken
	ended, there := make(chan error, 1), make(chan struct{}, 8)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		ended <- client.Follow(ctx, client.Config{
			URL:   stack.RealtimeURL,
			Token: func(context.Context, string) (string, error) { return token, nil },
			Event: func(_ string, e event.Event) { heard(e) },
			Connected: func(is bool) {
				if is {
					there <- struct{}{}
				}
			},
		})
	}()
	select {
	case <-there:
	case err := <-ended:
		t.Fatal(err)
	}
	return ended
}

func wasLetGo(t *testing.T, ended <-chan error) {
	t.Helper()
	harness.Eventually(t, func() error {
		select {
		case err := <-ended:
			var end *client.EndedError
			if !errors.As(err, &end) || end.Code != letGoCode {
				t.Fatalf("ended by %v, want %d", err, letGoCode)
			}
			return nil
		default:
			return errors.New("it goes on")
		}
	})
}

func connectionsOf(t *testing.T, stack *harness.Stack, who string) []live.Connection {
	t.Helper()
	var page struct{ Items []live.Connection }
	stack.Get(t, who, "/api/v1/live/connections", &page)
	return page.Items
}

func TestLiveConnections(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	viewer, second, dispatcher := online(t, stack, "viewer"), online(t, stack, "viewer"), online(t, stack, "dispatcher")
	owner, other := online(t, stack, "owner"), online(t, stack, "other")

	seen := connectionsOf(t, stack, "admin")
	var names []string
	for _, c := range seen {
		names = append(names, c.MemberName)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"Dana Reyes", "Robin Hale", "Vera Moss", "Vera Moss"}, names); diff != "" {
		t.Errorf("who is connected (-want +got):\n%s", diff)
	}
	of := func(name string) live.Connection {
		t.Helper()
		i := slices.IndexFunc(seen, func(c live.Connection) bool { return c.MemberName == name })
		return seen[i]
	}
	want := live.Connection{
		MemberID: "demo-dispatcher", MemberName: "Dana Reyes", Transport: "websocket", Address: "this machine", UserAgent: of("Dana Reyes").UserAgent, Endable: true,
	}
	if diff := cmp.Diff(want, of("Dana Reyes"), cmpopts.IgnoreFields(live.Connection{}, "ID", "Since", "Instance")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if of("Robin Hale").Endable {
		t.Error("an admin may end the owner's connection")
	}

	var status live.Status
	stack.Get(t, "admin", "/api/v1/live/status", &status)
	if status.Connections != 4 || status.PerMember != 20 || status.PerAccount != 1000 {
		t.Errorf("got %+v, want 4 connections within 20 and 1000", status)
	}

	end := func(who, path string) int {
		t.Helper()
		res, err := stack.As(t, who).Do(t.Context(), http.MethodDelete, "/api/v1/live/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		return res.StatusCode
	}
	if got := end("admin", "connections/"+of("Robin Hale").ID); got != http.StatusForbidden {
		t.Errorf("an admin ends the owner's: %d, want 403", got)
	}
	if got := end("admin", "members/demo-owner/connections"); got != http.StatusForbidden {
		t.Errorf("an admin ends all of the owner's: %d, want 403", got)
	}
	if got := end("other", "connections/"+of("Dana Reyes").ID); got != http.StatusNotFound {
		t.Errorf("another business ends one: %d, want 404", got)
	}
	if got := end("admin", "connections/"+of("Dana Reyes").ID); got != http.StatusNoContent {
		t.Errorf("an admin ends a dispatcher's: %d, want 204", got)
	}
	wasLetGo(t, dispatcher)
	if got := end("admin", "connections/"+of("Dana Reyes").ID); got != http.StatusNotFound {
		t.Errorf("once more: %d, want 404", got)
	}
	if got := end("admin", "members/demo-viewer/connections"); got != http.StatusNoContent {
		t.Errorf("an admin ends all of a viewer's: %d, want 204", got)
	}
	wasLetGo(t, viewer)
	wasLetGo(t, second)
	if left := connectionsOf(t, stack, "owner"); len(left) != 1 || left[0].MemberName != "Robin Hale" {
		t.Errorf("left are %+v, want the owner's", left)
	}
	for name, goesOn := range map[string]<-chan error{"the owner's": owner, "the other business's": other} {
		select {
		case err := <-goesOn:
			t.Errorf("%s ended too: %v", name, err)
		default:
		}
	}

	// Who was let go is still signed in, and may come again.
	var me struct{ Member struct{ ID string } }
	stack.Get(t, "dispatcher", "/api/v1/me", &me)
	online(t, stack, "dispatcher")

	harness.Eventually(t, func() error {
		var log struct {
			Items []struct {
				Type, Detail string
				Actor        struct{ Name string }
				Target       struct{ MemberID string }
			}
		}
		stack.Get(t, "owner", "/api/v1/audit/events?type=security.connection_ended", &log)
		told := map[string]string{}
		for _, e := range log.Items {
			told[e.Target.MemberID] = e.Detail + " by " + e.Actor.Name
		}
		diff := cmp.Diff(map[string]string{
			"demo-dispatcher": "A live connection, not the session by Ada Brook",
			"demo-viewer":     "All live connections, not the sessions by Ada Brook",
		}, told)
		if diff != "" {
			return fmt.Errorf("the audit log (-want +got):\n%s", diff)
		}
		return nil
	})
}

// The figures of the page follow what is delivered.
func TestLiveStatusCountsEvents(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	online(t, stack, "owner")
	before := time.Now()
	if err := stack.As(t, "owner").Call(t.Context(), http.MethodPost, "/api/v1/invitations", map[string]string{"email": "new@example.test", "role": "viewer"}, nil); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, func() error {
		var status live.Status
		stack.Get(t, "owner", "/api/v1/live/status", &status)
		if status.EventsPerMinute == 0 || status.LagP50 == nil || status.LagP99 == nil || status.Instances != 1 {
			return fmt.Errorf("%+v %s after an event", status, time.Since(before).Round(time.Second))
		}
		return nil
	})
	var refused *demo.StatusError
	err := stack.As(t, "dispatcher").Call(t.Context(), http.MethodGet, "/api/v1/live/status", nil, nil)
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("a dispatcher: %v, want 403", err)
	}
}
