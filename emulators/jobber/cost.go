package jobber

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// The rules of Jobber's query cost, as its documentation gives them: a field is 1, edges, nodes and node are 0, a
// connection is its page size times the cost of one node and is itself 0, and filters and sorts are free. What the
// documentation leaves open is settled here: pageInfo and totalCount are paid once for each connection; a plain list is
// priced as one element; fragments of an interface or a union are all paid for in advance.
const (
	fieldCost       = 1
	defaultPageSize = 100 // what a connection without first and last is priced at, and the most that it answers
	totalCountCost  = 50  // the schema calls it dear and gives no number
)

const connectionSuffix = "Connection"

// request is one operation that was found valid, with its variables.
type request struct {
	schema *ast.Schema
	op     *ast.OperationDefinition
	vars   map[string]any
}

// requestedCost is the worst case: every connection full.
func (q request) requestedCost() int { return q.selectionCost(q.op.SelectionSet) }

func (q request) selectionCost(set ast.SelectionSet) int {
	total := 0
	q.eachField(set, func(f *ast.Field) { total += q.costOf(f) })
	return total
}

func (q request) costOf(f *ast.Field) int {
	switch {
	case isIntrospection(f):
		return 0
	case isConnection(f):
		perNode, once := 0, 0
		q.eachField(f.SelectionSet, func(child *ast.Field) {
			switch child.Name {
			case "nodes", "edges":
				perNode += q.pageItemCost(child)
			default:
				once += q.onceCost(child)
			}
		})
		return q.pageSize(f)*perNode + once
	default:
		return fieldCost + q.selectionCost(f.SelectionSet)
	}
}

// pageItemCost is the cost of one element of nodes or edges.
func (q request) pageItemCost(f *ast.Field) int {
	if f.Name == "nodes" {
		return q.selectionCost(f.SelectionSet)
	}
	total := 0
	q.eachField(f.SelectionSet, func(child *ast.Field) {
		if child.Name == "node" {
			total += q.selectionCost(child.SelectionSet)
			return
		}
		total += q.costOf(child)
	})
	return total
}

// onceCost is the cost of what a connection has beside its nodes.
func (q request) onceCost(f *ast.Field) int {
	if f.Name == "totalCount" {
		return totalCountCost
	}
	return q.costOf(f)
}

func (q request) pageSize(f *ast.Field) int {
	for _, name := range []string{"first", "last"} {
		if n, ok := q.intArgument(f, name); ok {
			return max(0, n)
		}
	}
	return defaultPageSize
}

func (q request) intArgument(f *ast.Field, name string) (int, bool) {
	argument := f.Arguments.ForName(name)
	if argument == nil {
		return 0, false
	}
	value, err := argument.Value.Value(q.vars)
	if err != nil {
		return 0, false
	}
	switch n := value.(type) {
	case int64:
		return int(n), true
	case int:
		return n, true
	case float64:
		return int(n), true
	default:
		return 0, false
	}
}

// eachField calls visit for every field of a selection set, through fragments, leaving out what @skip and @include do.
func (q request) eachField(set ast.SelectionSet, visit func(*ast.Field)) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if q.included(s.Directives) {
				visit(s)
			}
		case *ast.InlineFragment:
			if q.included(s.Directives) {
				q.eachField(s.SelectionSet, visit)
			}
		case *ast.FragmentSpread:
			if q.included(s.Directives) {
				q.eachField(s.Definition.SelectionSet, visit)
			}
		}
	}
}

func (q request) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		condition, _ := d.ArgumentMap(q.vars)["if"].(bool)
		if d.Name == "skip" && condition || d.Name == "include" && !condition {
			return false
		}
	}
	return true
}

func isIntrospection(f *ast.Field) bool { return f.Name == "__schema" || f.Name == "__type" }

func isConnection(f *ast.Field) bool {
	return f.Definition != nil && strings.HasSuffix(f.Definition.Type.Name(), connectionSuffix)
}

