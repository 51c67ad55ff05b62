package jobber

import (
	"encoding/base64"
	"fmt"
	"strconv"
)

// paging is the paging of every connection. A cursor is base64 of a row's place in the list, so rows shift between pages
// when the data changes, as they do with Jobber: there is no snapshot.
type paging struct {
	After, Before *string
	First, Last   *int32
}

// pageInfo is PageInfo.
type pageInfo struct {
	EndCursor, StartCursor       *string
	HasNextPage, HasPreviousPage bool
}

// connection is a page of views.
type connection[V any] struct {
	Nodes      []V
	PageInfo   *pageInfo
	TotalCount int32
	offset     int
}

// edge is a node with its cursor.
type edge[V any] struct {
	Cursor string
	Node   V
}

// Edges resolves edges.
func (c *connection[V]) Edges() *[]*edge[V] {
	edges := make([]*edge[V], len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &edge[V]{cursorOf(c.offset + i), node}
	}
	return &edges
}

// page returns the page of rows that p asks for, of at most 100: whether Jobber gives more is not known.
func page[T, V any](rows []T, p paging, view func(T) V) (*connection[V], error) {
	start, end := 0, len(rows)
	if p.After != nil {
		n, err := placeOf(*p.After)
		if err != nil {
			return nil, err
		}
		start = min(n, end)
	}
	if p.Before != nil {
		n, err := placeOf(*p.Before)
		if err != nil {
			return nil, err
		}
		end = max(start, min(n-1, end))
	}
	switch {
	case p.First != nil:
		end = min(end, start+size(*p.First))
	case p.Last == nil:
		end = min(end, start+defaultPageSize)
	}
	if p.Last != nil {
		start = max(start, end-size(*p.Last))
	}
	c := &connection[V]{
		Nodes: make([]V, 0, end-start), offset: start, TotalCount: int32(len(rows)),
		PageInfo: &pageInfo{HasNextPage: end < len(rows), HasPreviousPage: start > 0},
	}
	for _, row := range rows[start:end] {
		c.Nodes = append(c.Nodes, view(row))
	}
	if len(c.Nodes) > 0 {
		first, last := cursorOf(start), cursorOf(end-1)
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &first, &last
	}
	return c, nil
}

func size(asked int32) int { return max(0, min(int(asked), defaultPageSize)) }

func cursorOf(index int) string {
	return base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(index + 1)))
}

// placeOf returns how many rows a cursor has before and at it.
func placeOf(cursor string) (int, error) {
	raw, err := base64.RawStdEncoding.DecodeString(cursor)
	if err == nil {
		if n, err := strconv.Atoi(string(raw)); err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("invalid cursor: %q", cursor)
}
