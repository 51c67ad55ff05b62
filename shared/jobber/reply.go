package jobber

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"
)

const (
	versionHeader = "X-JOBBER-GRAPHQL-VERSION"
	httpTimeout   = 30 * time.Second
	maxReply      = 16 << 20
	// rateLimitPause is how long to stay away when the request limiter does not say; its window is five minutes.
	rateLimitPause = 15 * time.Second
)

// reply is what came back: data, errors beside or instead of it, and the price.
type reply struct {
	data   json.RawMessage
	errors []replyError
	cost   *Cost
}

// replyError is one of a reply's errors.
type replyError struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`

	at string // what is null because of it, with dots: "visits.nodes.3.client"; "" when it names no place
}

// post sends one request. The reply has whatever could be read of it, also with an error.
func (a *API) post(ctx context.Context, token Token, req *graphql.Request) (reply, *Error) {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	body, err := json.Marshal(req)
	if err != nil {
		return reply{}, &Error{Kind: Misuse, Op: req.OpName, Cause: err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.GraphQLURL, bytes.NewReader(body))
	if err != nil {
		return reply{}, &Error{Kind: Misuse, Op: req.OpName, Cause: err}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+token.value)
	r.Header.Set(versionHeader, a.cfg.GraphQLVersion)
	resp, err := a.http.Do(r)
	if err != nil {
		return reply{}, &Error{Kind: Transient, Op: req.OpName, Cause: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err == nil && len(raw) > maxReply {
		err = fmt.Errorf("the reply is over %d bytes", maxReply)
	}
	if err != nil {
		return reply{}, &Error{Kind: Transient, Op: req.OpName, Status: resp.StatusCode, Cause: err}
	}
	return a.read(ctx, req.OpName, resp.StatusCode, resp.Header, raw)
}

// envelope is the body of every reply: GraphQL's, or one of the two forms that Jobber answers before GraphQL runs.
type envelope struct {
	Data       json.RawMessage `json:"data"`
	Errors     []replyError    `json:"errors"`
	Extensions struct {
		Cost *struct {
			Requested float64 `json:"requestedQueryCost"`
			Actual    float64 `json:"actualQueryCost"`
			Status    struct {
				Maximum   float64 `json:"maximumAvailable"`
				Available float64 `json:"currentlyAvailable"`
				Rate      float64 `json:"restoreRate"`
			} `json:"throttleStatus"`
		} `json:"cost"`
		Versioning struct {
			Version string `json:"version"`
			Warning string `json:"warning"`
		} `json:"versioning"`
	} `json:"extensions"`
	Message string          `json:"message"`
	Error   json.RawMessage `json:"error"` // a text, or an object with a message
}

func (e envelope) complaint() string {
	if e.Message != "" {
		return e.Message
	}
	var inner struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(e.Error, &inner) == nil && inner.Message != "" {
		return inner.Message
	}
	if len(e.Errors) > 0 {
		return e.Errors[0].Message
	}
	return ""
}

func (a *API) read(ctx context.Context, op string, status int, header http.Header, raw []byte) (reply, *Error) {
	var e envelope
	parseErr := json.Unmarshal(raw, &e)
	rep := reply{data: e.Data, errors: e.Errors}
	if c := e.Extensions.Cost; c != nil && c.Status.Maximum > 0 && c.Status.Rate > 0 {
		rep.cost = &Cost{
			Requested: c.Requested, Actual: c.Actual,
			MaximumAvailable: c.Status.Maximum, CurrentlyAvailable: c.Status.Available, RestoreRate: c.Status.Rate,
		}
	}
	a.checkVersion(ctx, e.Extensions.Versioning.Version, e.Extensions.Versioning.Warning)
	failed := func(kind Kind) (reply, *Error) {
		return rep, &Error{Kind: kind, Op: op, Status: status, Message: e.complaint()}
	}
	complaint := strings.ToLower(e.complaint())
	switch {
	case status == http.StatusTooManyRequests:
		_, err := failed(RateLimited)
		err.RetryAfter = retryAfter(header, a.clock.Now())
		return rep, err
	case status == http.StatusUnauthorized, isOver(complaint):
		return failed(unauthorized)
	case status == http.StatusNotFound && strings.Contains(complaint, "version"):
		return failed(VersionRefused)
	case status >= 500:
		return failed(Transient)
	case status != http.StatusOK && len(e.Errors) == 0:
		return failed(Refused)
	case parseErr != nil:
		_, err := failed(Transient)
		err.Cause = errors.New("the reply is not JSON")
		return rep, err
	}
	for _, problem := range e.Errors {
		switch problem.Extensions.Code {
		case "THROTTLED":
			return failed(Throttled)
		case "UNAUTHENTICATED":
			return failed(unauthorized)
		}
	}
	if !rep.hasData() {
		if len(e.Errors) == 0 { // such as {"message": "Service temporarily unavailable"}
			return failed(Transient)
		}
		return failed(e.Errors[0].kind())
	}
	if err := rep.place(); err != nil {
		_, failure := failed(Refused)
		failure.Cause = err
		return rep, failure
	}
	return rep, nil
}

// place finds what each error took out of the data. A field that may not be null takes the object around it along, so the
// error's own path can be deeper than what is missing.
func (r *reply) place() error {
	if len(r.errors) == 0 {
		return nil
	}
	var data any
	if err := json.Unmarshal(r.data, &data); err != nil {
		return err
	}
	for i, e := range r.errors {
		value := data
		var at []string
		for _, part := range e.Path {
			at = append(at, fmt.Sprint(part)) // a name, or an index as a float without a fraction
			switch object := value.(type) {
			case map[string]any:
				name, _ := part.(string)
				value = object[name]
			case []any:
				n, _ := part.(float64)
				if int(n) < 0 || int(n) >= len(object) {
					return fmt.Errorf("an error is at %s, where nothing is", strings.Join(at, "."))
				}
				value = object[int(n)]
			}
			if value == nil {
				break
			}
		}
		r.errors[i].at = strings.Join(at, ".")
	}
	return nil
}

func (r reply) hasData() bool { return len(r.data) > 0 && string(r.data) != "null" }

func (r reply) decode(op string, into any) *Error {
	if err := json.Unmarshal(r.data, into); err != nil {
		return &Error{Kind: Refused, Op: op, Message: "the reply does not have the query's shape", Cause: err}
	}
	return nil
}

// kind classes an error that came instead of what was asked for. Jobber documents no list of codes, so its words count.
func (e replyError) kind() Kind {
	message := strings.ToLower(e.Message)
	switch {
	case strings.Contains(message, "hidden"), e.Extensions.Code == "FORBIDDEN":
		return HiddenByPermission
	case strings.Contains(message, "not found"), e.Extensions.Code == "NOT_FOUND":
		return NotFound
	case strings.Contains(message, "unavailable"), strings.Contains(message, "internal"), strings.Contains(message, "timeout"),
		e.Extensions.Code == "INTERNAL_SERVER_ERROR":
		return Transient
	default:
		return Refused
	}
}

// isOver recognises that the connection itself has ended, which no refresh cures.
func isOver(message string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, "disconnected this app") || strings.Contains(message, "account is not active")
}

func brokenReason(message string) string {
	switch message = strings.ToLower(message); {
	case strings.Contains(message, "disconnected this app"):
		return "The app was disconnected at Jobber."
	case strings.Contains(message, "account is not active"):
		return "The Jobber account is not active."
	default:
		return "Jobber no longer accepts this connection."
	}
}

// retryAfter reads RFC 9110's Retry-After, in seconds or as a date. Whether Jobber sends it is not documented.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if s, err := strconv.Atoi(text); err == nil && s >= 0 {
		return min(time.Duration(s)*time.Second, time.Hour)
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return min(t.Sub(now), time.Hour)
	}
	return rateLimitPause
}

// checkVersion logs, once for each, that Jobber answered by another version than the pinned one, or is going to.
func (a *API) checkVersion(ctx context.Context, version, warning string) {
	if (version == "" || version == a.cfg.GraphQLVersion) && warning == "" {
		return
	}
	a.mu.Lock()
	known := a.warned[version+warning]
	a.warned[version+warning] = true
	a.mu.Unlock()
	if !known {
		a.log.WarnContext(ctx, "Jobber's API version needs attention", "pinned", a.cfg.GraphQLVersion, "answered", version, "warning", warning)
	}
}

// asError returns err as one of ours.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Transient, Cause: err}
}