// meter walks a reply and adds up what the query really cost: the same rules, with the nodes that came in place of the
// page size. It tells a ledger which field of which record was delivered, for the least possible cost.
type meter struct {
	request
	ledger *ledger
}

// place is where the meter is: inside which record, by which fields it got there.
type place struct {
	id     string // EncodedId; "" at the root, and in a record whose id was not asked for
	path   int    // the ledger's number of the path from the record's type
	linked bool   // the record is new to the one that it hangs on: its id tells something even when it was seen before
}

// actualCost is what the query took from the bucket, given its reply's data.
func (m meter) actualCost(data map[string]any) int {
	m.ledger.mu.Lock()
	defer m.ledger.mu.Unlock()
	total := 0
	m.eachField(m.op.SelectionSet, func(f *ast.Field) {
		value := data[f.Alias]
		switch {
		case isIntrospection(f):
		case isConnection(f):
			total += m.connection(f, value, false, true)
		default:
			total += fieldCost
			object, ok := value.(map[string]any)
			if !ok {
				m.ledger.least += fieldCost
				return
			}
			before := m.ledger.least
			total += m.object(f.SelectionSet, object, m.enter(f, object, false))
			if m.ledger.least > before {
				m.ledger.least += fieldCost
			}
		}
	})
	return total
}

// object returns what the delivered fields of one object cost.
func (m meter) object(set ast.SelectionSet, object map[string]any, at place) int {
	total := 0
	m.eachField(set, func(f *ast.Field) {
		value, delivered := object[f.Alias]
		if !delivered {
			return
		}
		path := m.ledger.child(at.path, f.Name)
		isNew := m.ledger.mark(at.id, path)
		if isConnection(f) {
			total += m.connection(f, value, isNew, false)
			return
		}
		total += fieldCost
		if isNew || at.linked && f.Name == "id" {
			m.ledger.least += fieldCost
		}
		inside := place{id: at.id, path: path}
		switch v := value.(type) {
		case map[string]any:
			total += m.object(f.SelectionSet, v, inside)
		case []any:
			total += m.plainList(f, v, inside)
		}
	})
	return total
}

// plainList is priced as one element: the dearest that came.
func (m meter) plainList(f *ast.Field, elements []any, at place) int {
	dearest, before := 0, m.ledger.least
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok {
			dearest = max(dearest, m.object(f.SelectionSet, object, at))
		}
	}
	if at.id == "" {
		m.ledger.least = before + dearest
	}
	return dearest
}

func (m meter) connection(f *ast.Field, value any, linked, root bool) int {
	connection, ok := value.(map[string]any)
	if !ok {
		return 0
	}
	total := 0
	node := func(of *ast.Field, value any) {
		object, ok := value.(map[string]any)
		if !ok {
			return
		}
		at := m.enter(of, object, linked)
		if root {
			m.ledger.count(of.Definition.Type.Name(), at.id)
		}
		total += m.object(of.SelectionSet, object, at)
	}
	m.eachField(f.SelectionSet, func(child *ast.Field) {
		items, _ := connection[child.Alias].([]any)
		switch child.Name {
		case "nodes":
			for _, item := range items {
				node(child, item)
			}
		case "edges":
			for _, item := range items {
				edge, _ := item.(map[string]any)
				m.eachField(child.SelectionSet, func(part *ast.Field) {
					if part.Name == "node" {
						node(part, edge[part.Alias])
						return
					}
					total += m.costOf(part)
				})
			}
		default:
			total += m.onceCost(child)
		}
	})
	return total
}

// enter returns the place of a record that was delivered for f.
func (m meter) enter(f *ast.Field, object map[string]any, linked bool) place {
	at := place{path: m.ledger.child(0, f.Definition.Type.Name()), linked: linked}
	m.eachField(f.SelectionSet, func(child *ast.Field) {
		if child.Name == "id" {
			at.id, _ = object[child.Alias].(string)
		}
	})
	return at
}
