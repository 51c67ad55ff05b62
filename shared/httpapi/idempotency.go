package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

const idempotencyKey = "Idempotency-Key"

var goodIdempotencyKey = regexp.MustCompile(`^[!-~]{1,255}$`)

// RegisterCreate is Register for an operation that creates something. A client that does not know whether its request was
// done sends it again with the same Idempotency-Key: it gets the same status and body, and nothing is created twice. Another
// request with the same key, of the same principal to the same operation, is refused.
//
// What is answered for good is remembered: success, and a refusal that would be the same again. A handler whose request died
// before that runs again, so it takes the id of what it creates from IdempotentID and takes what it finds there for its own.
func RegisterCreate[I, O any](a *API, answers *idempotency.Store, op huma.Operation, access Access, handler func(context.Context, *I) (*O, error)) {
	if len(access.permissions) == 0 {
		panic(fmt.Sprintf("httpapi: %s remembers answers for a principal, but has none", op.OperationID))
	}
	op.Parameters = append([]*huma.Param{idempotencyParam()}, op.Parameters...)
	op.Middlewares = append(huma.Middlewares{keepAnswer(answers)}, op.Middlewares...)
	Register(a, op, access, func(ctx context.Context, in *I) (*O, error) {
		if o := onceOf(ctx); o != nil {
			if err := o.begin(ctx, answers); err != nil || o.answer != nil {
				return nil, err // keepAnswer writes the answer of before
			}
		}
		return handler(ctx, in)
	})
}

func idempotencyParam() *huma.Param {
	shortest, longest := 1, 255
	return &huma.Param{
		Name: idempotencyKey, In: "header",
		Description: "Names this request, so that it can be sent again without being done twice. Make a new one, such as a UUID, for each new request. It is remembered for a day.",
		Schema:      &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Pattern: goodIdempotencyKey.String()},
	}
}

// IdempotentID returns the id for what a request creates. It is the same each time that a request is tried with the same
// Idempotency-Key, and a new one without.
func IdempotentID(ctx context.Context) string {
	if o := onceOf(ctx); o != nil && o.attempt != nil {
		return o.attempt.ID
	}
	return rand.Text()
}

// once is a request with an Idempotency-Key.
type once struct {
	key       string
	operation string
	target    string       // method, path and query
	body      bytes.Buffer // as far as it was read
	attempt   *idempotency.Attempt
	answer    *idempotency.Answer // of before
	answered  bool                // the operation came to its end
}

type onceKey struct{}

// onceOf returns nil for a request without a key.
func onceOf(ctx context.Context) *once {
	o, _ := ctx.Value(onceKey{}).(*once)
	return o
}

// begin sets either the attempt or the answer of before. It is called when all of the request is read and found good: a
// request that breaks a rule is told so each time, without being remembered.
func (o *once) begin(ctx context.Context, answers *idempotency.Store) (err error) {
	p := PrincipalFrom(ctx)
	o.attempt, o.answer, err = answers.Begin(ctx, idempotency.Request{
		Account: p.AccountID, Principal: p.UserID + "/" + p.KeyID, Operation: o.operation,
		Key: telemetry.Secret(o.key), Content: append([]byte(o.target+"\n"), o.body.Bytes()...),
	})
	var running *idempotency.RunningError
	switch {
	case errors.Is(err, idempotency.ErrOther):
		return &problem.Error{Code: problem.Invalid, Message: "This key was used for another request. Make a new one for each request.", Fields: []problem.Field{
			{Location: "header." + idempotencyKey, Message: "was used for another request"},
		}}
	case errors.As(err, &running):
		wait := int((running.Left + time.Second - 1) / time.Second)
		const soon = 5 // most requests are done long before their lease ends
		return huma.ErrorWithHeaders(
			problem.New(problem.Conflict, "The same request is being done. Send it again with the same key to get its answer."),
			http.Header{"Retry-After": {strconv.Itoa(min(wait, soon))}})
	}
	return err
}

// keepAnswer stands around an operation: it takes the key before, and remembers the answer after, or gives the one of before.
func keepAnswer(answers *idempotency.Store) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		keys := r.Header.Values(idempotencyKey)
		if len(keys) == 0 {
			next(hc)
			return
		}
		ctx := hc.Context()
		if len(keys) > 1 || !goodIdempotencyKey.MatchString(keys[0]) {
			n := note(ctx)
			n.badQuery = append(n.badQuery, problem.Field{Location: "header." + idempotencyKey, Message: "must be one of 1 to 255 visible ASCII characters"})
			next(hc)
			return
		}
		answer, ok := w.(*reply)
		if !ok {
			writeProblem(ctx, w, fmt.Errorf("%s: the answer is a %T", hc.Operation().OperationID, w))
			return
		}
		o := &once{key: keys[0], operation: hc.Operation().OperationID, target: r.Method + " " + r.URL.RequestURI()}
		r.Body = readCloser{io.TeeReader(r.Body, &o.body), r.Body}
		defer o.end(ctx, answers, answer)
		next(huma.WithContext(hc, context.WithValue(ctx, onceKey{}, o)))
		o.answered = true
		o.repeat(answer)
	}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// repeat writes the answer of before in place of the empty one that stands for it.
func (o *once) repeat(to *reply) {
	if o.answer == nil {
		return
	}
	to.code = o.answer.Status
	to.body.Reset()
	to.body.Write(o.answer.Body)
	headers := map[string]string{"Content-Type": o.answer.Type, "Location": o.answer.Location, "Idempotency-Replayed": "true"}
	maps.DeleteFunc(headers, func(_, value string) bool { return value == "" })
	for name, value := range headers {
		to.head.Set(name, value)
	}
}

// end remembers the answer, or lets the request be tried again at once. It does so also when the handler panics, and when the
// client has gone. What is not remembered is told in the request's log line: the answer itself stands.
func (o *once) end(ctx context.Context, answers *idempotency.Store, answer *reply) {
	if o.attempt == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	var err error
	if o.answered && isFinal(answer.status()) {
		err = answers.Keep(ctx, o.attempt, idempotency.Answer{
			Status: answer.status(), Type: answer.head.Get("Content-Type"), Location: answer.head.Get("Location"), Body: answer.body.Bytes(),
		})
	} else {
		err = answers.Release(ctx, o.attempt)
	}
	if err != nil {
		note(ctx).err = errors.Join(note(ctx).err, fmt.Errorf("the answer is not remembered: %w", err))
	}
}

// isFinal tells whether a status says that the same request would be answered the same again.
func isFinal(code int) bool {
	switch code {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return code >= 200 && code < 300 || code >= 400 && code < 500
}
