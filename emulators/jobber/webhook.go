package jobber

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// signatureHeader carries base64(HMAC-SHA256(client secret, raw body)).
const signatureHeader = "X-Jobber-Hmac-SHA256"

// Jobber says that a webhook must be answered within a second and that it is delivered at least once, and nothing about
// retries; integrators tell of a few, with growing pauses.
const (
	deliveryTimeout  = time.Second
	deliveryAttempts = 6
	firstRetry       = time.Second // doubled after each attempt
	deliveriesAtOnce = 16
)

// hook is one event that an app is told of.
type hook struct {
	account   int
	accountID string
	topic     string
	itemID    string
	at        time.Time
}

// body is what is sent. Apps made before 2023-12-08 get the time under the key "occuredAt", later ones under
// "occurredAt"; timeKey says which.
func (h hook) body(appID, timeKey string) ([]byte, error) {
	event := map[string]string{
		"topic": h.topic, "appId": appID, "accountId": h.accountID, "itemId": h.itemID,
		timeKey: h.at.UTC().Format(time.RFC3339),
	}
	return json.Marshal(map[string]any{"data": map[string]any{"webHookEvent": event}})
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// delivery is one hook on its way to one URL.
type delivery struct {
	url, signature string
	body           []byte
	account        *account
	retry          time.Duration
	topic          string
}

// hookCounts counts an account's webhooks.
type hookCounts struct {
	told, sent, delivered, failed, dropped, pending atomic.Int64
}

// dispatcher delivers webhooks without ever making the business wait. It is safe for concurrent use.
type dispatcher struct {
	ctx    context.Context //nolint:containedctx // of all deliveries; close ends it
	stop   context.CancelFunc
	client *http.Client
	log    *slog.Logger
	slots  chan struct{}
	work   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	held   map[int][]chan struct{} // by account: what waits for another webhook to go first
}

func newDispatcher(log *slog.Logger) *dispatcher {
	ctx, stop := context.WithCancel(context.Background())
	return &dispatcher{
		ctx: ctx, stop: stop, log: log,
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		slots:  make(chan struct{}, deliveriesAtOnce),
		held:   map[int][]chan struct{}{},
	}
}

// close stops all deliveries and waits for them to end. Nothing is sent afterwards.
func (d *dispatcher) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stop()
	d.work.Wait()
	d.client.CloseIdleConnections()
}

// send delivers one after wait. With reorder, wait is the longest time for which it lets others go first.
func (d *dispatcher) send(one delivery, wait time.Duration, reorder bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	overtaken := make(chan struct{})
	if reorder {
		d.held[one.account.number] = append(d.held[one.account.number], overtaken)
	}
	one.account.hooks.pending.Add(1)
	d.work.Go(func() {
		defer one.account.hooks.pending.Add(-1)
		if wait > 0 && !d.wait(wait, overtaken) {
			return
		}
		d.deliver(one)
		if !reorder {
			d.release(one.account.number)
		}
	})
}

// release lets go what was held back for another webhook of the account to go first.
func (d *dispatcher) release(account int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, overtaken := range d.held[account] {
		close(overtaken)
	}
	delete(d.held, account)
}

// wait sleeps, and reports false when the dispatcher was closed meanwhile.
func (d *dispatcher) wait(t time.Duration, cut <-chan struct{}) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-cut:
		return true
	case <-d.ctx.Done():
		return false
	}
}

func (d *dispatcher) deliver(one delivery) {
	hooks := &one.account.hooks
	for attempt := 1; ; attempt++ {
		err := d.attempt(one)
		if err == nil {
			hooks.delivered.Add(1)
			return
		}
		if d.ctx.Err() != nil {
			return
		}
		if attempt == deliveryAttempts {
			hooks.failed.Add(1)
			d.log.Warn("webhook given up", "topic", one.topic, "account", one.account.number, "attempts", attempt, "error", err)
			return
		}
		if !d.wait(one.retry<<(attempt-1), nil) {
			return
		}
	}
}

func (d *dispatcher) attempt(one delivery) error {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
	one.account.hooks.sent.Add(1)
	ctx, cancel := context.WithTimeout(d.ctx, deliveryTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, one.url, bytes.NewReader(one.body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header[signatureHeader] = []string{one.signature} // in Jobber's own spelling
	response, err := d.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)); err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("answered %d", response.StatusCode)
	}
	return nil
}

// tell sends a hook to every URL that wants its topic, past the faults.
func (e *Emulator) tell(a *account, h hook) {
	settings := e.current()
	targets := a.endpointURLs(h.topic)
	if settings.WebhookURL != "" {
		targets = append(targets, settings.WebhookURL)
	}
	if len(targets) == 0 || !e.tokens.connected(a.number) && h.topic != "APP_DISCONNECT" {
		return
	}
	timeKey := "occurredAt"
	if settings.LegacyWebhooks {
		timeKey = "occuredAt"
	}
	body, err := h.body(settings.ClientID, timeKey)
	if err != nil {
		e.log.Error("webhook not encoded", "topic", h.topic, "error", err)
		return
	}
	for _, url := range targets {
		a.hooks.told.Add(1)
		if len(e.faults.happening(faultDrop, a.number, h.topic)) > 0 {
			a.hooks.dropped.Add(1)
			continue
		}
		copies := 1 + len(e.faults.happening(faultDuplicate, a.number, h.topic))
		var wait time.Duration
		for _, f := range e.faults.happening(faultDelay, a.number, h.topic) {
			wait = max(wait, f.delay())
		}
		reorder := false
		if wait == 0 {
			for _, f := range e.faults.happening(faultReorder, a.number, h.topic) {
				wait, reorder = max(wait, f.delay()), true
			}
		}
		one := delivery{
			url: url, signature: sign(settings.ClientSecret, body), body: body, account: a, topic: h.topic,
			retry: time.Duration(settings.WebhookRetryMs) * time.Millisecond,
		}
		for range copies {
			e.hooks.send(one, wait, reorder)
		}
	}
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails, by its contract
	return fmt.Sprintf("%x", b)
}
