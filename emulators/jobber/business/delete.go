package business

import (
	"fmt"
	"slices"
)

// Delete deletes a record of a collection: clients, properties, requests, quotes, jobs, visits, invoices or payments.
// What depends on it goes with it or loses its reference, and Jobber tells of none of that: only of the record itself.
// A user cannot be deleted in Jobber, so one of users is deactivated, which is told as an update.
func (b *Business) Delete(collection, id string) (Done, error) {
	remove, ok := deletions[collection]
	if !ok {
		return Done{}, fmt.Errorf("%w: collection %q", ErrUnknown, collection)
	}
	return b.do(remove, id)
}

var deletions = map[string]action{
	"users":      (*Business).deactivateUser,
	"clients":    (*Business).deleteClient,
	"properties": (*Business).deleteProperty,
	"requests":   (*Business).deleteRequest,
	"quotes":     (*Business).deleteQuote,
	"jobs":       (*Business).deleteJob,
	"visits":     (*Business).deleteVisit,
	"invoices":   (*Business).deleteInvoice,
	"payments":   (*Business).deletePayment,
}

func (b *Business) deactivateUser(id string) (Done, error) {
	old, err := chosen(b, b.Users, TypeUser, id, func(u *User) int { return when(u.Status == "ACTIVATED" && !u.IsAccountOwner) })
	if err != nil {
		return Done{}, err
	}
	u := *old
	u.Status, u.AvailableForScheduling = "DEACTIVATED", false
	return b.userUpdated("user.deactivate", u), nil
}

func (b *Business) deleteClient(id string) (Done, error) {
	c, err := chosen(b, b.Clients, TypeClient, id, existing)
	if err != nil {
		return Done{}, err
	}
	for _, p := range b.Payments.of(OfClient, c.ID) {
		b.Payments.drop(p.ID)
	}
	for _, i := range b.Invoices.of(OfClient, c.ID) {
		b.Invoices.drop(i.ID)
	}
	for _, v := range b.Visits.of(OfClient, c.ID) {
		b.Visits.drop(v.ID)
	}
	for _, j := range b.Jobs.of(OfClient, c.ID) {
		b.Jobs.drop(j.ID)
	}
	for _, q := range b.Quotes.of(OfClient, c.ID) {
		b.Quotes.drop(q.ID)
	}
	for _, r := range b.Requests.of(OfClient, c.ID) {
		b.Requests.drop(r.ID)
	}
	for _, p := range b.Properties.of(OfClient, c.ID) {
		b.Properties.drop(p.ID)
	}
	b.Clients.drop(c.ID)
	return b.destroyed("client", "CLIENT_DESTROY", c.ID), nil
}

func (b *Business) deleteProperty(id string) (Done, error) {
	p, err := chosen(b, b.Properties, TypeProperty, id, existing)
	if err != nil {
		return Done{}, err
	}
	for _, j := range b.Jobs.of(OfProperty, p.ID) {
		b.dropJob(j)
	}
	for _, q := range b.Quotes.of(OfProperty, p.ID) {
		b.dropQuote(q)
	}
	for _, r := range b.Requests.of(OfProperty, p.ID) {
		b.dropRequest(r)
	}
	b.Properties.drop(p.ID)
	b.settleClient(p.ClientID)
	return b.destroyed("property", "PROPERTY_DESTROY", p.ID), nil
}

func (b *Business) deleteRequest(id string) (Done, error) {
	r, err := chosen(b, b.Requests, TypeRequest, id, existing)
	if err != nil {
		return Done{}, err
	}
	b.dropRequest(r)
	return b.destroyed("request", "REQUEST_DESTROY", r.ID), nil
}

func (b *Business) dropRequest(r *Request) {
	for _, q := range b.Quotes.of(OfRequest, r.ID) {
		loose := *q
		loose.RequestID, loose.UpdatedAt = "", b.stamp()
		b.Quotes.put(loose)
	}
	for _, j := range b.Jobs.of(OfRequest, r.ID) {
		loose := *j
		loose.RequestID, loose.UpdatedAt = "", b.stamp()
		b.Jobs.put(loose)
	}
	b.Requests.drop(r.ID)
}

