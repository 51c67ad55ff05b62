package harness

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"fieldboard.dev/fieldboard/shared/httpapi"
)

// Operation is one operation of a function, as the function itself declares it.
type Operation struct {
	ID       string
	Function string
	Method   string
	Path     string // with {parameters}
	Access   string // "public", "worker", or the permissions that it needs
	Narrowed bool   // whether the permission may be held for a part of the account
	Keys     bool   // whether an API key will do
	Body     bool   // whether it takes a body
	Listing  bool   // whether it answers with a page, by cursor
}

// Operations returns every operation of every HTTP function, by id.
func (s *Stack) Operations() []Operation { return slices.Clone(s.operations) }

func (b *builder) describe(function string, handler http.Handler) {
	b.tb.Helper()
	described, ok := handler.(httpapi.Described)
	if !ok {
		b.tb.Fatalf("the function %s does not tell its operations", function)
	}
	document, err := described.OpenAPI()
	b.must(err)
	var api struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
			Permissions []string              `json:"x-permission"`
			Narrowed    bool                  `json:"x-narrowed"`
			RequestBody *struct{}             `json:"requestBody"`
			Parameters  []struct{ In, Name string }
		} `json:"paths"`
	}
	b.must(json.Unmarshal(document, &api))
	for path, methods := range api.Paths {
		for method, o := range methods {
			operation := Operation{
				ID: o.OperationID, Function: function, Method: strings.ToUpper(method), Path: path,
				Access: strings.Join(o.Permissions, " "), Narrowed: o.Narrowed, Body: o.RequestBody != nil,
			}
			for _, requirement := range o.Security {
				operation.Keys = operation.Keys || requirement["key"] != nil
			}
			for _, p := range o.Parameters {
				operation.Listing = operation.Listing || (p.In == "query" && p.Name == "cursor")
			}
			switch {
			case o.Security == nil:
				b.tb.Fatalf("%s declares no access", o.OperationID)
			case len(o.Security) == 0:
				operation.Access = "public"
			case o.Security[0]["worker"] != nil:
				operation.Access = "worker"
			}
			b.stack.operations = append(b.stack.operations, operation)
		}
	}
	slices.SortFunc(b.stack.operations, func(x, y Operation) int { return strings.Compare(x.ID, y.ID) })
}
