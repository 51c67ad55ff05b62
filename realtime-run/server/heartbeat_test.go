package server_test

import (
	"context"
	"net/http"
	"testing"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"fieldboard.dev/fieldboard/shared/account"
)

// A subscription that brings nothing is noticed, although it can be pulled and the process lives.
func TestAStuckSubscription(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_HEARTBEAT", "200ms")
	topics, subscriptions := w.admin.TopicAdminClient, w.admin.SubscriptionAdminClient
	elsewhere := "projects/" + w.project + "/topics/elsewhere"
	if _, err := topics.CreateTopic(t.Context(), &pubsubpb.Topic{Name: elsewhere}); err != nil {
		t.Fatal(err)
	}
	name := "projects/" + w.project + "/subscriptions/realtime"
	attach := func(topic string) {
		t.Helper()
		check(t, subscriptions.DeleteSubscription(t.Context(), &pubsubpb.DeleteSubscriptionRequest{Subscription: name}))
		if _, err := subscriptions.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: name, Topic: topic, AckDeadlineSeconds: 10}); err != nil {
			t.Fatal(err)
		}
	}
	attach(elsewhere) // which can be pulled, and has no messages
	s := w.start(t)
	red := func() bool {
		return s.health(t)["subscription"] == "stuck" && s.health(t)["status"] == "degraded" && s.status(t, "/readyz") == http.StatusServiceUnavailable
	}
	green := func() bool {
		return s.health(t)["subscription"] == "up" && s.health(t)["status"] == "ok" && s.status(t, "/readyz") == http.StatusOK
	}
	eventually(t, "the health is red", red)
	attach("projects/" + w.project + "/topics/events")
	eventually(t, "the health is green", green)
	l := w.listen(t, s, person("acc_1", account.Viewer))
	e := happened("acc_1")
	w.publish(t, e)
	l.await(e)
	if n := w.log.count("event rejected"); n != 0 {
		t.Errorf("%d heartbeats were taken for events", n)
	}
}

// What one instance hears counts for the others: they share the subscription, and a heartbeat reaches one of them.
func TestAnInstanceCountsWhatOthersHear(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_HEARTBEAT", "1s")
	w.subscribe(t, "quiet")
	name := "projects/" + w.project + "/subscriptions/quiet"
	check(t, w.admin.SubscriptionAdminClient.DeleteSubscription(t.Context(), &pubsubpb.DeleteSubscriptionRequest{Subscription: name}))
	elsewhere := "projects/" + w.project + "/topics/elsewhere"
	if _, err := w.admin.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: elsewhere}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: name, Topic: elsewhere, AckDeadlineSeconds: 10}); err != nil {
		t.Fatal(err)
	}
	hears := w.started(t)
	deaf := w.start(t, "EVENTS_SUBSCRIPTION", "quiet")
	eventually(t, "the first is well", func() bool { return hears.health(t)["status"] == "ok" })
	beats := make(chan struct{}, 100)
	w.subscribe(t, "witness")
	witness := w.admin.Subscriber("witness")
	go func() {
		_ = witness.Receive(t.Context(), func(_ context.Context, m *pubsub.Message) { m.Ack(); beats <- struct{}{} }) // ends with the test
	}()
	for range 10 { // of two instances: more than a stuck subscription is given
		<-beats
	}
	if got := deaf.health(t)["subscription"]; got != "up" {
		t.Errorf("the one that got no message is %s, want up", got)
	}
}
