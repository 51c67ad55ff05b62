package jobber

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Settings are what can be changed while the emulator runs.
type Settings struct {
	Bucket          int      `json:"bucket"`          // points
	RestoreRate     int      `json:"restoreRate"`     // points a second
	RequestLimit    int      `json:"requestLimit"`    // requests in a window
	RequestWindowMs int      `json:"requestWindowMs"` //
	ClientID        string   `json:"clientId"`
	ClientSecret    string   `json:"-"`
	RedirectURI     string   `json:"redirectUri"`
	WebhookURL      string   `json:"webhookUrl"`
	WebhookRetryMs  int      `json:"webhookRetryMs"` // before the first retry of a webhook; doubled for each further one
	LegacyWebhooks  bool     `json:"legacyWebhooks"` // the time of an event under "occuredAt", as apps made before 2023-12-08 get it
	TokenRotation   bool     `json:"tokenRotation"`  // a refresh gives a new refresh token and kills the old one
	Scopes          []string `json:"scopes"`         // of the app; an access token keeps what was there when it was made
	Live            bool     `json:"live"`
}

func settingsOf(o Options) Settings {
	return Settings{
		Bucket: o.Bucket, RestoreRate: o.RestoreRate,
		RequestLimit: o.RequestLimit, RequestWindowMs: int(o.RequestWindow.Milliseconds()),
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, RedirectURI: o.RedirectURI, WebhookURL: o.WebhookURL,
		WebhookRetryMs: int(firstRetry.Milliseconds()), TokenRotation: true, Scopes: allScopes(), Live: o.Live,
	}
}

func (s Settings) window() time.Duration { return time.Duration(s.RequestWindowMs) * time.Millisecond }

// validate returns every broken rule, keyed by the setting.
func (s Settings) validate() map[string]string {
	broken := map[string]string{}
	for name, value := range map[string]int{
		"bucket": s.Bucket, "restoreRate": s.RestoreRate, "requestLimit": s.RequestLimit,
		"requestWindowMs": s.RequestWindowMs, "webhookRetryMs": s.WebhookRetryMs,
	} {
		if value < 1 {
			broken[name] = "must be positive"
		}
	}
	for name, value := range map[string]string{"redirectUri": s.RedirectURI, "webhookUrl": s.WebhookURL} {
		if value != "" && !isWebAddress(value) {
			broken[name] = "must be an http or https URL"
		}
	}
	for name, value := range map[string]string{"clientId": s.ClientID, "clientSecret": s.ClientSecret} {
		if value == "" {
			broken[name] = "must not be empty"
		}
	}
	for _, scope := range s.Scopes {
		if !slices.Contains(allScopes(), scope) {
			broken["scopes"] = "may hold " + strings.Join(allScopes(), ", ")
		}
	}
	return broken
}

func isWebAddress(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// apply makes next the settings. Limiters whose numbers changed start anew.
func (e *Emulator) apply(next Settings) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.settings
	e.settings = next
	for _, a := range e.accounts {
		if before.Bucket != next.Bucket || before.RestoreRate != next.RestoreRate {
			a.bucket.resize(e.clock.Now(), next.Bucket, next.RestoreRate)
		}
		if before.RequestLimit != next.RequestLimit || before.RequestWindowMs != next.RequestWindowMs {
			a.window.resize(next.RequestLimit, next.window())
		}
	}
	if before.Live != next.Live {
		close(e.live)
		e.live = make(chan struct{})
	}
}
