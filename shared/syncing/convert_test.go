package syncing

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

func gid(kind, number string) string {
	return base64.StdEncoding.EncodeToString([]byte("gid://Jobber/" + kind + "/" + number))
}

func TestConversions(t *testing.T) {
	t.Parallel()
	fetched := noon
	early, late := noon.Add(-48*time.Hour), noon.Add(-time.Hour)
	inDenver := late.In(time.FixedZone("", -7*3600))
	meta := func(kind string) record.Meta {
		return record.Meta{ID: kind + "_12", JobberID: gid(kind, "12"), FetchedAt: fetched}
	}
	dated := func(kind, folder string) record.Meta {
		m := meta(kind)
		m.CreatedAt, m.UpdatedAt, m.WebURI = early, late, "https://secure.getjobber.com/"+folder+"/12"
		return m
	}
	withCreated := func(kind string) record.Meta {
		m := meta(kind)
		m.CreatedAt = early
		return m
	}
	uri := func(folder string) string { return "https://secure.getjobber.com/" + folder + "/12" }

	for name, tt := range map[string]struct {
		convert func() (record.Upsert, error)
		want    record.Upsert
	}{
		"user": {
			func() (record.Upsert, error) {
				return user(jobber.User{
					ID: gid("User", "12"), FirstName: "Ann", LastName: "Lee", FullName: "Ann Lee", Email: "ann@example.com", Status: "ACTIVATED",
					IsAccountAdmin: true, AvailableForScheduling: true, Crew: "North & West Crew", CreatedAt: early,
				}, fetched)
			},
			record.Upsert{Record: &record.User{
				Meta: withCreated("User"), Name: "Ann Lee", Email: "ann@example.com", Status: "ACTIVATED", IsAccountAdmin: true,
				AvailableForScheduling: true, Team: "north-west-crew", TeamName: "North & West Crew",
			}},
		},
		"user without a crew": {
			func() (record.Upsert, error) {
				return user(jobber.User{ID: gid("User", "12"), FullName: "Ann Lee", CreatedAt: early}, fetched)
			},
			record.Upsert{Record: &record.User{Meta: withCreated("User"), Name: "Ann Lee"}},
		},
		"client": {
			func() (record.Upsert, error) {
				return client(jobber.Client{
					ID: gid("Client", "12"), Name: "Mr. Deep", FirstName: "D", LastName: "Deep", CompanyName: "Deep Ltd", IsCompany: true,
					IsLead: true, Balance: -10.005, Email: "d@example.com", Phone: "555", Tags: []string{"vip"},
					BillingAddress: &jobber.Address{Street: "1 A St", City: "B", Province: "C", PostalCode: "D", Country: "E"},
					WebURI:         uri("clients"), CreatedAt: early, UpdatedAt: late,
				}, fetched)
			},
			record.Upsert{Record: &record.Client{
				Meta: dated("Client", "clients"), Name: "Mr. Deep", FirstName: "D", LastName: "Deep", CompanyName: "Deep Ltd", IsCompany: true,
				IsLead: true, BalanceCents: record.Cents(-10.005), Email: "d@example.com", Phone: "555", Tags: []string{"vip"},
				BillingAddress: &record.Address{Street: "1 A St", City: "B", Province: "C", PostalCode: "D", Country: "E"},
			}},
		},
		"client whose balance and addresses are hidden": {
			func() (record.Upsert, error) {
				return client(jobber.Client{
					ID: gid("Client", "12"), WebURI: uri("clients"), CreatedAt: early, UpdatedAt: late,
					Hidden: jobber.Hidden{"balance", "emails", "billingAddress.street"},
				}, fetched)
			},
			record.Upsert{
				Record: &record.Client{Meta: dated("Client", "clients")},
				Hidden: []string{"email", "balanceCents", "billingAddress"},
			},
		},
		"property": {
			func() (record.Upsert, error) {
				return property(jobber.Property{
					ID: gid("Property", "12"), Name: "Shop", ClientID: gid("Client", "3"), Address: jobber.Address{Street: "2 B St"}, WebURI: uri("properties"),
				}, fetched)
			},
			record.Upsert{Record: &record.Property{
				Meta: record.Meta{ID: "Property_12", JobberID: gid("Property", "12"), WebURI: uri("properties"), FetchedAt: fetched},
				Name: "Shop", ClientID: "Client_3", Address: record.Address{Street: "2 B St"},
			}},
		},
		"request without a property": {
			func() (record.Upsert, error) {
				return request(jobber.Request{
					ID: gid("Request", "12"), Title: "Gutters", Status: "new", Source: "internal", ClientID: gid("Client", "3"),
					WebURI: uri("requests"), CreatedAt: early, UpdatedAt: late,
				}, fetched)
			},
			record.Upsert{Record: &record.Request{
				Meta: dated("Request", "requests"), Title: "Gutters", Status: "new", Source: "internal", ClientID: "Client_3",
			}},
		},
		"quote": {
			func() (record.Upsert, error) {
				return quote(jobber.Quote{
					ID: gid("Quote", "12"), Number: "1001", Status: "awaiting_response", Title: "Roof", ClientID: gid("Client", "3"),
					PropertyID: gid("Property", "4"), Total: 1234.565, SentAt: &inDenver, WebURI: uri("quotes"), CreatedAt: early, UpdatedAt: late,
				}, fetched)
			},
			record.Upsert{Record: &record.Quote{
				Meta: dated("Quote", "quotes"), Number: "1001", Status: "awaiting_response", Title: "Roof", ClientID: "Client_3",
				PropertyID: "Property_4", TotalCents: 123457, SentAt: &late,
			}},
		},
		"quote whose amounts are hidden": {
			func() (record.Upsert, error) {
				return quote(jobber.Quote{
					ID: gid("Quote", "12"), WebURI: uri("quotes"), CreatedAt: early, UpdatedAt: late, Hidden: jobber.Hidden{"amounts"},
				}, fetched)
			},
			record.Upsert{Record: &record.Quote{Meta: dated("Quote", "quotes")}, Hidden: []string{"totalCents"}},
		},
		"job": {
			func() (record.Upsert, error) {
				return job(jobber.Job{
					ID: gid("Job", "12"), Number: 77, Title: "Mow", Status: "requires_invoicing", Type: "RECURRING", ClientID: gid("Client", "3"),
					PropertyID: gid("Property", "4"), Total: 0.1 + 0.2, UninvoicedTotal: 99.995, StartAt: &early, CompletedAt: &late,
					WebURI: uri("jobs"), CreatedAt: early, UpdatedAt: late,
				}, fetched)
			},
			record.Upsert{Record: &record.Job{
				Meta: dated("Job", "jobs"), Number: "77", Title: "Mow", Status: "requires_invoicing", JobType: "RECURRING", ClientID: "Client_3",
				PropertyID: "Property_4", TotalCents: 30, UninvoicedCents: 10000, StartAt: &early, CompletedAt: &late,
			}},
		},
		"visit": {
			func() (record.Upsert, error) {
				return visit(jobber.Visit{
					ID: gid("Visit", "12"), Title: "Mow", IsComplete: true, AllDay: true, StartAt: &early, EndAt: &late, CompletedAt: &late,
					JobID: gid("Job", "5"), ClientID: gid("Client", "3"), PropertyID: gid("Property", "4"),
					UserIDs: []string{gid("User", "1"), gid("User", "2")}, CreatedAt: early,
				}, fetched)
			},
			record.Upsert{Record: &record.Visit{
				Meta: withCreated("Visit"), Title: "Mow", IsComplete: true, AllDay: true, StartAt: &early, EndAt: &late, CompletedAt: &late,
				JobID: "Job_5", ClientID: "Client_3", PropertyID: "Property_4", UserIDs: []string{"User_1", "User_2"},
			}},
		},
		"visit without a time or people": {
			func() (record.Upsert, error) {
				return visit(jobber.Visit{ID: gid("Visit", "12"), CreatedAt: early, Hidden: jobber.Hidden{"assignedUsers"}}, fetched)
			},
			record.Upsert{Record: &record.Visit{Meta: withCreated("Visit"), UserIDs: []string{}}, Hidden: []string{"userIds"}},
		},
		"invoice": {
			func() (record.Upsert, error) {
				return invoice(jobber.Invoice{
					ID: gid("Invoice", "12"), Number: "9", Subject: "March", Status: "past_due", ClientID: gid("Client", "3"), Total: 110.01,
					TaxAmount: 10.005, Balance: 50, IssuedDate: &early, DueDate: &late, WebURI: uri("invoices"), CreatedAt: early, UpdatedAt: late,
				}, fetched)
			},
			record.Upsert{Record: &record.Invoice{
				Meta: dated("Invoice", "invoices"), Number: "9", Subject: "March", Status: "past_due", ClientID: "Client_3", TotalCents: 11001,
				TaxCents: record.Cents(10.005), BalanceCents: 5000, IssuedDate: &early, DueDate: &late,
			}},
		},
		"payment": {
			func() (record.Upsert, error) {
				return payment(jobber.Payment{
					ID: gid("PaymentRecord", "12"), Amount: 75.5, AdjustmentType: "PAYMENT", PaymentType: "CASH", EntryDate: late,
					ClientID: gid("Client", "3"), InvoiceID: gid("Invoice", "8"),
				}, fetched)
			},
			record.Upsert{Record: &record.Payment{
				Meta: meta("PaymentRecord"), AmountCents: 7550, AdjustmentType: "PAYMENT", PaymentType: "CASH", EntryDate: &late,
				ClientID: "Client_3", InvoiceID: "Invoice_8",
			}},
		},
		"payment on account": {
			func() (record.Upsert, error) {
				return payment(jobber.Payment{ID: gid("PaymentRecord", "12"), Amount: 1, AdjustmentType: "DEPOSIT"}, fetched)
			},
			record.Upsert{Record: &record.Payment{Meta: meta("PaymentRecord"), AmountCents: 100, AdjustmentType: "DEPOSIT"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.convert()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConversionsRefuseForeignIDs(t *testing.T) {
	t.Parallel()
	for name, convert := range map[string]func() (record.Upsert, error){
		"no id":           func() (record.Upsert, error) { return client(jobber.Client{}, noon) },
		"an id of no gid": func() (record.Upsert, error) { return visit(jobber.Visit{ID: "x/../y"}, noon) },
		"a reference": func() (record.Upsert, error) {
			return visit(jobber.Visit{ID: gid("Visit", "1"), JobID: "%%%"}, noon)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := convert(); problem.CodeOf(err) != problem.Invalid {
				t.Errorf("error %v, want one with code %q", err, problem.Invalid)
			}
		})
	}
}

// The other way of record.IDOf is good for asking Jobber by our ids.
func TestJobberIDOf(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"Visit_1", "PaymentRecord_118404039"} {
		back, err := record.IDOf(record.JobberIDOf(id))
		if err != nil || back != id {
			t.Errorf("%s became %q, error %v", id, back, err)
		}
	}
}
