package business

// Put puts records into their tables as they are, for tests that need a business of a certain kind.
func (b *Business) Put(records ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range records {
		switch r := r.(type) {
		case User:
			r.ID = EncodeID(TypeUser, r.Number)
			b.Users.put(r)
		case Client:
			r.ID = EncodeID(TypeClient, r.Number)
			b.Clients.put(r)
		case Property:
			r.ID = EncodeID(TypeProperty, r.Number)
			b.Properties.put(r)
		case Request:
			r.ID = EncodeID(TypeRequest, r.Number)
			b.Requests.put(r)
		case Quote:
			r.ID = EncodeID(TypeQuote, r.Number)
			b.Quotes.put(r)
		case Job:
			r.ID = EncodeID(TypeJob, r.Number)
			b.Jobs.put(r)
		case Visit:
			r.ID = EncodeID(TypeVisit, r.Number)
			b.Visits.put(r)
		case Invoice:
			r.ID = EncodeID(TypeInvoice, r.Number)
			b.Invoices.put(r)
		case PaymentRecord:
			r.ID = EncodeID(TypePaymentRecord, r.Number)
			b.Payments.put(r)
		default:
			panic("not a record")
		}
	}
}
