package business

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Who does something decides when in the day it happens.
type doer int

const (
	field  doer = iota // crews, during the working day
	office             // during office hours
	client             // at any hour, mostly awake
)

// happening is one of the things that happen in a business.
type happening struct {
	weight int
	by     doer
	do     action
}

var happenings = []happening{
	{26, field, (*Business).completeVisit},
	{1, field, (*Business).uncompleteVisit},
	{7, office, func(b *Business, id string) (Done, error) { return b.rescheduleVisit(id, time.Time{}) }},
	{1, office, (*Business).unscheduleVisit},
	{4, office, (*Business).reassignVisit},
	{4, office, (*Business).createVisit},
	{16, office, (*Business).createJob},
	{3, office, (*Business).updateJob},
	{1, office, (*Business).closeJob},
	{14, office, (*Business).createInvoice},
	{5, office, (*Business).issueInvoice},
	{14, client, func(b *Business, id string) (Done, error) { return b.payInvoice(id, "invoice.pay", 1) }},
	{3, client, func(b *Business, id string) (Done, error) { return b.payInvoice(id, "invoice.pay_part", 3) }},
	{1, office, (*Business).markBadDebt},
	{1, office, (*Business).voidInvoice},
	{1, office, (*Business).refund},
	{1, client, (*Business).failPayment},
	{6, office, (*Business).createQuote},
	{2, office, (*Business).updateQuote},
	{7, office, (*Business).sendQuote},
	{6, client, (*Business).approveQuote},
	{2, client, (*Business).requestQuoteChanges},
	{4, office, (*Business).convertQuote},
	{2, office, (*Business).archiveQuote},
	{6, client, (*Business).createRequest},
	{3, office, (*Business).scheduleAssessment},
	{3, field, (*Business).completeAssessment},
	{3, office, (*Business).convertRequest},
	{1, office, (*Business).archiveRequest},
	{4, client, (*Business).createClient},
	{4, office, (*Business).updateClient},
	{1, office, (*Business).archiveClient},
	{2, office, (*Business).createProperty},
	{1, office, (*Business).updateProperty},
	{1, office, (*Business).updateUser},
}

// mishaps are the deletions; they are rare.
var mishaps = []happening{
	{1, office, (*Business).deleteClient},
	{1, office, (*Business).deleteProperty},
	{2, office, (*Business).deleteRequest},
	{2, office, (*Business).deleteQuote},
	{2, office, (*Business).deleteJob},
	{4, office, (*Business).deleteVisit},
	{2, office, (*Business).deleteInvoice},
	{2, office, (*Business).deletePayment},
}

// Random does n things of all kinds, deletions among them, chosen by the seed alone: the same business in the same state
// takes the same course.
func (b *Business) Random(seed uint64, n int) ([]Done, error) {
	rng := rand.New(rand.NewPCG(seed, 0x72616e64))
	all := append([]happening{}, happenings...)
	all = append(all, mishaps...)
	done := make([]Done, 0, n)
	for range n {
		d, err := b.happen(rng, all, func(doer) int { return 1 })
		if err != nil {
			return done, err
		}
		done = append(done, d)
	}
	return done, nil
}

// happen lets one thing happen, by its weight and that of who does it. What is not possible now is passed over.
func (b *Business) happen(rng *rand.Rand, all []happening, weigh func(doer) int) (Done, error) {
	total := 0
	for _, h := range all {
		total += h.weight * weigh(h.by)
	}
	var last error
	for range 200 {
		at := rng.IntN(total)
		for _, h := range all {
			if at -= h.weight * weigh(h.by); at >= 0 {
				continue
			}
			d, err := b.act(func() (Done, error) { return b.byChance(rng, h.do) })
			if err == nil {
				return d, nil
			}
			if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrNotPossible) {
				return Done{}, err
			}
			last = err
			break
		}
	}
	return Done{}, fmt.Errorf("business: nothing can happen here: %w", last)
}

// byChance does something with what rng chooses.
func (b *Business) byChance(rng *rand.Rand, do action) (Done, error) {
	kept := b.rng
	b.rng, b.random = rng, true
	defer func() { b.rng, b.random = kept, false }()
	return do(b, Any)
}

// Live lets something happen every few seconds until ctx ends: a good deal in working hours, less at night and at
// weekends. It returns nil when ctx ends, else why nothing can happen any more.
func (b *Business) Live(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(uint64(b.Now().UnixNano()), 0x6c697665))
	timer := time.NewTimer(b.pause(rng))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		hour := b.Now().In(b.zone).Hour()
		done, err := b.happen(rng, happenings, func(who doer) int { return busyness[who][hour] })
		if err != nil {
			return err
		}
		b.log.DebugContext(ctx, "something happened", "account", b.account.Number, "action", done.Action, "id", done.ID)
		timer.Reset(b.pause(rng))
	}
}

// busyness is how much each kind of people does in each hour of the day.
var busyness = map[doer][24]int{
	field:  {1, 1, 1, 1, 1, 1, 2, 6, 9, 9, 9, 9, 7, 9, 9, 9, 9, 7, 4, 2, 1, 1, 1, 1},
	office: {1, 1, 1, 1, 1, 1, 1, 4, 9, 9, 9, 8, 6, 9, 9, 9, 8, 5, 2, 1, 1, 1, 1, 1},
	client: {2, 1, 1, 1, 1, 2, 4, 6, 7, 7, 7, 7, 8, 7, 7, 7, 7, 8, 9, 9, 9, 8, 6, 4},
}

// pause is the time until the next thing happens.
func (b *Business) pause(rng *rand.Rand) time.Duration {
	now := b.Now().In(b.zone)
	pause := b.pace
	if pause <= 0 {
		pause = defaultPace
	}
	if hour := now.Hour(); hour < 7 || hour >= 19 {
		pause *= 2
	}
	if day := now.Weekday(); day == time.Saturday || day == time.Sunday {
		pause = pause * 3 / 2
	}
	return time.Duration(float64(pause) * (0.4 + 1.2*rng.Float64()))
}

const defaultPace = 3 * time.Second
