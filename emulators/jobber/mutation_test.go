package jobber_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	createClient = `mutation($input: ClientCreateInput!) { clientCreate(input: $input) {
		client { id name isLead emails { address primary } phones { number primary } billingAddress { street1 city } clientProperties(first: 1) { nodes { id } } }
		userErrors { message path } } }`
	editClient = `mutation($id: EncodedId!, $input: ClientEditInput!) { clientEdit(clientId: $id, input: $input) {
		client { id name emails { id address primary } tags(first: 10) { nodes { label } } } userErrors { message path } } }`
)

func TestClientIsMadeAndChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	made := b.reply(token, createClient, m{"input": m{
		"title": "DR", "firstName": "Ada", "lastName": "Moss", "emails": []m{{"address": "ada@moss.example", "primary": true}},
		"phones": []m{{"number": "555 0100"}}, "billingAddress": m{"street1": "1 Mill Lane", "city": "Ashby"},
		"properties": []m{{"address": m{"street1": "1 Mill Lane", "city": "Ashby"}}},
	}})
	client, _ := dig(made.Data, "clientCreate", "client").(m)
	if client == nil || client["name"] != "Dr. Ada Moss" || client["isLead"] != true || len(nodes(client, "clientProperties")) != 1 {
		t.Fatalf("got %v %v", made.Data, made.Errors)
	}
	want := []any{m{"address": "ada@moss.example", "primary": true}}
	if diff := cmp.Diff(want, client["emails"]); diff != "" {
		t.Errorf("emails (-want +got):\n%s", diff)
	}
	id := client["id"]
	first := b.reply(token, editClient, m{"id": id, "input": m{"tagsToAdd": []string{"VIP", "vip", "Lawn"}, "companyName": "Moss Mill", "isCompany": true}})
	edited, _ := dig(first.Data, "clientEdit", "client").(m)
	if edited == nil || edited["name"] != "Moss Mill" {
		t.Fatalf("got %v %v", first.Data, first.Errors)
	}
	if got := len(nodes(edited, "tags")); got != 2 {
		t.Errorf("%d tags, want VIP and Lawn", got)
	}
	email := dig(edited, "emails").([]any)[0].(m)["id"]
	second := b.reply(token, editClient, m{"id": id, "input": m{
		"tagsToDelete": []string{"VIP"}, "emailsToEdit": []m{{"id": email, "address": "office@moss.example"}}, "emailsToAdd": []m{{"address": "x@moss.example"}},
	}})
	edited, _ = dig(second.Data, "clientEdit", "client").(m)
	var addresses []string
	for _, e := range dig(edited, "emails").([]any) {
		addresses = append(addresses, fmt.Sprint(e.(m)["address"], e.(m)["primary"]))
	}
	if diff := cmp.Diff([]string{"office@moss.exampletrue", "x@moss.examplefalse"}, addresses); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

func TestMutationRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	got := b.reply(token, createClient, m{"input": m{"isCompany": true, "emails": []m{{"address": "no address"}}}})
	if dig(got.Data, "clientCreate", "client") != nil {
		t.Errorf("made %v", got.Data)
	}
	if told := dig(got.Data, "clientCreate", "userErrors").([]any); len(told) != 3 {
		t.Errorf("userErrors %v, want the address, the missing name and the missing company name", told)
	}
	visits := b.reply(token, `{ visits(first: 1, filter: {status: COMPLETED}) { nodes { id } } }`, nil)
	visit := nodes(visits.Data, "visits")[0]["id"]
	complete := `mutation($id: EncodedId!, $at: ISO8601DateTime) { visitComplete(visitId: $id, input: {completedAt: $at}) { visit { isComplete } userErrors { message } } }`
	if got := b.reply(token, complete, m{"id": visit}); dig(got.Data, "visitComplete", "visit", "isComplete") != true {
		t.Errorf("a complete visit: got %v, want it complete and no error", got.Data)
	}
	if got := b.reply(token, complete, m{"id": visit, "at": "2030-01-01T00:00:00Z"}); len(dig(got.Data, "visitComplete", "userErrors").([]any)) != 1 {
		t.Errorf("complete in the future: got %v", got.Data)
	}
	archive := `mutation($id: EncodedId!) { clientArchive(clientId: $id) { client { isArchived } userErrors { message } } }`
	clients := b.reply(token, `{ clients(first: 1, filter: {isArchived: true}) { nodes { id } } }`, nil)
	if archived := nodes(clients.Data, "clients"); len(archived) == 1 {
		if got := b.reply(token, archive, m{"id": archived[0]["id"]}); len(dig(got.Data, "clientArchive", "userErrors").([]any)) != 1 {
			t.Errorf("archived twice: got %v", got.Data)
		}
	} else {
		t.Error("the business has no archived client")
	}
}

func TestMutationNeedsItsScope(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(m{"scopes": []string{"read_clients"}})
	token := b.connect("1").Access
	before := b.reply(token, `{ clients(first: 1) { totalCount } }`, nil)
	got := b.reply(token, createClient, m{"input": m{"firstName": "Ada"}})
	if len(got.Errors) != 1 || got.Data["clientCreate"] != nil {
		t.Errorf("got %v %v, want it hidden", got.Data, got.Errors)
	}
	if diff := cmp.Diff(before.Data, b.reply(token, `{ clients(first: 1) { totalCount } }`, nil).Data); diff != "" {
		t.Errorf("a client was made (-before +after):\n%s", diff)
	}
}

// An answer that is lost is one of a request that was done.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	b.fault(m{"kind": "lost", "count": 1})
	if !b.lost(token, createClient, m{"input": m{"firstName": "Zebedee", "lastName": "Lost"}}) {
		t.Error("an answer came")
	}
	found := b.reply(token, `{ clients(first: 5, searchTerm: "Zebedee") { nodes { name } } }`, nil)
	if len(nodes(found.Data, "clients")) != 1 {
		t.Errorf("got %v, want the client", found.Data)
	}
}
