// Package crew tells which records somebody sees who does not see the whole account: the visits that they or their team are
// assigned to, and the client, the job and the property of such a visit.
package crew

import (
	"context"
	"slices"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// People are whose visits somebody sees, by the ids that Jobber gives them. Nil sees everybody's, an empty list nobody's.
type People []string

// maxPeople is how many values a query of Firestore's may look for in a list.
const maxPeople = 30

// visitFields are the fields of a visit that name a record of a collection.
var visitFields = map[record.Collection]string{record.Clients: "clientId", record.Properties: "propertyId", record.Jobs: "jobId"}

// Shares tells whether a collection has records that are seen by who sees only a crew's.
func Shares(c record.Collection) bool { return c == record.Visits || visitFields[c] != "" }

// Reader reads who works with whom and on what.
type Reader struct {
	accounts *account.Store
	records  *record.Store
}

// NewReader returns a reader of the stores.
func NewReader(accounts *account.Store, records *record.Store) *Reader {
	return &Reader{accounts: accounts, records: records}
}

// Of returns whose visits a principal sees by its scope: its own, or those of all of its team. A team is told by Jobber and may
// change at any time, so it is read each time.
func (r *Reader) Of(ctx context.Context, p httpapi.Principal) (People, error) {
	scope := p.Scope(account.RecordRead)
	switch scope {
	case account.WholeAccount:
		return nil, nil
	case "":
		return People{}, nil
	}
	member, err := r.accounts.Member(ctx, p.AccountID, p.UserID)
	if err != nil {
		return nil, err
	}
	if member.JobberUserID == "" {
		return People{}, nil
	}
	who := People{member.JobberUserID}
	if scope != account.OwnTeam {
		return who, nil
	}
	users, err := r.records.Users(ctx, p.AccountID)
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
		if team != "" && u.Team == team && u.ID != member.JobberUserID && len(who) < maxPeople {
			who = append(who, u.ID)
		}
	}
	return who, nil
}

// Sees tells whether people see a record.
func (r *Reader) Sees(ctx context.Context, accountID string, who People, of record.Record) (bool, error) {
	if who == nil {
		return true, nil
	}
	if visit, ok := of.(*record.Visit); ok {
		return slices.ContainsFunc(visit.UserIDs, func(id string) bool { return slices.Contains(who, id) }), nil
	}
	field := visitFields[of.Collection()]
	if field == "" {
		return false, nil
	}
	return r.records.HasVisit(ctx, accountID, field, of.Base().ID, who)
}

// SeesID tells whether a principal sees the record of an id now. It sees none that is not there; who is no member any more sees
// nothing.
func (r *Reader) SeesID(ctx context.Context, p httpapi.Principal, c record.Collection, id string) (bool, error) {
	who, err := r.Of(ctx, p)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	of, err := r.records.Get(ctx, p.AccountID, c, id)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	return r.Sees(ctx, p.AccountID, who, of)
}

func ignoreNotFound(err error) error {
	if problem.IsNotFound(err) {
		return nil
	}
	return err
}
