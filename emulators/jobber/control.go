package jobber

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

const (
	maxControl = 64 << 10 // bytes of a control request's body
	maxRandom  = 10_000   // actions of one request
)

func (e *Emulator) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /api/oauth/authorize", e.showConsent)
	mux.HandleFunc("POST /api/oauth/authorize", e.decide)
	mux.HandleFunc("POST /api/oauth/token", e.token)
	mux.HandleFunc("POST /api/graphql", e.graphQL)

	mux.HandleFunc("GET /_control/settings", e.showSettings)
	mux.HandleFunc("POST /_control/settings", e.changeSettings)
	mux.HandleFunc("GET /_control/faults", e.showFaults)
	mux.HandleFunc("POST /_control/faults", e.addFault)
	mux.HandleFunc("DELETE /_control/faults", e.removeFaults)
	mux.HandleFunc("DELETE /_control/faults/{id}", e.removeFault)
	mux.HandleFunc("GET /_control/accounts/{n}/truth", e.truth)
	mux.HandleFunc("GET /_control/accounts/{n}/stats", e.stats)
	mux.HandleFunc("POST /_control/accounts/{n}/random", e.random)
	mux.HandleFunc("POST /_control/accounts/{n}/disconnect", e.disconnectByUser)
	mux.HandleFunc("POST /_control/accounts/{n}/tokens/expire", e.expireTokens)
	mux.HandleFunc("POST /_control/accounts/{n}/{collection}", e.create)
	mux.HandleFunc("POST /_control/accounts/{n}/{collection}/{id}/{action}", e.act)
	mux.HandleFunc("DELETE /_control/accounts/{n}/{collection}/{id}", e.remove)
	return mux
}

// refusal is the control API's answer to what it cannot do.
type refusal struct {
	Error  string            `json:"error"`
	Fields map[string]string `json:"fields,omitempty"`
}

// done is the control API's answer to what it did.
type done struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Action string    `json:"action,omitempty"`
}

// create is POST /_control/accounts/{n}/{collection}?parent=: a client for a property, request, quote or job, a job for a
// visit or invoice.
func (e *Emulator) create(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	create, ok := creations[r.PathValue("collection")]
	if !ok {
		writeJSON(w, http.StatusNotFound, refusal{Error: "nothing of that name can be created"})
		return
	}
	result, err := create(a.business, queryOr(r, "parent", business.Any))
	answerDone(w, result, err)
}

func (e *Emulator) act(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	if r.PathValue("collection") == "visits" && r.PathValue("action") == "reschedule" {
		e.reschedule(w, r, a)
		return
	}
	action, ok := actions[r.PathValue("collection")][r.PathValue("action")]
	if !ok {
		writeJSON(w, http.StatusNotFound, refusal{Error: "there is no such action"})
		return
	}
	result, err := action(a.business, r.PathValue("id"))
	answerDone(w, result, err)
}

// reschedule is POST /_control/accounts/{n}/visits/{id}/reschedule?to=: to an instant, or to one of the business's choice.
func (e *Emulator) reschedule(w http.ResponseWriter, r *http.Request, a *account) {
	var to time.Time
	if given := r.URL.Query().Get("to"); given != "" {
		var ok bool
		if to, ok = queryTime(w, "to", given); !ok {
			return
		}
	}
	result, err := a.business.RescheduleVisit(r.PathValue("id"), to)
	answerDone(w, result, err)
}

func (e *Emulator) remove(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	result, err := a.business.Delete(r.PathValue("collection"), r.PathValue("id"))
	answerDone(w, result, err)
}

