package jobberwebhook

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/ratelimit"
	"fieldboard.dev/fieldboard/shared/syncing"
)

// maxBody bounds a notice; Jobber's have some 300 bytes.
const maxBody = 64 << 10

type handler struct {
	receiver *syncing.Receiver
}

// webhookInput takes any content type: Jobber sends JSON or, to apps of before 2022-04-11, a form. The signature decides.
type webhookInput struct {
	Signature string `header:"X-Jobber-Hmac-SHA256" doc:"Base64 of the HMAC-SHA256 of the body, keyed with the app's client secret"`
	RawBody   []byte `contentType:"application/octet-stream"`
}

type webhookOutput struct {
	Body struct {
		Receipt syncing.Receipt `json:"receipt" enum:"accepted,duplicate,aside"`
	}
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	receiver, err := syncing.NewReceiver(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{receiver: receiver}
	api, err := httpapi.NewPublic(ctx, in, httpapi.Options{Name: "jobberwebhook"})
	if err != nil {
		return nil, err
	}
	httpapi.Register(api, huma.Operation{
		OperationID: "receive-jobber-webhook", Method: http.MethodPost, Path: "/api/webhooks/jobber",
		Summary: "Take a webhook of Jobber", MaxBodyBytes: maxBody,
	}, httpapi.Public.Class(ratelimit.Webhook), h.receive) // a class so wide that no burst of Jobber's is refused
	return api.Handler(), nil
}

func (h *handler) receive(ctx context.Context, in *webhookInput) (*webhookOutput, error) {
	receipt, err := h.receiver.Receive(ctx, in.RawBody, in.Signature)
	if err != nil {
		return nil, err
	}
	out := &webhookOutput{}
	out.Body.Receipt = receipt
	return out, nil
}