func (b *Business) deleteQuote(id string) (Done, error) {
	q, err := chosen(b, b.Quotes, TypeQuote, id, existing)
	if err != nil {
		return Done{}, err
	}
	b.dropQuote(q)
	return b.destroyed("quote", "QUOTE_DESTROY", q.ID), nil
}

func (b *Business) dropQuote(q *Quote) {
	for _, j := range b.Jobs.of(OfQuote, q.ID) {
		loose := *j
		loose.QuoteID, loose.UpdatedAt = "", b.stamp()
		b.Jobs.put(loose)
	}
	for _, p := range b.Payments.of(OfQuote, q.ID) {
		loose := *p
		loose.QuoteID, loose.UpdatedAt = "", b.stamp()
		b.Payments.put(loose)
	}
	b.Quotes.drop(q.ID)
}

func (b *Business) deleteJob(id string) (Done, error) {
	j, err := chosen(b, b.Jobs, TypeJob, id, existing)
	if err != nil {
		return Done{}, err
	}
	b.dropJob(j)
	b.settleClient(j.ClientID)
	return b.destroyed("job", "JOB_DESTROY", j.ID), nil
}

// dropJob takes a job with its visits; the invoices that bill it stay.
func (b *Business) dropJob(j *Job) {
	for _, v := range b.Visits.of(OfJob, j.ID) {
		b.Visits.drop(v.ID)
	}
	for _, i := range b.Invoices.of(OfJob, j.ID) {
		loose := *i
		loose.Jobs = slices.DeleteFunc(slices.Clone(i.Jobs), func(part InvoiceJob) bool { return part.JobID == j.ID })
		loose.UpdatedAt = b.stamp()
		b.Invoices.put(loose)
	}
	b.Jobs.drop(j.ID)
}

func (b *Business) deleteVisit(id string) (Done, error) {
	v, err := chosen(b, b.Visits, TypeVisit, id, func(v *Visit) int {
		if v.IsComplete {
			return 1
		}
		return 0
	})
	if err != nil {
		return Done{}, err
	}
	b.Visits.drop(v.ID)
	done := b.destroyed("visit", "VISIT_DESTROY", v.ID)
	b.settleJob(v.JobID, done.At)
	return done, nil
}

func (b *Business) deleteInvoice(id string) (Done, error) {
	i, err := chosen(b, b.Invoices, TypeInvoice, id, existing)
	if err != nil {
		return Done{}, err
	}
	b.unbill(i.ID)
	for _, p := range b.Payments.of(OfInvoice, i.ID) {
		loose := *p
		loose.InvoiceID, loose.UpdatedAt = "", b.stamp()
		b.Payments.put(loose)
	}
	b.Invoices.drop(i.ID)
	done := b.destroyed("invoice", "INVOICE_DESTROY", i.ID)
	for _, part := range i.Jobs {
		b.settleJob(part.JobID, done.At)
	}
	b.settleClient(i.ClientID)
	return done, nil
}

func (b *Business) deletePayment(id string) (Done, error) {
	p, err := chosen(b, b.Payments, TypePaymentRecord, id, existing)
	if err != nil {
		return Done{}, err
	}
	for _, back := range b.Payments.of(OfPayment, p.ID) {
		loose := *back
		loose.RefundedPaymentID, loose.UpdatedAt = "", b.stamp()
		b.Payments.put(loose)
	}
	b.Payments.drop(p.ID)
	done := b.destroyed("payment", "PAYMENT_DESTROY", p.ID)
	if i, ok := b.Invoices.records[p.InvoiceID]; ok {
		owed := b.settledInvoice(*i)
		owed.UpdatedAt = b.stamp()
		b.Invoices.put(owed)
	}
	b.settleClient(p.ClientID)
	return done, nil
}

func (b *Business) destroyed(name, topic, id string) Done {
	at := b.stamp()
	b.tell(topic, id, at)
	return Done{name + ".delete", id, at}
}
