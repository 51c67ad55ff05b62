package records

import (
	"context"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/record"
)

// names are the other records that a page mentions: they are joined when read, so that a renamed client is renamed
// everywhere at once, at the cost of one read for each different one on the page.
type names struct {
	wanted map[record.Collection][]string
	found  map[record.Collection]map[string]record.Record
}

func (n *names) want(c record.Collection, ids ...string) { n.wanted[c] = append(n.wanted[c], ids...) }

func (n *names) load(ctx context.Context, h *handler, accountID string) error {
	g, ctx := errgroup.WithContext(ctx)
	results := map[record.Collection]*map[string]record.Record{}
	for c, ids := range n.wanted {
		result := new(map[string]record.Record)
		results[c] = result
		g.Go(func() (err error) {
			*result, err = h.records.GetMany(ctx, accountID, c, ids)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	n.found = map[record.Collection]map[string]record.Record{}
	for c, result := range results {
		n.found[c] = *result
	}
	return nil
}

func (n *names) client(id string) string {
	if c, ok := n.found[record.Clients][id].(*record.Client); ok {
		return c.Name
	}
	return ""
}

func (n *names) user(id string) string {
	if u, ok := n.found[record.Users][id].(*record.User); ok {
		return u.Name
	}
	return ""
}

func (n *names) jobNumber(id string) string {
	if j, ok := n.found[record.Jobs][id].(*record.Job); ok {
		return j.Number
	}
	return ""
}

func (n *names) address(propertyID string) *record.Address {
	if p, ok := n.found[record.Properties][propertyID].(*record.Property); ok {
		return &p.Address
	}
	return nil
}

// show turns records into what is shown of them, in their order.
func show[I, V any](ctx context.Context, h *handler, res resource[I, V], v view, records []record.Record) ([]V, error) {
	v.names = &names{wanted: map[record.Collection][]string{}}
	if res.names != nil {
		for _, r := range records {
			res.names(r, v.names)
		}
	}
	if err := v.names.load(ctx, h, v.account.ID); err != nil {
		return nil, err
	}
	items := make([]V, len(records))
	for i, r := range records {
		items[i] = res.show(v, r)
	}
	return items, nil
}
