// Package httpapi is the one way an HTTP function answers: one middleware chain, one shape of problems, one list of who may
// call what. A function makes an API, registers its operations, each with its Access, and returns the API's Handler:
//
//	api := httpapi.New(in, httpapi.Options{Name: "records", Verifier: verifier})
//	httpapi.Register(api, huma.Operation{OperationID: "list-visits", Method: "GET", Path: "/api/v1/visits"},
//		httpapi.Needs(account.RecordRead), h.listVisits)
//	return api.Handler(), nil
//
// The chain, from the outside: correlation and the request's log line, the held-back answer (so that a panic half-way
// still gives a whole problem), security headers, panic recovery, deadline, routing, the ETag. Then, for each operation:
// authentication, permission, content type, query parameters, the bounded body, validation, handler.
//
// A handler returns a *problem.Error for what the caller should know. Any other error is answered as internal, shows nothing
// of itself, and is logged once with the request.
//
// There are no CORS headers: browsers reach the functions through the gateway, on the dashboard's own origin.
package httpapi
