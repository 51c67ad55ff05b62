package jobber

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// scopeTypes says which types a read scope shows. The account is readable with any scope.
var scopeTypes = map[string][]string{
	"read_clients":         {"Client", "Property"},
	"read_requests":        {"Request"},
	"read_quotes":          {"Quote"},
	"read_jobs":            {"Job"},
	"read_scheduled_items": {"Visit", "Assessment"},
	"read_invoices":        {"Invoice"},
	"read_jobber_payments": {"PaymentRecordInterface", "PaymentRecord"},
	"read_users":           {"User"},
}

// writeScopes says which scope a mutation needs. That a mutation without its scope is hidden as a field is, and is not run, is
// not documented: it is taken from what reads do.
var writeScopes = map[string]string{
	"clientCreate": "write_clients", "clientEdit": "write_clients", "clientArchive": "write_clients", "clientUnarchive": "write_clients",
	"visitComplete": "write_scheduled_items", "invoiceMarkAsSent": "write_invoices",
}

// forbidden returns the reply to an operation that has a mutation which the scopes do not allow; nothing of it is run.
func (q request) forbidden(scopes []string) (data map[string]any, problems []graphError) {
	data = map[string]any{}
	q.eachField(q.op.SelectionSet, func(f *ast.Field) {
		data[f.Alias] = nil
		if scope := writeScopes[f.Name]; q.op.Operation == ast.Mutation && scope != "" && !slices.Contains(scopes, scope) {
			problems = append(problems, graphError{
				Message: "The field " + f.Name + " on an object of type Mutation was hidden due to permissions", Path: []any{f.Alias},
			})
		}
	})
	return data, problems
}

func allScopes() []string {
	return []string{
		"read_clients", "read_requests", "read_quotes", "read_jobs", "read_scheduled_items", "read_invoices",
		"read_jobber_payments", "read_users", "write_clients", "write_scheduled_items", "write_invoices",
	}
}

// hiding is what one reply must not show.
type hiding struct {
	fields  map[string]bool // "Type.field"; the type may be an interface
	objects map[string]bool // types whose every object is hidden
}

func (h hiding) empty() bool { return len(h.fields) == 0 && len(h.objects) == 0 }

// add hides a field, or with "" every object of the type.
func (h *hiding) add(typeName, field string) {
	if h.fields == nil {
		h.fields, h.objects = map[string]bool{}, map[string]bool{}
	}
	if field == "" {
		h.objects[typeName] = true
		return
	}
	h.fields[typeName+"."+field] = true
}

// withoutScopes hides every field that leads to a type which needs a scope that is not there.
func (h *hiding) withoutScopes(schema *ast.Schema, scopes []string) {
	for scope, types := range scopeTypes {
		if slices.Contains(scopes, scope) {
			continue
		}
		for _, t := range schema.Types {
			for _, f := range t.Fields {
				for _, hidden := range types {
					if name := f.Type.Name(); name == hidden || name == hidden+connectionSuffix {
						h.add(t.Name, f.Name)
					}
				}
			}
		}
	}
}

// hider takes what is hidden out of a reply. A hidden field is null, with an error that names its path. Where the schema
// promises a value, the object around it goes too, up to the nearest place that may be null; a list's element and a field
// of the root may always be, whatever the schema says, because Jobber sends null nodes for hidden objects.
type hider struct {
	request
	hiding
	errors []graphError
}

func (h *hider) hide(data map[string]any) {
	h.object(h.op.SelectionSet, data, nil, true)
}

// object reports whether the object survives.
func (h *hider) object(set ast.SelectionSet, object map[string]any, path []any, root bool) bool {
	survives := true
	h.eachField(set, func(f *ast.Field) {
		value, delivered := object[f.Alias]
		if !delivered || !survives {
			return
		}
		at := append(slices.Clone(path), f.Alias)
		gone := false
		switch {
		case h.hidesField(f):
			h.errors = append(h.errors, graphError{
				Message: "The field " + f.Name + " on an object of type " + f.ObjectDefinition.Name + " was hidden due to permissions",
				Path:    at,
			})
			gone = true
		case value != nil:
			gone = !h.value(f, value, at)
		}
		if gone {
			object[f.Alias] = nil
			survives = root || !f.Definition.Type.NonNull
		}
	})
	return survives
}

// value reports whether a field's value survives. Elements of a list are made null in place.
func (h *hider) value(f *ast.Field, value any, path []any) bool {
	switch v := value.(type) {
	case map[string]any:
		return h.element(f, v, path)
	case []any:
		for i, element := range v {
			if object, ok := element.(map[string]any); ok && !h.element(f, object, append(slices.Clone(path), i)) {
				v[i] = nil
			}
		}
	}
	return true
}

func (h *hider) element(f *ast.Field, object map[string]any, path []any) bool {
	name := f.Definition.Type.Name()
	if h.objects[name] {
		h.errors = append(h.errors, graphError{
			Message: "An object of type " + name + " was hidden due to permissions", Path: path,
		})
		return false
	}
	return h.object(f.SelectionSet, object, path, false)
}

func (h *hider) hidesField(f *ast.Field) bool {
	if h.fields[f.ObjectDefinition.Name+"."+f.Name] {
		return true
	}
	// Asked through an interface, hidden on a member of it, or the other way round.
	for _, related := range append(h.schema.GetPossibleTypes(f.ObjectDefinition), h.schema.GetImplements(f.ObjectDefinition)...) {
		if h.fields[related.Name+"."+f.Name] {
			return true
		}
	}
	return false
}
