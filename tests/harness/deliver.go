package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/emulators/settings"
	"fieldboard.dev/fieldboard/shared/instance"
)

// maxDelivery bounds the body of a message or task: Pub/Sub's limit of 10 MB, in base64, with some room.
const maxDelivery = 16 << 20

// push turns Pub/Sub's pushes into the CloudEvents that the functions framework makes of them.
type push struct {
	handle  instance.EventHandler
	timeout time.Duration
}

func (p push) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Message struct {
			ID          string    `json:"messageId"`
			PublishTime time.Time `json:"publishTime"`
		} `json:"message"`
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
	if err == nil {
		err = json.Unmarshal(content, &body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e := event.New()
	e.SetID(body.Message.ID)
	e.SetType("google.cloud.pubsub.topic.v1.messagePublished")
	e.SetSource("//pubsub.googleapis.com" + r.URL.Path)
	e.SetTime(body.Message.PublishTime)
	if err := e.SetData(event.ApplicationJSON, json.RawMessage(content)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.timeout)
	defer cancel()
	if err := p.handle(ctx, e); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// redelivery hands tasks on with a token of the stack's own clock: the one that the Cloud Tasks emulator gives is of the
// machine's time, which a function with another clock refuses.
type redelivery struct {
	issuer   *scheduler.Issuer
	audience string
	target   string
}

func (d *redelivery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	token, err := d.issuer.Token(settings.Invoker, d.audience)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, d.target+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	req.Header = r.Header.Clone()
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	w.WriteHeader(res.StatusCode)
	// The emulator reads the status only.
	_, _ = io.Copy(w, res.Body)
}
