package httpapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// Register adds an operation. I and O are huma's input and output structs. It panics when the operation declares no access,
// has no OperationID, has a class that there is not, or needs a permission in an API without a verifier: such a function must
// not start. A handler adds
// headers to a problem with huma.ErrorWithHeaders.
func Register[I, O any](a *API, op huma.Operation, access Access, handler func(context.Context, *I) (*O, error)) {
	switch {
	case !access.declared():
		panic(fmt.Sprintf("httpapi: %s %s declares no access", op.Method, op.Path))
	case op.OperationID == "":
		panic(fmt.Sprintf("httpapi: %s %s has no operation id", op.Method, op.Path))
	case len(access.permissions) > 0 && a.verifier == nil:
		panic(fmt.Sprintf("httpapi: %s needs a permission, but the API has no verifier", op.OperationID))
	case !ratelimit.Exists(access.classOf(op.Method)) || access.class == ratelimit.Failure:
		panic(fmt.Sprintf("httpapi: %s has the class %q, which no operation can have", op.OperationID, access.class))
	}
	a.bearers[op.Method+" "+op.Path] = len(access.permissions) > 0
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = MaxBodyBytes
	}
	op.MaxBodyBytes++ // huma refuses a body that has as many bytes as this, ours is the largest that passes
	a.describe(&op, access)
	op.Middlewares = append(huma.Middlewares{a.guard(access), checkRequest}, op.Middlewares...)

	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		if bad := note(ctx).badQuery; len(bad) > 0 {
			return nil, inputProblem(ctx, http.StatusUnprocessableEntity, nil)
		}
		out, err := handler(ctx, in)
		if err == nil {
			return out, nil
		}
		var headers huma.HeadersError
		if errors.As(err, &headers) {
			return nil, huma.ErrorWithHeaders(problemOf(ctx, err), headers.GetHeaders())
		}
		return nil, problemOf(ctx, err)
	})
}

// describe says in the OpenAPI document who may call the operation.
func (a *API) describe(op *huma.Operation, access Access) {
	extensions := map[string]any{}
	for k, v := range op.Extensions {
		extensions[k] = v
	}
	switch {
	case access.public:
		op.Security = []map[string][]string{}
	case access.oidc != nil:
		op.Security = []map[string][]string{{"worker": {}}}
	default:
		op.Security = []map[string][]string{{"session": {}}}
		if takesKeys(a.verifier) {
			op.Security = append(op.Security, map[string][]string{"key": {}}) // one or the other
		}
		extensions["x-permission"] = access.permissions
		if access.narrow {
			extensions["x-narrowed"] = true // who holds it for a part of the account gets that part
		}
	}
	if access.oidc == nil {
		extensions["x-rate-limit-class"] = access.classOf(op.Method)
	}
	op.Extensions = extensions
}

// guard stands before everything else of an operation: nothing of a request is read for somebody who may not call it.
func (a *API) guard(access Access) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		note(hc.Context()).private = !access.public
		ctx, err := a.admit(hc.Context(), r, w.Header(), access)
		if err != nil {
			writeProblem(hc.Context(), w, err)
			return
		}
		next(huma.WithContext(hc, ctx))
	}
}

// checkRequest holds the rules that huma does not: a JSON body must say that it is one, and a query parameter must be known
// and given once. What is wrong with the query is told together with whatever huma finds.
func checkRequest(hc huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(hc)
	op := hc.Operation()
	if op.RequestBody != nil && r.ContentLength != 0 {
		_, wantsJSON := op.RequestBody.Content["application/json"]
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if wantsJSON && (err != nil || media != "application/json") {
			writeProblem(hc.Context(), w, problem.New(problem.Unsupported, "Send the body as application/json."))
			return
		}
	}
	note(hc.Context()).badQuery = badQuery(op, r.URL.RawQuery)
	next(hc)
}

func badQuery(op *huma.Operation, raw string) []problem.Field {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return []problem.Field{{Location: "query", Message: "is not a valid query string"}}
	}
	repeatable := map[string]bool{} // also: known
	for _, p := range op.Parameters {
		if p.In == "query" {
			repeatable[p.Name] = p.Explode != nil && *p.Explode
		}
	}
	var bad []problem.Field
	for _, name := range slices.Sorted(maps.Keys(query)) {
		many, known := repeatable[name]
		location := "query." + name[:min(len(name), 64)]
		switch {
		case !known:
			bad = append(bad, problem.Field{Location: location, Message: "is not a parameter of this operation"})
		case len(query[name]) > 1 && !many:
			bad = append(bad, problem.Field{Location: location, Message: "may be given only once"})
		}
	}
	return bad
}
