package jobber

import (
	"fmt"
	"strings"

	"fieldboard.dev/fieldboard/shared/jobber/internal/graphql"
)

// node is a generated record.
type node[N any] interface {
	*N
	GetId() string
}

// readPage reads one page at root, which is a path like "visits" or "job.visits".
func readPage[N any, P node[N], T any](
	a *API, account, root string, req PageRequest, convert func(N, Hidden) T,
	send func(c *call, size int) ([]N, graphql.PageInfoFields, error),
) (Page[T], error) {
	size := req.First
	if size == 0 {
		size = maxPageSize
		if n := len(req.IDs); n > 0 {
			size = min(size, n)
		}
	}
	lane := LanePage
	if strings.Contains(root, ".") { // the lists of one record are read when a webhook tells of it
		lane = LaneRead
	}
	for {
		c := a.newCall(account, lane)
		nodes, info, err := send(c, size)
		if KindOf(err) == TooExpensive && req.First == 0 && size > 1 {
			size = a.smaller(account, size, asError(err))
			continue
		}
		if err != nil {
			return Page[T]{}, err
		}
		if err := c.covering(root, len(nodes)); err != nil {
			return Page[T]{}, err
		}
		page := Page[T]{NextCursor: info.EndCursor, HasNext: info.HasNextPage, FetchedAt: c.fetchedAt, Cost: c.cost, Hidden: c.fieldErrors()}
		for i, n := range nodes {
			if P(&n).GetId() == "" {
				page.HiddenItems++
				continue
			}
			page.Items = append(page.Items, convert(n, c.hidden(fmt.Sprintf("%s.nodes.%d", root, i))))
		}
		return page, nil
	}
}

// smaller returns the page size to try when size was too expensive.
func (a *API) smaller(account string, size int, failure *Error) int {
	if most := a.mostAtOnce(account); most > 0 && failure.Asked > most {
		return min(size-1, max(1, int(float64(size)*most/failure.Asked)))
	}
	return max(1, size/2)
}

// readOne reads one record at root.
func readOne[N any, P node[N], T any](
	a *API, account, root string, convert func(N, Hidden) T, send func(c *call) (*N, error),
) (Found[T], error) {
	c := a.newCall(account, LaneRead)
	n, err := send(c)
	if err == nil && n == nil {
		err = c.missing(root)
	}
	switch {
	case KindOf(err) == NotFound:
		return Found[T]{FetchedAt: c.fetchedAt, Cost: c.cost}, nil
	case err != nil:
		return Found[T]{}, err
	}
	return Found[T]{Item: convert(*n, c.hidden(root)), Found: true, FetchedAt: c.fetchedAt, Cost: c.cost}, nil
}

// missing says why something at path is null: hidden, or not there.
func (c *call) missing(path string) error {
	for _, e := range c.errors {
		if at := e.at; at == "" || at == path || strings.HasPrefix(path, at+".") {
			return &Error{Kind: e.kind(), Op: path, Message: e.Message, Status: 200}
		}
	}
	return &Error{Kind: NotFound, Op: path}
}

// covering returns the error that hides a whole page rather than a record of it or its field: without it a page would look
// shorter, or the last one.
func (c *call) covering(root string, nodes int) error {
	for _, e := range c.errors {
		at := e.at
		if strings.HasPrefix(at, root+".nodes.") && nodes > 0 {
			continue
		}
		return &Error{Kind: e.kind(), Op: root, Message: e.Message, Status: 200}
	}
	return nil
}

// hidden lists the hidden fields of the record at path.
func (c *call) hidden(path string) Hidden {
	var h Hidden
	for _, e := range c.errors {
		field, ok := strings.CutPrefix(e.at, path+".")
		if !ok {
			continue
		}
		var names []string
		for part := range strings.SplitSeq(field, ".") {
			if strings.Trim(part, "0123456789") != "" && part != "nodes" {
				names = append(names, part)
			}
		}
		h = append(h, strings.Join(names, "."))
	}
	return h
}

func (c *call) fieldErrors() []FieldError {
	var list []FieldError
	for _, e := range c.errors {
		list = append(list, FieldError{Path: e.at, Message: e.Message})
	}
	return list
}