// random is POST /_control/accounts/{n}/random?seed=&count=: so many actions, the same for the same seed and state.
func (e *Emulator) random(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	broken := map[string]string{}
	seed, err := strconv.ParseUint(queryOr(r, "seed", "1"), 10, 64)
	if err != nil {
		broken["seed"] = "must be a whole number"
	}
	count, err := strconv.Atoi(queryOr(r, "count", "1"))
	if err != nil || count < 1 || count > maxRandom {
		broken["count"] = fmt.Sprintf("must be 1 to %d", maxRandom)
	}
	if len(broken) > 0 {
		writeJSON(w, http.StatusUnprocessableEntity, refusal{"the query is not valid", broken})
		return
	}
	list, err := a.business.Random(seed, count)
	if err != nil {
		answerDone(w, business.Done{}, err)
		return
	}
	results := make([]done, len(list))
	for i, d := range list {
		results[i] = done{d.ID, d.At, d.Action}
	}
	answer := struct {
		done
		Actions []done `json:"actions"`
	}{Actions: results}
	if n := len(results); n > 0 {
		answer.done = done{ID: results[n-1].ID, At: results[n-1].At}
	}
	writeJSON(w, http.StatusOK, answer)
}

// truth is GET /_control/accounts/{n}/truth?period=&at=: the dashboard's summary, worked out by the business.
func (e *Emulator) truth(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	at := a.business.Now()
	if given := r.URL.Query().Get("at"); given != "" {
		var ok bool
		if at, ok = queryTime(w, "at", given); !ok {
			return
		}
	}
	summary, err := a.business.Truth(queryOr(r, "period", "today"), at)
	if err != nil {
		answerDone(w, business.Done{}, err)
		return
	}
	writeJSON(w, http.StatusOK, summary)
}

// Stats is GET /_control/accounts/{n}/stats.
type Stats struct {
	PointsSpent       int64          `json:"pointsSpent"`
	LeastPossibleCost int            `json:"leastPossibleCost"` // see ledger
	Requests          int64          `json:"requests"`          // of the GraphQL API, by this account's tokens
	Throttled         int64          `json:"throttled"`         // answered THROTTLED
	RateLimited       int64          `json:"rateLimited"`       // answered 429
	Refused           int64          `json:"refused"`           // queries that were not valid
	Bucket            throttleStatus `json:"bucket"`
	Webhooks          WebhookStats   `json:"webhooks"`
	Records           map[string]int `json:"records"`
}

// WebhookStats counts webhooks. Told is how many deliveries there were to be; sent counts attempts.
type WebhookStats struct {
	Told      int64 `json:"told"`
	Sent      int64 `json:"sent"`
	Delivered int64 `json:"delivered"`
	Failed    int64 `json:"failed"`  // given up
	Dropped   int64 `json:"dropped"` // by a fault
	Pending   int64 `json:"pending"`
}

func (e *Emulator) stats(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	b := a.business
	writeJSON(w, http.StatusOK, Stats{
		PointsSpent: a.counts.points.Load(), LeastPossibleCost: a.ledger.leastCost(),
		Requests: a.counts.requests.Load(), Throttled: a.counts.throttled.Load(),
		RateLimited: a.counts.limited.Load(), Refused: a.counts.refused.Load(),
		Bucket: a.bucket.status(e.clock.Now()),
		Webhooks: WebhookStats{
			a.hooks.told.Load(), a.hooks.sent.Load(), a.hooks.delivered.Load(), a.hooks.failed.Load(),
			a.hooks.dropped.Load(), a.hooks.pending.Load(),
		},
		Records: map[string]int{
			"users": b.Users.Len(), "clients": b.Clients.Len(), "properties": b.Properties.Len(), "requests": b.Requests.Len(),
			"quotes": b.Quotes.Len(), "jobs": b.Jobs.Len(), "visits": b.Visits.Len(), "invoices": b.Invoices.Len(),
			"payments": b.Payments.Len(),
		},
	})
}

// disconnectByUser is what an admin of the account does on the marketplace page.
func (e *Emulator) disconnectByUser(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	if !e.disconnect(a.number) {
		writeJSON(w, http.StatusConflict, refusal{Error: "the app is not connected to this account"})
		return
	}
	writeJSON(w, http.StatusOK, done{ID: a.business.Account().ID, At: e.clock.Now()})
}

