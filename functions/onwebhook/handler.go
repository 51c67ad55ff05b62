package onwebhook

import (
	"context"

	"github.com/cloudevents/sdk-go/v2/event"

	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/syncing"
)

// published is the data of a google.cloud.pubsub.topic.v1.messagePublished event
// (https://github.com/googleapis/google-cloudevents, MessagePublishedData).
type published struct {
	Message struct {
		Data []byte `json:"data"`
	} `json:"message"`
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (instance.EventHandler, error) {
	follower, err := syncing.NewFollower(ctx, in)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, e event.Event) error {
		id, err := noticeID(e)
		if err != nil {
			// Another delivery would bring the same.
			in.Log.ErrorContext(ctx, "a message is no notice", "event", e.ID(), "error", err)
			return nil
		}
		if err := follower.Handle(ctx, id); err != nil {
			in.Log.WarnContext(ctx, "a notice is to be delivered again", "notice", id, "error", err)
			return err
		}
		return nil
	}, nil
}

func noticeID(e event.Event) (string, error) {
	var p published
	if err := e.DataAs(&p); err != nil {
		return "", err
	}
	return syncing.ParseNotice(p.Message.Data)
}
