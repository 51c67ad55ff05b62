package records

import (
	"context"
	"fmt"
	"slices"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// people are whose visits somebody sees; nil sees everybody's, an empty list nobody's.
type people []string

// maxPeople is how many values a query of Firestore's may look for in a list.
const maxPeople = 30

// listAccess says who may list: visits are narrowed to what one may see, all other lists are for those who see everything.
func (r resource[I, V]) listAccess() httpapi.Access {
	if r.collection == record.Visits {
		return httpapi.Within(r.needs)
	}
	return httpapi.Needs(r.needs)
}

func (r resource[I, V]) getAccess() httpapi.Access {
	if r.visitField != "" {
		return httpapi.Within(r.needs)
	}
	return httpapi.Needs(r.needs)
}

// peopleOf resolves a principal's scope: itself, or all of its team, as the people that Jobber knows them by. A team is told
// by Jobber and may change at any time, so it is read each time.
func (h *handler) peopleOf(ctx context.Context, p httpapi.Principal) (*people, error) {
	scope := p.Scope(account.RecordRead)
	if scope == account.WholeAccount {
		return nil, nil
	}
	member, err := h.accounts.Member(ctx, p.AccountID, p.UserID)
	if err != nil {
		return nil, err
	}
	who := &people{}
	if member.JobberUserID == "" {
		return who, nil
	}
	*who = people{member.JobberUserID}
	if scope != account.OwnTeam {
		return who, nil
	}
	users, err := h.records.Users(ctx, p.AccountID)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
	}
	team := ""
	for _, u := range users {
		if u.ID == member.JobberUserID {
			team = u.Team
		}
	}
	for _, u := range users {
		if team != "" && u.Team == team && u.ID != member.JobberUserID && len(*who) < maxPeople {
			*who = append(*who, u.ID)
		}
	}
	return who, nil
}

// seen answers a problem NotFound for a record that one may not see: it is not told from one that does not exist.
func (h *handler) seen(ctx context.Context, v view, visitField string, r record.Record) error {
	if v.people == nil {
		return nil
	}
	hidden := record.NotFound(r.Collection(), r.Base().ID)
	if visit, ok := r.(*record.Visit); ok {
		for _, id := range visit.UserIDs {
			if slices.Contains(*v.people, id) {
				return nil
			}
		}
		return hidden
	}
	works, err := h.records.HasVisit(ctx, v.account.ID, visitField, r.Base().ID, *v.people)
	if err != nil {
		return fmt.Errorf("finding a visit: %w", err)
	}
	if !works {
		return hidden
	}
	return nil
}
