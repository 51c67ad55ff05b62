package jobber

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

const maxQuery = 1 << 20 // bytes of a request's body

// requestCounts counts an account's requests of the GraphQL API.
type requestCounts struct {
	requests, throttled, limited, refused, points atomic.Int64
}

// reply is the body of an answer in GraphQL's form, as against message, which comes before GraphQL ran.
type reply struct {
	Errors     []graphError    `json:"errors,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Extensions extensions      `json:"extensions"`
}

type extensions struct {
	Cost       *cost      `json:"cost,omitempty"`
	Versioning versioning `json:"versioning"`
}

type cost struct {
	Requested int            `json:"requestedQueryCost"`
	Actual    int            `json:"actualQueryCost"`
	Throttle  throttleStatus `json:"throttleStatus"`
}

// message is Jobber's body outside GraphQL.
type message struct {
	Message string `json:"message"`
}

var (
	null      = json.RawMessage("null")
	throttled = graphError{Message: "Throttled", Extensions: map[string]any{
		"code":          "THROTTLED",
		"documentation": "https://developer.getjobber.com/docs/using_jobbers_api/api_rate_limits",
	}}
)

// graphQL is POST /api/graphql. The order of the checks is that of the layers which Jobber's documentation tells of: the
// token, the request limiter, the API version, and then GraphQL itself.
func (e *Emulator) graphQL(w http.ResponseWriter, r *http.Request) {
	token := bearer(r)
	var caller *access
	var a *account
	if token != "" {
		if caller = e.authenticate(w, token); caller == nil {
			return
		}
		a = e.accounts[caller.grant.account-1]
		a.counts.requests.Add(1)
		if !a.window.take(e.clock.Now()) {
			a.counts.limited.Add(1)
			// Rack::Attack's answer to what is over the limit; Jobber documents no more than the status.
			http.Error(w, "Retry later", http.StatusTooManyRequests)
			return
		}
	}
	version, ok := e.checkVersion(w, r)
	if !ok {
		return
	}
	q, ok := readQuery(w, r)
	if !ok {
		return
	}
	if a != nil && !e.requestFaultsPass(w, r, a) {
		return
	}
	prepared, problems := e.graph.prepare(q)
	switch {
	case len(problems) > 0:
		if a != nil {
			a.counts.refused.Add(1)
		}
		writeJSON(w, http.StatusOK, reply{Errors: problems, Extensions: extensions{Versioning: version}})
	case caller == nil:
		e.answerAnonymous(w, r, prepared, q, version)
	default:
		e.answer(w, r, prepared, q, version, caller, a)
	}
}

// authenticate finds who a token is for; when it is no good it answers and returns nil.
func (e *Emulator) authenticate(w http.ResponseWriter, token string) *access {
	caller := e.tokens.find(token)
	if caller != nil {
		for _, f := range e.faults.happening(faultRevoke, caller.grant.account, "") {
			e.tokens.revoke(token, f.Connection)
			caller = nil
		}
	}
	switch {
	case caller == nil:
		writeJSON(w, http.StatusUnauthorized, message{"Token not recognized"})
	case caller.disconnected:
		writeJSON(w, http.StatusUnauthorized, message{"User has disconnected this app from their account. Please delete this token"})
	case !caller.expires.After(e.clock.Now()):
		writeJSON(w, http.StatusUnauthorized, oauthError{"invalid_request", "Invalid Token Error: the access token expired"})
	default:
		return caller
	}
	return nil
}

// requestFaultsPass lets the faults of requests happen and reports whether the request goes on. The body must have been
// read: until then the server does not notice that a client went away.
func (e *Emulator) requestFaultsPass(w http.ResponseWriter, r *http.Request, a *account) bool {
	for _, f := range e.faults.happening(faultSlow, a.number, "") {
		timer := time.NewTimer(f.delay())
		select {
		case <-timer.C:
		case <-r.Context().Done():
			timer.Stop()
			return false
		case <-e.hooks.ctx.Done():
			timer.Stop()
			writeJSON(w, http.StatusServiceUnavailable, message{"Service temporarily unavailable"})
			return false
		}
	}
	if len(e.faults.happening(faultError, a.number, "")) > 0 {
		writeJSON(w, http.StatusInternalServerError, message{"Service temporarily unavailable"})
		return false
	}
	if len(e.faults.happening(faultThrottle, a.number, "")) > 0 {
		a.bucket.drain(e.clock.Now())
	}
	return true
}

func (e *Emulator) checkVersion(w http.ResponseWriter, r *http.Request) (versioning, bool) {
	wanted := r.Header.Get(versionHeader)
	if wanted == "" {
		writeJSON(w, http.StatusBadRequest, message{"The " + versionHeader + " header is required"})
		return versioning{}, false
	}
	version, ok := resolveVersion(e.versions, wanted, e.clock.Now())
	if !ok {
		writeJSON(w, http.StatusNotFound, message{"GraphQL API version '" + wanted + "' does not exist"})
		return versioning{}, false
	}
	return version, true
}

func readQuery(w http.ResponseWriter, r *http.Request) (query, bool) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		writeJSON(w, http.StatusUnsupportedMediaType, message{"The content type must be application/json"})
		return query{}, false
	}
	var q query
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxQuery)).Decode(&q)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeJSON(w, http.StatusRequestEntityTooLarge, message{"The query is too large"})
	case err != nil:
		writeJSON(w, http.StatusBadRequest, message{"The body must be a JSON object with query, variables and operationName"})
	case q.Query == "":
		writeJSON(w, http.StatusOK, reply{Errors: []graphError{{Message: "No query string was present"}}})
	default:
		return q, true
	}
	return query{}, false
}

// answerAnonymous answers who sent no token: introspection is open, every other field is null.
func (e *Emulator) answerAnonymous(w http.ResponseWriter, r *http.Request, prepared request, q query, version versioning) {
	data := map[string]any{}
	var problems []graphError
	prepared.eachField(prepared.op.SelectionSet, func(f *ast.Field) {
		if isIntrospection(f) || f.Name == "__typename" {
			return
		}
		data[f.Alias] = nil
		problems = append(problems, graphError{
			Message:    "The field " + f.Name + " on an object of type " + f.ObjectDefinition.Name + " was hidden because you are unauthenticated",
			Path:       []any{f.Alias},
			Extensions: map[string]any{"code": "UNAUTHENTICATED"},
		})
	})
	if len(problems) == 0 {
		raw, _, failed := e.graph.run(r.Context(), &session{}, q)
		writeJSON(w, http.StatusOK, reply{Data: raw, Errors: failed, Extensions: extensions{Versioning: version}})
		return
	}
	raw, err := json.Marshal(data)
	if err != nil {
		raw = null
	}
	writeJSON(w, http.StatusOK, reply{Data: raw, Errors: problems, Extensions: extensions{Versioning: version}})
}

// answer gates the query by its requested cost, runs it, hides what must not be seen, and takes what it really cost.
func (e *Emulator) answer(w http.ResponseWriter, r *http.Request, prepared request, q query, version versioning, caller *access, a *account) {
	requested := prepared.requestedCost()
	if !a.bucket.reserve(e.clock.Now(), requested) {
		a.counts.throttled.Add(1)
		writeJSON(w, http.StatusOK, reply{
			Errors:     []graphError{throttled},
			Extensions: extensions{&cost{requested, 0, a.bucket.status(e.clock.Now())}, version},
		})
		return
	}
	s := &session{business: a.business, currentUser: caller.grant.userID, emulator: e, account: a}
	if data, problems := prepared.forbidden(caller.scopes); len(problems) > 0 {
		a.bucket.settle(e.clock.Now(), requested, 0)
		raw, err := json.Marshal(data)
		if err != nil {
			raw = null
		}
		writeJSON(w, http.StatusOK, reply{
			Data: raw, Errors: problems, Extensions: extensions{&cost{requested, 0, a.bucket.status(e.clock.Now())}, version},
		})
		return
	}
	raw, data, problems := e.graph.run(context.WithoutCancel(r.Context()), s, q)
	hidden := e.hidden(caller, a)
	if !hidden.empty() && data != nil {
		h := hider{request: prepared, hiding: hidden}
		h.hide(data)
		problems = append(problems, h.errors...)
		if len(h.errors) > 0 {
			if encoded, err := json.Marshal(data); err == nil {
				raw = encoded
			}
		}
	}
	actual := meter{prepared, a.ledger}.actualCost(data)
	a.bucket.settle(e.clock.Now(), requested, actual)
	a.counts.points.Add(int64(actual))
	if raw == nil {
		raw = null
	}
	if len(e.faults.happening(faultLost, a.number, "")) > 0 {
		panic(http.ErrAbortHandler)
	}
	writeJSON(w, http.StatusOK, reply{
		Data: raw, Errors: problems,
		Extensions: extensions{&cost{requested, actual, a.bucket.status(e.clock.Now())}, version},
	})
}

// hidden is what this reply must not show: what the token has no scope for, and what faults hide.
func (e *Emulator) hidden(caller *access, a *account) hiding {
	var h hiding
	h.withoutScopes(e.graph.ast, caller.scopes)
	for _, f := range e.faults.happening(faultHide, a.number, "") {
		h.add(f.Type, f.Field)
	}
	return h
}
