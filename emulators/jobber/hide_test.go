package jobber_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hiddenPart = " was hidden due to permissions"

func TestHiddenField(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, typeName, field, query string
		want                         m
		messages                     []string
		paths                        [][]any
	}{
		{
			"a field of the root", "Query", "invoices",
			`{ invoices(first: 2) { nodes { id } } account { __typename } }`,
			m{"invoices": nil, "account": m{"__typename": "Account"}},
			[]string{"The field invoices on an object of type Query" + hiddenPart},
			[][]any{{"invoices"}},
		},
		{
			"a field that may be null", "Invoice", "amounts",
			`{ all: invoices(first: 2) { nodes { __typename amounts { total } } } }`,
			m{"all": m{"nodes": []any{m{"__typename": "Invoice", "amounts": nil}, m{"__typename": "Invoice", "amounts": nil}}}},
			[]string{"The field amounts on an object of type Invoice" + hiddenPart, "The field amounts on an object of type Invoice" + hiddenPart},
			[][]any{{"all", "nodes", 0.0, "amounts"}, {"all", "nodes", 1.0, "amounts"}},
		},
		{
			"a field that is promised takes its element along", "Job", "total",
			`{ jobs(first: 1) { nodes { total } pageInfo { hasNextPage } } }`,
			m{"jobs": m{"nodes": []any{nil}, "pageInfo": m{"hasNextPage": true}}},
			[]string{"The field total on an object of type Job" + hiddenPart},
			[][]any{{"jobs", "nodes", 0.0, "total"}},
		},
		{
			"a field that is promised, inside an object that may be null", "InvoiceAmounts", "total",
			`{ invoices(first: 1) { nodes { __typename amounts { total } } } }`,
			m{"invoices": m{"nodes": []any{m{"__typename": "Invoice", "amounts": nil}}}},
			[]string{"The field total on an object of type InvoiceAmounts" + hiddenPart},
			[][]any{{"invoices", "nodes", 0.0, "amounts", "total"}},
		},
		{
			"every object of a type", "Client", "",
			`{ clients(first: 2) { nodes { id } edges { node { id } } } }`,
			m{"clients": m{"nodes": []any{nil, nil}, "edges": []any{nil, nil}}},
			[]string{
				"An object of type Client" + hiddenPart, "An object of type Client" + hiddenPart,
				"An object of type Client" + hiddenPart, "An object of type Client" + hiddenPart,
			},
			[][]any{{"clients", "nodes", 0.0}, {"clients", "nodes", 1.0}, {"clients", "edges", 0.0, "node"}, {"clients", "edges", 1.0, "node"}},
		},
		{
			"a field of an interface", "PaymentRecordInterface", "client",
			`{ paymentRecords(first: 1) { nodes { client { id } } } }`,
			m{"paymentRecords": m{"nodes": []any{m{"client": nil}}}},
			[]string{"The field client on an object of type PaymentRecordInterface" + hiddenPart},
			[][]any{{"paymentRecords", "nodes", 0.0, "client"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			token := b.connect("1").Access
			fault := m{"kind": "hide", "type": test.typeName, "count": 1}
			if test.field != "" {
				fault["field"] = test.field
			}
			b.fault(fault)
			got := b.reply(token, test.query, nil)
			if diff := cmp.Diff(test.want, got.Data); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			var messages []string
			var paths [][]any
			for _, e := range got.Errors {
				messages, paths = append(messages, e.Message), append(paths, e.Path)
			}
			if diff := cmp.Diff(test.messages, messages); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.paths, paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			if again := b.reply(token, test.query, nil); len(again.Errors) > 0 {
				t.Errorf("the fault was for one reply, the next has %+v", again.Errors)
			}
		})
	}
}

func TestMissingScope(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.connect("1").Access
	b.settings(m{"scopes": []string{"read_clients", "read_jobs", "read_users"}})
	token := b.connect("1").Access
	query := `{ account { name } invoices(first: 1) { nodes { id } } jobs(first: 1) { nodes { id client { id } quote { id } } } }`
	got := b.reply(token, query, nil)
	if dig(got.Data, "account", "name") == nil || got.Data["invoices"] != nil || len(nodes(got.Data, "jobs")) != 1 {
		t.Errorf("data %v", got.Data)
	}
	job := nodes(got.Data, "jobs")[0]
	if dig(job, "client", "id") == nil || job["quote"] != nil {
		t.Errorf("job %v, want its client and not its quote", job)
	}
	if len(got.Errors) != 2 {
		t.Errorf("errors %+v, want invoices and quote", got.Errors)
	}
	if got := b.reply(before, query, nil); len(got.Errors) > 0 {
		t.Errorf("a token made before keeps its scopes: %+v", got.Errors)
	}
}
