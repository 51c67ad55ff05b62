package records

import (
	"context"

	"fieldboard.dev/fieldboard/shared/crew"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/record"
)

// listAccess says who may list: visits are narrowed to what one may see, all other lists are for those who see everything.
func (r resource[I, V]) listAccess() httpapi.Access {
	if r.collection == record.Visits {
		return httpapi.Within(r.needs)
	}
	return httpapi.Needs(r.needs)
}

func (r resource[I, V]) getAccess() httpapi.Access {
	if crew.Shares(r.collection) {
		return httpapi.Within(r.needs)
	}
	return httpapi.Needs(r.needs)
}

// seen answers a problem NotFound for a record that one may not see: it is not told from one that does not exist. What crews do
// not share is seen by all who may ask for it.
func (h *handler) seen(ctx context.Context, v view, r record.Record) error {
	if !crew.Shares(r.Collection()) {
		return nil
	}
	sees, err := h.crews.Sees(ctx, v.account.ID, v.people, r)
	if err == nil && !sees {
		err = record.NotFound(r.Collection(), r.Base().ID)
	}
	return err
}
