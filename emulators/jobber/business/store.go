package business

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
)

// Business is one Jobber account with everything in it. All methods are safe for concurrent use.
//
// Reads see the newest values and do not form a snapshot among themselves, as with Jobber.
type Business struct {
	Users      *Table[User]
	Clients    *Table[Client]
	Properties *Table[Property]
	Requests   *Table[Request]
	Quotes     *Table[Quote]
	Jobs       *Table[Job]
	Visits     *Table[Visit]
	Invoices   *Table[Invoice]
	Payments   *Table[PaymentRecord]

	account Account
	trade   trade
	zone    *time.Location
	clock   clock.Clock
	log     *slog.Logger

	// acting serialises actions and the delivery of their changes; mu guards the tables. Readers take mu only, so a
	// subscriber may read while it is told of a change.
	acting      sync.Mutex
	mu          sync.RWMutex
	subscribers []func(Change)
	pending     []Change
	last        time.Time
	next        map[string]int64
	rng         *rand.Rand
	random      bool // Any chooses by chance
	pace        time.Duration
}

// Change is what Jobber tells an app about by a webhook.
type Change struct {
	Topic      string // WebHookTopicEnum, e.g. CLIENT_UPDATE
	ItemID     string // EncodedId
	OccurredAt time.Time
}

// Empty returns a business without any record, for what a caller makes happen in it. account.ID may be "";
// account.TimeZone must be in the tz database. log may be nil.
func Empty(account Account, clk clock.Clock, log *slog.Logger) (*Business, error) {
	zone, err := time.LoadLocation(account.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("business: time zone of %q: %w", account.Name, err)
	}
	if account.Number == 0 {
		account.Number = 1
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	account.ID = EncodeID(TypeAccount, account.Number)
	doing, ok := trades[int(account.Number)]
	if !ok {
		doing = trades[1]
	}
	b := &Business{
		account: account, trade: doing, zone: zone, clock: clk, log: log,
		next: map[string]int64{}, rng: newRand(account.Number),
	}
	b.Users = newTable(&b.mu, func(u *User) key { return key{u.ID, u.Number, u.CreatedAt, u.UpdatedAt} }, nil)
	b.Clients = newTable(&b.mu, func(c *Client) key { return key{c.ID, c.Number, c.CreatedAt, c.UpdatedAt} }, nil)
	b.Properties = newTable(&b.mu, func(p *Property) key { return key{p.ID, p.Number, p.CreatedAt, p.UpdatedAt} },
		map[Parent]func(*Property) []string{
			OfClient: func(p *Property) []string { return []string{p.ClientID} },
		})
	b.Requests = newTable(&b.mu, func(r *Request) key { return key{r.ID, r.Number, r.CreatedAt, r.UpdatedAt} },
		map[Parent]func(*Request) []string{
			OfClient:   func(r *Request) []string { return []string{r.ClientID} },
			OfProperty: func(r *Request) []string { return []string{r.PropertyID} },
		})
	b.Quotes = newTable(&b.mu, func(q *Quote) key { return key{q.ID, q.Number, q.CreatedAt, q.UpdatedAt} },
		map[Parent]func(*Quote) []string{
			OfClient:   func(q *Quote) []string { return []string{q.ClientID} },
			OfProperty: func(q *Quote) []string { return []string{q.PropertyID} },
			OfRequest:  func(q *Quote) []string { return []string{q.RequestID} },
		})
	b.Jobs = newTable(&b.mu, func(j *Job) key { return key{j.ID, j.Number, j.CreatedAt, j.UpdatedAt} },
		map[Parent]func(*Job) []string{
			OfClient:   func(j *Job) []string { return []string{j.ClientID} },
			OfProperty: func(j *Job) []string { return []string{j.PropertyID} },
			OfRequest:  func(j *Job) []string { return []string{j.RequestID} },
			OfQuote:    func(j *Job) []string { return []string{j.QuoteID} },
		})
	b.Visits = newTable(&b.mu, func(v *Visit) key { return key{v.ID, v.Number, v.CreatedAt, v.UpdatedAt} },
		map[Parent]func(*Visit) []string{
			OfClient:   func(v *Visit) []string { return []string{v.ClientID} },
			OfProperty: func(v *Visit) []string { return []string{v.PropertyID} },
			OfJob:      func(v *Visit) []string { return []string{v.JobID} },
			OfInvoice:  func(v *Visit) []string { return []string{v.InvoiceID} },
		})
	b.Invoices = newTable(&b.mu, func(i *Invoice) key { return key{i.ID, i.Number, i.CreatedAt, i.UpdatedAt} },
		map[Parent]func(*Invoice) []string{
			OfClient: func(i *Invoice) []string { return []string{i.ClientID} },
			OfJob: func(i *Invoice) []string {
				var ids []string
				for _, j := range i.Jobs {
					ids = append(ids, j.JobID)
				}
				return ids
			},
		})
	b.Payments = newTable(&b.mu, func(p *PaymentRecord) key { return key{p.ID, p.Number, p.CreatedAt, p.UpdatedAt} },
		map[Parent]func(*PaymentRecord) []string{
			OfClient:  func(p *PaymentRecord) []string { return []string{p.ClientID} },
			OfInvoice: func(p *PaymentRecord) []string { return []string{p.InvoiceID} },
			OfQuote:   func(p *PaymentRecord) []string { return []string{p.QuoteID} },
			OfPayment: func(p *PaymentRecord) []string { return []string{p.RefundedPaymentID} },
		})
	return b, nil
}

// Account returns the business's own record.
func (b *Business) Account() Account { return b.account }

// Zone is the business's time zone: its days begin at midnight there.
func (b *Business) Zone() *time.Location { return b.zone }

// Now is the business's clock.
func (b *Business) Now() time.Time { return b.clock.Now().UTC() }

// Subscribe calls f for every change from now on, one at a time and in the order of the changes, before the action that
// made the change returns. f may read the business; it must not act on it, and should be quick.
func (b *Business) Subscribe(f func(Change)) {
	b.acting.Lock()
	defer b.acting.Unlock()
	b.subscribers = append(b.subscribers, f)
}

// act runs one action: it holds the tables while do runs, and afterwards tells the subscribers. An action that fails must
// fail before it changes anything.
func (b *Business) act(do func() (Done, error)) (Done, error) {
	b.acting.Lock()
	defer b.acting.Unlock()
	done, err := b.change(do)
	if err != nil {
		return Done{}, err
	}
	changes := b.pending
	b.pending = nil
	for _, change := range changes {
		for _, tell := range b.subscribers {
			tell(change)
		}
	}
	return done, nil
}

func (b *Business) change(do func() (Done, error)) (Done, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return do()
}

// tell notes a change that subscribers hear of when the action is over.
func (b *Business) tell(topic, id string, at time.Time) {
	b.pending = append(b.pending, Change{Topic: topic, ItemID: id, OccurredAt: at.Truncate(time.Second)})
}

// stamp returns the clock's time in microseconds, or one microsecond after the last stamp when the clock did not move.
func (b *Business) stamp() time.Time {
	at := b.Now().Truncate(time.Microsecond)
	if !at.After(b.last) {
		at = b.last.Add(time.Microsecond)
	}
	b.last = at
	return at
}

// number returns the next id number of a type. Accounts do not share numbers.
func (b *Business) number(typeName string) int64 {
	if b.next[typeName] == 0 {
		b.next[typeName] = b.account.Number * 10_000_000
	}
	b.next[typeName]++
	return b.next[typeName]
}
