package event_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// What a crash left in the outbox goes before what happened later to the same record, and is not waited for by others.
func TestARecordsEventsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	clients := emulator.Clients(t)
	admin, err := clients.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	project := "projects/" + clients.Config().Project
	topic := project + "/topics/events"
	if _, err := admin.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: topic}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: project + "/subscriptions/all", Topic: topic}); err != nil {
		t.Fatal(err)
	}
	s := event.NewStore(clients, event.Config{Topic: "events"}, slog.New(slog.DiscardHandler))
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	of := func(id, account, entity string) event.Event {
		at = at.Add(time.Second)
		e := event.New(account, "client.updated", at)
		e.ID, e.Collection, e.EntityID = id, "clients", entity
		return e
	}
	client, err := clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	crashed := []event.Event{of("first", "acc_1", "Client_1"), of("second", "acc_1", "Client_1"), of("other record", "acc_1", "Client_2"), of("other account", "acc_2", "Client_1")}
	err = client.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		for _, e := range crashed {
			if err := s.Put(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Emit(t.Context(), of("third", "acc_1", "Client_1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Emit(t.Context(), of("fourth", "acc_1", "Client_1")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Relay(t.Context(), at.Add(time.Minute), 10); err != nil || n != 2 {
		t.Errorf("the relay found %d, error %v", n, err)
	}
	// The emulator delivers in any order, and numbers what it takes.
	published := map[int]string{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	subscriber := admin.Subscriber("all")
	subscriber.ReceiveSettings.MaxOutstandingMessages = 1
	err = subscriber.Receive(ctx, func(_ context.Context, m *pubsub.Message) {
		var e event.Event
		number, err := strconv.Atoi(m.ID)
		if err == nil {
			err = json.Unmarshal(m.Data, &e)
		}
		if err != nil {
			t.Error(err)
		}
		published[number] = e.ID
		m.Ack()
		if len(published) == 6 {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	lowest := 1 << 60
	for number := range published {
		lowest = min(lowest, number)
	}
	var order []string
	for number := lowest; len(order) < len(published); number++ {
		if id, there := published[number]; there {
			order = append(order, id)
		}
	}
	slices.Sort(order[4:]) // of two accounts, between which there is no order
	if diff := cmp.Diff([]string{"first", "second", "third", "fourth", "other account", "other record"}, order); diff != "" {
		t.Errorf("the order of publishing (-want +got):\n%s", diff)
	}
}
