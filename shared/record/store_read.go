package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
)

// readTimeout bounds one read.
const readTimeout = 10 * time.Second

// Get returns a record. Its error is problem.NotFound for one that is not there or is deleted.
func (s *Store) Get(ctx context.Context, account string, c Collection, id string) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if !cloud.AreIDs(id) {
		return nil, NotFound(c, id)
	}
	col, err := s.collection(ctx, account, c)
	if err != nil {
		return nil, err
	}
	snap, err := col.Doc(id).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return nil, NotFound(c, id)
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
	}
	r, err := decode(snap, c)
	if err != nil {
		return nil, err
	}
	if r.Base().Deleted {
		return nil, NotFound(c, id)
	}
	return r, nil
}

// GetMany returns the records of ids that are there and not deleted.
func (s *Store) GetMany(ctx context.Context, account string, c Collection, ids []string) (map[string]Record, error) {
	found := map[string]Record{}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !cloud.AreIDs(id) })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	col := client.Collection("accounts").Doc(account).Collection(string(c))
	refs := make([]*firestore.DocumentRef, len(ids))
	for i, id := range ids {
		refs[i] = col.Doc(id)
	}
	snaps, err := client.GetAll(ctx, refs)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
	}
	for _, snap := range snaps {
		r, err := decode(snap, c)
		if err != nil {
			return nil, err
		}
		if r != nil && !r.Base().Deleted {
			found[snap.Ref.ID] = r
		}
	}
	return found, nil
}

// Children returns the ids of the records of c whose field is parentID, at most limit.
func (s *Store) Children(ctx context.Context, account string, c Collection, field, parentID string, limit int) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	col, err := s.collection(ctx, account, c)
	if err != nil {
		return nil, err
	}
	snaps, err := col.Where(field, "==", parentID).Select().Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", c, parentID, err)
	}
	ids := make([]string, len(snaps))
	for i, snap := range snaps {
		ids[i] = snap.Ref.ID
	}
	return ids, nil
}

// ClientsByEmail returns the names of the clients that have one of the addresses, by the address in lower case. An address that
// Jobber has in other capitals than it is asked for may be missed.
func (s *Store) ClientsByEmail(ctx context.Context, account string, emails []string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*readTimeout)
	defer cancel()
	col, err := s.collection(ctx, account, Clients)
	if err != nil {
		return nil, err
	}
	var asked []string
	for _, email := range emails {
		asked = append(asked, email, strings.ToLower(email))
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	var mu sync.Mutex
	names := map[string]string{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for part := range slices.Chunk(asked, 30) { // Firestore's most for "in"
		group.Go(func() error {
			snaps, err := col.Where("email", "in", part).Select("email", "name").Documents(ctx).GetAll()
			if err != nil {
				return problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
			}
			mu.Lock()
			defer mu.Unlock()
			for _, snap := range snaps {
				var c Client
				if err := snap.DataTo(&c); err != nil {
					return err
				}
				names[strings.ToLower(c.Email)] = c.Name
			}
			return nil
		})
	}
	return names, group.Wait()
}

// HasVisit tells whether one of the people is assigned to a visit whose field is id. At most 30 people are looked for.
func (s *Store) HasVisit(ctx context.Context, account, field, id string, people []string) (bool, error) {
	if len(people) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	visits, err := s.collection(ctx, account, Visits)
	if err != nil {
		return false, err
	}
	found, err := visits.Where(field, "==", id).Where("userIds", "array-contains-any", people).Select().Limit(1).Documents(ctx).GetAll()
	if err != nil {
		return false, problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
	}
	return len(found) > 0, nil
}

// Users returns every person of the account.
func (s *Store) Users(ctx context.Context, account string) ([]*User, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	col, err := s.collection(ctx, account, Users)
	if err != nil {
		return nil, err
	}
	snaps, err := col.OrderBy("name", firestore.Asc).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("reading users: %w", err)
	}
	users := make([]*User, len(snaps))
	for i, snap := range snaps {
		r, err := decode(snap, Users)
		if err != nil {
			return nil, err
		}
		users[i] = r.(*User)
	}
	return users, nil
}

// Query asks for a page of a list. The zero value of a field asks for everything.
type Query struct {
	Where  map[string]any // equal fields, by stored name
	Search string
	People []string   // only visits that one of these people is assigned to; at most 30
	Range  string     // stored name of the field that From and To bound; it must be the one that Sort names
	From   *time.Time // included
	To     *time.Time // not included
	Sort   string     // stored name of the field to sort by
	Desc   bool
	After  *Position // where the page before ended
	Limit  int
	Keep   func(Record) bool // what no index can tell, such as a state that follows the clock; nil keeps all
}

// Position is where a page ended: the sort field's value and the id.
type Position struct {
	Value any
	ID    string
}

