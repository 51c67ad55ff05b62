package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Problem is the body of every answer that is not a success: RFC 9457, with the code to branch on, the request's id, and
// every broken field at once.
type Problem struct {
	Type      string          `json:"type" doc:"Names the class of problem; urn:fieldboard:problem: and the code, or a registered type."`
	Title     string          `json:"title" doc:"The class of problem in words; the same each time."`
	Status    int             `json:"status" doc:"The HTTP status."`
	Detail    string          `json:"detail,omitempty" doc:"What went wrong this time, and what to do."`
	Code      problem.Code    `json:"code" doc:"Stable; clients may branch on it."`
	RequestID string          `json:"requestId,omitempty" doc:"Quote it when asking for help."`
	Errors    []problem.Field `json:"errors,omitempty" doc:"Every broken rule of the input."`

	ViolatedPolicies []string `json:"violated-policies,omitempty" doc:"The rate limits that had no room, by their names in RateLimit-Policy."`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of the body, whatever was negotiated.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

var titles = map[problem.Code]string{
	problem.Invalid:         "The input is not valid",
	problem.Unauthenticated: "Not signed in",
	problem.Forbidden:       "Not allowed",
	problem.EmailUnverified: "Email address not verified",
	problem.NotFound:        "Not found",
	problem.Conflict:        "Not possible in the present state",
	problem.TooLarge:        "Too large",
	problem.Unsupported:     "Unsupported content type",
	problem.MethodNotAllow:  "Method not allowed",
	problem.RateLimited:     "Too many requests",
	problem.Unavailable:     "Temporarily unavailable",
	problem.Internal:        "Something went wrong on our side",
}

// problemOf returns the body for err and leaves err itself for the request's log line, where it is told once.
func problemOf(ctx context.Context, err error) *Problem {
	note(ctx).err = err
	var body *Problem
	if errors.As(err, &body) {
		return body
	}
	var e *problem.Error
	if !errors.As(err, &e) {
		e = problem.New(problem.Internal, "")
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) { // or the caller has gone, and reads nothing
			e = problem.New(problem.Unavailable, "This took too long. Try again.")
		}
	}
	body = newProblem(ctx, e.Code, e.Message, e.Fields)
	if body.Code == problem.Internal {
		body.Detail, body.Errors = "The request's id lets us find out what happened.", nil
	}
	return body
}

func newProblem(ctx context.Context, code problem.Code, detail string, fields []problem.Field) *Problem {
	title, known := titles[code]
	if !known {
		code, title, detail = problem.Internal, titles[problem.Internal], ""
	}
	note(ctx).code = code
	return &Problem{
		Type:      "urn:fieldboard:problem:" + string(code),
		Title:     title,
		Status:    problem.Status(code),
		Detail:    detail,
		Code:      code,
		RequestID: telemetry.CorrelationFrom(ctx).RequestID,
		Errors:    fields,
	}
}

// writeProblem answers with err.
func writeProblem(ctx context.Context, w http.ResponseWriter, err error) {
	body := problemOf(ctx, err)
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(body.Status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		note(ctx).err = errors.Join(note(ctx).err, err)
	}
}

// huma makes its errors through these two variables and offers no other way to have ours.
func init() {
	huma.NewErrorWithContext = func(hc huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return inputProblem(hc.Context(), status, errs)
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return inputProblem(context.Background(), status, errs)
	}
	huma.ValidateStrictCasing = true
}

// inputProblem is what huma found wrong with a request.
func inputProblem(ctx context.Context, status int, errs []error) *Problem {
	switch status {
	case http.StatusUnsupportedMediaType:
		return newProblem(ctx, problem.Unsupported, "Send the body as application/json.", nil)
	case http.StatusRequestEntityTooLarge:
		return newProblem(ctx, problem.TooLarge, "The body is over the bound of this operation.", nil)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
	case http.StatusRequestTimeout:
		return newProblem(ctx, problem.Invalid, "The body did not arrive in time.", nil)
	default:
		note(ctx).err = errors.Join(errs...)
		return newProblem(ctx, problem.Internal, "", nil)
	}
	fields := append([]problem.Field{}, note(ctx).badQuery...)
	for _, err := range errs {
		fields = append(fields, fieldOf(err))
	}
	if len(fields) == 0 {
		fields = append(fields, problem.Field{Location: "body", Message: "a body is required"})
	}
	return newProblem(ctx, problem.Invalid, "Correct the fields below and send the request again.", fields)
}

// fieldOf leaves out the value that huma echoes: it may be a secret or a page of text.
func fieldOf(err error) problem.Field {
	var detailer huma.ErrorDetailer
	if !errors.As(err, &detailer) {
		return problem.Field{Location: "request", Message: "is not valid"}
	}
	d := detailer.ErrorDetail()
	var name string
	if n, _ := fmt.Sscanf(d.Message, validation.MsgExpectedRequiredProperty, &name); n == 1 {
		return problem.Field{Location: d.Location + "." + name, Message: "is required"}
	}
	return problem.Field{Location: d.Location, Message: d.Message}
}
