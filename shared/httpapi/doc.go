// Package httpapi is the one way an HTTP function answers: one middleware chain, one shape of problems, one list of who may
// call what and how often. A function makes an API, registers its operations, each with its Access, and returns the API's
// Handler:
//
//	api, err := httpapi.NewPublic(ctx, in, httpapi.Options{Name: "records", Verifier: verifier})
//	if err != nil {
//		return nil, err
//	}
//	httpapi.Register(api, huma.Operation{OperationID: "list-visits", Method: "GET", Path: "/api/v1/visits"},
//		httpapi.Needs(account.RecordRead), h.listVisits)
//	return api.Handler(), nil
//
// NewPublic is for what anybody may reach; New, which limits nothing by itself, for workers.
//
// The chain, from the outside: correlation and the request's log line, the client's address (ClientIP), the deadline, the
// held-back answer (so that a panic half-way still gives a whole problem), security headers, panic recovery, routing, CORS
// and its preflights, the ETag. Then, for each operation, the guard:
//
//   - A public operation is charged to where the request comes from and the operation's class.
//   - Any other is authenticated first. A failure is charged to where it comes from, and past that limit the answer is 429
//     whatever the token; a success is charged to the principal, the account and the class. Only then is the permission
//     looked at, so that what is refused costs as much as what is not.
//
// After it: content type, query parameters, the bounded body, validation, handler.
//
// An operation's class follows from its method (read for GET and HEAD, else write), or is declared:
//
//	httpapi.Public.Class(ratelimit.SignIn)
//
// An answer tells by RateLimit-Policy and RateLimit what is left; one that is refused, by Retry-After, when to come back. Its
// problem type is quota-exceeded (429), abnormal-usage-detected (429) for a principal that went on after it was refused, or
// temporary-reduced-capacity (503) while Redis is away and this instance gives out its own part.
//
// A handler returns a *problem.Error for what the caller should know. Any other error is answered as internal, shows nothing
// of itself, and is logged once with the request.
//
// Browsers reach the functions through the gateway, on the dashboard's own origin. Pages of other origins can read an answer
// only where the deployment names them, only of operations that take a bearer token, and never with credentials.
package httpapi