// expireTokens makes the account's access tokens expire now; refresh tokens stay good.
func (e *Emulator) expireTokens(w http.ResponseWriter, r *http.Request) {
	a, ok := e.pathAccount(w, r)
	if !ok {
		return
	}
	e.tokens.expire(a.number)
	writeJSON(w, http.StatusOK, done{ID: a.business.Account().ID, At: e.clock.Now()})
}

func (e *Emulator) showFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"faults": e.faults.list()})
}

func (e *Emulator) addFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	if !readControl(w, r, &f) {
		return
	}
	names := schemaNames{e.graph.ast}
	if broken := f.validate(names, len(e.accounts), names.enum("WebHookTopicEnum")); len(broken) > 0 {
		writeJSON(w, http.StatusUnprocessableEntity, refusal{"the fault is not valid", broken})
		return
	}
	added := e.faults.add(f)
	writeJSON(w, http.StatusCreated, struct {
		ID int       `json:"id"`
		At time.Time `json:"at"`
	}{added.ID, e.clock.Now()})
}

func (e *Emulator) removeFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]int{"removed": e.faults.remove(0)})
}

func (e *Emulator) removeFault(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 1 || e.faults.remove(id) == 0 {
		writeJSON(w, http.StatusNotFound, refusal{Error: "there is no such fault"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"removed": 1})
}

func (e *Emulator) showSettings(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, e.current())
}

// changeSettings is POST /_control/settings: what the body leaves out stays as it is.
func (e *Emulator) changeSettings(w http.ResponseWriter, r *http.Request) {
	next := e.current()
	next.Scopes = nil // so that a list in the body is not written into the one in use
	if !readControl(w, r, &next) {
		return
	}
	if next.Scopes == nil {
		next.Scopes = e.current().Scopes
	}
	if broken := next.validate(); len(broken) > 0 {
		writeJSON(w, http.StatusUnprocessableEntity, refusal{"the settings are not valid", broken})
		return
	}
	e.apply(next)
	writeJSON(w, http.StatusOK, next)
}

func (e *Emulator) pathAccount(w http.ResponseWriter, r *http.Request) (*account, bool) {
	number, err := strconv.Atoi(r.PathValue("n"))
	a, ok := e.account(number)
	if err != nil || !ok {
		writeJSON(w, http.StatusNotFound, refusal{Error: fmt.Sprintf("there are accounts 1 to %d", len(e.accounts))})
		return nil, false
	}
	return a, true
}

func answerDone(w http.ResponseWriter, result business.Done, err error) {
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, done{ID: result.ID, At: result.At})
	case errors.Is(err, business.ErrNotFound):
		writeJSON(w, http.StatusNotFound, refusal{Error: err.Error()})
	case errors.Is(err, business.ErrNotPossible):
		writeJSON(w, http.StatusConflict, refusal{Error: err.Error()})
	case errors.Is(err, business.ErrUnknown):
		writeJSON(w, http.StatusUnprocessableEntity, refusal{Error: err.Error()})
	default:
		writeJSON(w, http.StatusInternalServerError, refusal{Error: err.Error()})
	}
}

// readControl decodes a body strictly: no unknown field, nothing after the object.
func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && decoder.More() {
		err = errors.New("more than one object")
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeJSON(w, http.StatusRequestEntityTooLarge, refusal{Error: "the body is too large"})
	case err != nil:
		writeJSON(w, http.StatusBadRequest, refusal{Error: "the body cannot be read: " + err.Error()})
	}
	return err == nil
}

func queryTime(w http.ResponseWriter, name, given string) (time.Time, bool) {
	parsed, err := time.Parse(time.RFC3339, given)
	if err != nil {
		writeJSON(w, http.StatusUnprocessableEntity, refusal{"the query is not valid", map[string]string{name: "must be RFC 3339"}})
		return time.Time{}, false
	}
	return parsed.UTC(), true
}

func queryOr(r *http.Request, name, usual string) string {
	if v := r.URL.Query().Get(name); v != "" {
		return v
	}
	return usual
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// A client that went away is not worth a word.
	_, _ = w.Write(encoded)
}
