package jobber

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	graphql "github.com/graph-gophers/graphql-go"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

//go:embed schema.graphql
var schemaText string

// graph is the schema twice: once to check and price a query, once to run it.
type graph struct {
	ast  *ast.Schema
	exec *graphql.Schema
}

func newGraph() (*graph, error) {
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
	if err != nil {
		return nil, fmt.Errorf("jobber: schema: %w", err)
	}
	exec, err := graphql.ParseSchema(schemaText, &root{}, graphql.UseFieldResolvers(), graphql.UseStringDescriptions())
	if err != nil {
		return nil, fmt.Errorf("jobber: schema: %w", err)
	}
	return &graph{parsed, exec}, nil
}

// graphError is one element of a reply's errors.
type graphError struct {
	Message    string         `json:"message"`
	Locations  []location     `json:"locations,omitempty"`
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

type location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// query is the body of a request.
type query struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// prepare checks a query against the schema. Its errors are the reply's, in the form that graphql-ruby gives them.
func (g *graph) prepare(q query) (request, []graphError) {
	document, problems := gqlparser.LoadQueryWithRules(g.ast, q.Query, rules.NewDefaultRules())
	if len(problems) > 0 {
		return request{}, validationErrors(problems)
	}
	op := document.Operations.ForName(q.OperationName)
	if op == nil {
		return request{}, []graphError{{Message: fmt.Sprintf("No operation named %q", q.OperationName)}}
	}
	prepared := request{schema: g.ast, op: op, vars: q.Variables}
	if problem := checkVariables(prepared); problem != nil {
		return request{}, []graphError{*problem}
	}
	return prepared, nil
}

// graphql-ruby's codes for the rules that a query can break.
var validationCodes = map[string]string{
	"FieldsOnCorrectType":        "undefinedField",
	"KnownArgumentNames":         "argumentNotAccepted",
	"ProvidedRequiredArguments":  "missingRequiredArguments",
	"ValuesOfCorrectType":        "argumentLiteralsIncompatible",
	"ScalarLeafs":                "selectionMismatch",
	"KnownTypeNames":             "undefinedType",
	"KnownFragmentNames":         "useAndDefineFragment",
	"NoUndefinedVariables":       "variableNotDefined",
	"NoUnusedVariables":          "variableNotUsed",
	"VariablesInAllowedPosition": "variableMismatch",
	"VariablesAreInputTypes":     "variableRequiresValidType",
}

func validationErrors(problems gqlerror.List) []graphError {
	list := make([]graphError, 0, len(problems))
	for _, p := range problems {
		e := graphError{Message: p.Message}
		for _, l := range p.Locations {
			e.Locations = append(e.Locations, location{l.Line, l.Column})
		}
		code, ok := validationCodes[p.Rule]
		if !ok {
			code = "parseError"
			if p.Rule != "" {
				code = "invalidQuery"
			}
		}
		e.Extensions = map[string]any{"code": code}
		list = append(list, e)
	}
	return list
}

// checkVariables coerces the variables and finds ids and times that are none.
func checkVariables(q request) *graphError {
	coerced, err := validator.VariableValues(q.schema, q.op, q.vars)
	if err != nil {
		var problem *gqlerror.Error
		if !errors.As(err, &problem) {
			return &graphError{Message: err.Error()}
		}
		return &graphError{Message: "Variable was provided invalid value: " + problem.Message, Extensions: map[string]any{
			"problems": []map[string]any{{"path": []string{problem.Path.String()}, "explanation": problem.Message}},
		}}
	}
	for _, v := range q.op.VariableDefinitions {
		value, given := coerced[v.Variable]
		if !given || value == nil {
			continue
		}
		if path, explanation := checkValue(q.schema, v.Type, value, []any{}); explanation != "" {
			return &graphError{
				Message: fmt.Sprintf("Variable $%s of type %s was provided invalid value", v.Variable, v.Type),
				Extensions: map[string]any{
					"value":    value,
					"problems": []map[string]any{{"path": path, "explanation": explanation, "message": explanation}},
				},
			}
		}
	}
	return nil
}

// checkValue returns where in a value something is not of its scalar, and why.
func checkValue(schema *ast.Schema, t *ast.Type, value any, path []any) ([]any, string) {
	if value == nil {
		return nil, ""
	}
	if t.Elem != nil {
		elements, ok := value.([]any)
		if !ok {
			elements = []any{value}
		}
		for i, element := range elements {
			if where, why := checkValue(schema, t.Elem, element, append(slices.Clone(path), i)); why != "" {
				return where, why
			}
		}
		return nil, ""
	}
	definition := schema.Types[t.NamedType]
	if object, ok := value.(map[string]any); ok && definition.Kind == ast.InputObject {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			field := definition.Fields.ForName(name)
			if where, why := checkValue(schema, field.Type, object[name], append(slices.Clone(path), name)); why != "" {
				return where, why
			}
		}
		return nil, ""
	}
	var err error
	switch t.NamedType {
	case "EncodedId":
		err = new(encodedID).UnmarshalGraphQL(value)
	case "ISO8601DateTime":
		err = new(dateTime).UnmarshalGraphQL(value)
	}
	if err != nil {
		return path, err.Error()
	}
	return nil, ""
}

// session is for whom and when a query runs.
type session struct {
	business    *business.Business
	currentUser int64
	emulator    *Emulator
	account     *account
}

type sessionKey struct{}

func sessionOf(ctx context.Context) *session { return ctx.Value(sessionKey{}).(*session) }

// run executes a prepared query and decodes its data, for the meter and the hider to walk.
func (g *graph) run(ctx context.Context, s *session, q query) (raw json.RawMessage, data map[string]any, problems []graphError) {
	response := g.exec.Exec(context.WithValue(ctx, sessionKey{}, s), q.Query, q.OperationName, q.Variables)
	for _, e := range response.Errors {
		problem := graphError{Message: e.Message, Path: e.Path, Extensions: e.Extensions}
		for _, l := range e.Locations {
			problem.Locations = append(problem.Locations, location{l.Line, l.Column})
		}
		problems = append(problems, problem)
	}
	if len(response.Data) > 0 {
		if err := json.Unmarshal(response.Data, &data); err != nil {
			problems = append(problems, graphError{Message: err.Error()})
		}
	}
	return response.Data, data, problems
}

// schemaNames answers what the schema holds.
type schemaNames struct{ *ast.Schema }

// checkField returns what is wrong with the name of a field, "" when nothing is.
func (s schemaNames) checkField(typeName, field string) string {
	t, ok := s.Types[typeName]
	if !ok || !t.IsCompositeType() {
		return "must be an object type of the schema"
	}
	if field != "" && t.Fields.ForName(field) == nil {
		return typeName + " has no field " + field
	}
	return ""
}

func (s schemaNames) enum(name string) []string {
	var values []string
	for _, v := range s.Types[name].EnumValues {
		values = append(values, v.Name)
	}
	return values
}
