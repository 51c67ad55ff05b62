package jobber

import (
	"context"
	"slices"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// mutationError is MutationErrors.
type mutationError struct {
	Message string
	Path    []string
}

type disconnectPayload struct {
	App        *application
	UserErrors []*mutationError
}

type application struct {
	ID           encodedID
	Name, Author string
}

// AppDisconnect ends the app's connection to the account: every token dies, and the app is told by APP_DISCONNECT.
func (*root) AppDisconnect(ctx context.Context) *disconnectPayload {
	s := sessionOf(ctx)
	s.emulator.disconnect(s.account.number)
	return &disconnectPayload{
		App:        &application{encodedID(business.EncodeID("Application", 1)), "Fieldboard", "Fieldboard"},
		UserErrors: []*mutationError{},
	}
}

// webhookEndpoint is one URL that an account sends one topic to, beside the app's own URL.
type webhookEndpoint struct {
	ID        encodedID
	Topic     string
	URL       string
	CreatedAt dateTime
	UpdatedAt dateTime
}

// endpointURLs returns where the account's own endpoints want a topic.
func (a *account) endpointURLs(topic string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var urls []string
	for _, e := range a.endpoints {
		if e.Topic == topic {
			urls = append(urls, e.URL)
		}
	}
	return urls
}

type endpointCreatePayload struct {
	WebhookEndpoint *webhookEndpoint
	UserErrors      []*mutationError
}

type endpointCreateArgs struct {
	Input struct{ Topic, URL string }
}

// WebhookEndpointCreate adds an endpoint. It lives as long as the emulator: what a disconnect does to it is not documented.
func (*root) WebhookEndpointCreate(ctx context.Context, args endpointCreateArgs) *endpointCreatePayload {
	s := sessionOf(ctx)
	if !isWebAddress(args.Input.URL) {
		return &endpointCreatePayload{UserErrors: []*mutationError{{"Url is invalid", []string{"input", "url"}}}}
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	s.account.nextID++
	now := dateTime{s.now()}
	endpoint := webhookEndpoint{
		encodedID(business.EncodeID("WebhookEndpoint", s.account.nextID)), args.Input.Topic, args.Input.URL, now, now,
	}
	s.account.endpoints = append(s.account.endpoints, endpoint)
	return &endpointCreatePayload{WebhookEndpoint: &endpoint, UserErrors: []*mutationError{}}
}

type endpointDeletePayload struct {
	DeletedWebhookEndpoints *[]*webhookEndpoint
	UserErrors              []*mutationError
}

// WebhookEndpointDelete removes endpoints; all of them must exist.
func (*root) WebhookEndpointDelete(ctx context.Context, args struct{ WebhookEndpointsIds []encodedID }) *endpointDeletePayload {
	s := sessionOf(ctx)
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	deleted := []*webhookEndpoint{}
	for _, id := range args.WebhookEndpointsIds {
		at := slices.IndexFunc(s.account.endpoints, func(e webhookEndpoint) bool { return e.ID == id })
		if at < 0 {
			return &endpointDeletePayload{UserErrors: []*mutationError{{"Webhook endpoint not found", []string{"webhookEndpointsIds"}}}}
		}
		deleted = append(deleted, &s.account.endpoints[at])
	}
	kept := slices.DeleteFunc(slices.Clone(s.account.endpoints), func(e webhookEndpoint) bool {
		return slices.Contains(args.WebhookEndpointsIds, e.ID)
	})
	s.account.endpoints = kept
	return &endpointDeletePayload{DeletedWebhookEndpoints: &deleted, UserErrors: []*mutationError{}}
}
