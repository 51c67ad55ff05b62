package jobber

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// requestedCost estimates what Jobber will price an operation at before it runs it, by the rules that it documents
// (developer.getjobber.com, "API rate limits"): each field 1; edges, nodes and node 0; a connection its page size times the
// cost of its nodes. The first reply to the operation then tells the real price.
func requestedCost(query string, variables any) (float64, error) {
	doc, err := parsed(query)
	if err != nil {
		return 0, err
	}
	vars, err := plain(variables)
	if err != nil {
		return 0, err
	}
	p := pricing{fragments: doc.Fragments, vars: vars}
	return p.selection(doc.Operations[0].SelectionSet), nil
}

var parsedQueries sync.Map // text of a query → *ast.QueryDocument

func parsed(query string) (*ast.QueryDocument, error) {
	if doc, ok := parsedQueries.Load(query); ok {
		return doc.(*ast.QueryDocument), nil
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return nil, fmt.Errorf("parsing a query: %w", err)
	}
	if len(doc.Operations) != 1 {
		return nil, fmt.Errorf("a query has %d operations, not one", len(doc.Operations))
	}
	parsedQueries.Store(query, doc)
	return doc, nil
}

// plain turns a struct of variables into what the query's arguments resolve to.
func plain(variables any) (map[string]any, error) {
	if variables == nil {
		return nil, nil
	}
	b, err := json.Marshal(variables)
	if err != nil {
		return nil, err
	}
	var vars map[string]any
	return vars, json.Unmarshal(b, &vars)
}

type pricing struct {
	fragments ast.FragmentDefinitionList
	vars      map[string]any
}

func (p pricing) selection(set ast.SelectionSet) float64 {
	total := 0.0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			total += p.field(s)
		case *ast.InlineFragment:
			total += p.selection(s.SelectionSet)
		case *ast.FragmentSpread:
			total += p.selection(p.fragments.ForName(s.Name).SelectionSet)
		}
	}
	return total
}

func (p pricing) field(f *ast.Field) float64 {
	size, isConnection := p.pageSize(f)
	if !isConnection {
		return 1 + p.selection(f.SelectionSet)
	}
	total := 0.0
	for _, s := range f.SelectionSet {
		child, ok := s.(*ast.Field)
		if ok && child.Name == "nodes" {
			total += size * p.selection(child.SelectionSet)
			continue
		}
		total += p.selection(ast.SelectionSet{s})
	}
	return total
}

// pageSize tells a connection, which in our queries always states its page size, from another field.
func (p pricing) pageSize(f *ast.Field) (float64, bool) {
	first := f.Arguments.ForName("first")
	if first == nil {
		return 0, false
	}
	value, err := first.Value.Value(p.vars)
	if err != nil {
		return 0, false
	}
	switch n := value.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

// prices corrects the estimates by what replies told. It is safe for concurrent use.
type prices struct {
	mu     sync.Mutex
	told   map[asked]float64
	factor map[string]float64 // by operation: the highest of told / estimated
}

// asked is an operation with its estimate, which differs with the page size.
type asked struct {
	op       string
	estimate float64
}

// caution is how much dearer than its estimate an operation is taken to be, until a reply told its price.
const caution = 1.25

func (p *prices) of(op string, estimate float64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if told, ok := p.told[asked{op, estimate}]; ok {
		return told
	}
	if factor, ok := p.factor[op]; ok {
		return max(1, factor) * estimate
	}
	return caution * estimate
}

func (p *prices) learn(op string, estimate, told float64) {
	if estimate <= 0 || told <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.told == nil {
		p.told, p.factor = map[asked]float64{}, map[string]float64{}
	}
	p.told[asked{op, estimate}] = told
	p.factor[op] = max(p.factor[op], told/estimate)
}