// Page is a part of a list. Next is nil at the end.
type Page struct {
	Records []Record
	Next    *Position
}

const (
	// scanned bounds the records that one page looks at when Search or Keep leaves some out: a page may then hold fewer
	// than Limit and still have a Next.
	scanned = 1000
	// namesakes bounds the clients whose records a search brings along: 30 disjunctions are Firestore's most.
	namesakes = 25
)

// List returns one page of a collection. A search finds a record by the beginnings of its own words and by those of its
// client's.
func (s *Store) List(ctx context.Context, account string, c Collection, q Query) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	col, err := s.collection(ctx, account, c)
	if err != nil {
		return Page{}, err
	}
	wanted := queryTerms(q.Search)
	if q.Search != "" && len(wanted) == 0 {
		return Page{}, nil
	}
	var clients []string
	if len(wanted) > 0 && c != Clients && c != Users {
		if clients, err = s.clientsNamed(ctx, account, wanted); err != nil {
			return Page{}, err
		}
	}
	matches := func(r Record) bool {
		if len(wanted) > 0 && !hasAll(r.Base().Terms, wanted) && !slices.Contains(clients, r.client()) {
			return false
		}
		return q.Keep == nil || q.Keep(r)
	}
	return page(ctx, col.Query, c, q, wanted, clients, matches)
}

// Count returns how many records List would go through for a query without Search and Keep, from its start.
func (s *Store) Count(ctx context.Context, account string, c Collection, q Query) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	col, err := s.collection(ctx, account, c)
	if err != nil {
		return 0, err
	}
	n, err := cloud.Count(ctx, narrow(col.Query, q, nil, nil))
	if err != nil {
		return 0, problem.Wrap(err, problem.Unavailable, "The records cannot be counted right now. Try again shortly.")
	}
	return n, nil
}

func page(ctx context.Context, query firestore.Query, c Collection, q Query, wanted, clients []string, matches func(Record) bool) (Page, error) {
	docs := narrow(query, q, wanted, clients).Limit(scanned + 1).Documents(ctx)
	defer docs.Stop()
	var out Page
	var last *Position
	for seen := 0; ; seen++ {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return Page{}, problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
		}
		if len(out.Records) == q.Limit || seen == scanned {
			out.Next = last
			return out, nil
		}
		r, err := decode(snap, c)
		if err != nil {
			return Page{}, err
		}
		value, err := snap.DataAt(q.Sort)
		if err != nil {
			return Page{}, err
		}
		last = &Position{Value: value, ID: snap.Ref.ID}
		if matches(r) {
			out.Records = append(out.Records, r)
		}
	}
}

func narrow(query firestore.Query, q Query, wanted, clients []string) firestore.Query {
	for field, value := range q.Where {
		query = query.Where(field, "==", value)
	}
	if len(q.People) > 0 {
		// Firestore looks into one list at a time, so that a search then goes through the people's visits one by one.
		query = query.Where("userIds", "array-contains-any", q.People)
		wanted = nil
	}
	if len(wanted) > 0 {
		term := firestore.PropertyFilter{Path: "terms", Operator: "array-contains", Value: wanted[0]}
		if len(clients) > 0 {
			query = query.WhereEntity(firestore.OrFilter{Filters: []firestore.EntityFilter{
				term, firestore.PropertyFilter{Path: "clientId", Operator: "in", Value: clients},
			}})
		} else {
			query = query.WhereEntity(term)
		}
	}
	if q.From != nil {
		query = query.Where(q.Range, ">=", *q.From)
	}
	if q.To != nil {
		query = query.Where(q.Range, "<", *q.To)
	}
	direction := firestore.Asc
	if q.Desc {
		direction = firestore.Desc
	}
	query = query.OrderBy(q.Sort, direction).OrderBy(firestore.DocumentID, direction)
	if q.After != nil {
		query = query.StartAfter(q.After.Value, q.After.ID)
	}
	return query
}

// clientsNamed returns the clients that a search names, at most namesakes.
func (s *Store) clientsNamed(ctx context.Context, account string, wanted []string) ([]string, error) {
	col, err := s.collection(ctx, account, Clients)
	if err != nil {
		return nil, err
	}
	snaps, err := col.Where("terms", "array-contains", wanted[0]).Select("terms").Limit(scanned).Documents(ctx).GetAll()
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
	}
	var ids []string
	for _, snap := range snaps {
		var m Meta
		if err := snap.DataTo(&m); err != nil {
			return nil, err
		}
		if hasAll(m.Terms, wanted) && len(ids) < namesakes {
			ids = append(ids, snap.Ref.ID)
		}
	}
	return ids, nil
}

func (s *Store) collection(ctx context.Context, account string, c Collection) (*firestore.CollectionRef, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The records cannot be read right now. Try again shortly.")
	}
	return client.Collection("accounts").Doc(account).Collection(string(c)), nil
}
