package jobber_test

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// collections are the lists of the API with the argument-free selection of their ids.
var collections = []string{"users", "clients", "properties", "requests", "quotes", "jobs", "visits", "invoices", "paymentRecords"}

func TestPagesHoldEverythingOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(m{"bucket": 10_000_000})
	token := b.connect("1").Access
	records := b.stats("1").Records
	records["paymentRecords"] = records["payments"]
	for _, collection := range collections {
		t.Run(collection, func(t *testing.T) {
			for _, direction := range []struct{ size, cursor, more, start string }{
				{"first", "after", "hasNextPage", "endCursor"},
				{"last", "before", "hasPreviousPage", "startCursor"},
			} {
				query := fmt.Sprintf(`query($c: String) { %s(%s: 7, %s: $c) { totalCount nodes { id } edges { cursor node { id } }
					pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`, collection, direction.size, direction.cursor)
				seen := map[any]bool{}
				var cursor any
				for pages := 0; ; pages++ {
					data := b.data(token, query, m{"c": cursor})
					for i, node := range nodes(data, collection) {
						if seen[node["id"]] {
							t.Fatalf("%v came twice", node["id"])
						}
						seen[node["id"]] = true
						edge := dig(data, collection, "edges").([]any)[i].(m)
						if dig(edge, "node", "id") != node["id"] {
							t.Fatalf("edge %v, node %v", edge, node)
						}
					}
					if total := dig(data, collection, "totalCount"); total != float64(records[collection]) {
						t.Fatalf("totalCount %v, want %d", total, records[collection])
					}
					if dig(data, collection, "pageInfo", direction.more) != true {
						break
					}
					cursor = dig(data, collection, "pageInfo", direction.start)
				}
				if len(seen) != records[collection] || len(seen) == 0 {
					t.Errorf("%s: %d records came, want %d", direction.size, len(seen), records[collection])
				}
			}
		})
	}
}

func TestPageBounds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(m{"bucket": 10_000_000})
	token := b.connect("1").Access
	for query, want := range map[string]int{
		`{ visits { nodes { id } } }`:                               100,
		`{ visits(first: 1000) { nodes { id } } }`:                  100,
		`{ visits(first: 0) { nodes { id } } }`:                     0,
		`{ visits(first: 10, after: "OTk5OTk5") { nodes { id } } }`: 0,
	} {
		if got := len(nodes(b.data(token, query, nil), "visits")); got != want {
			t.Errorf("%s: %d nodes, want %d", query, got, want)
		}
	}
	if got := b.reply(token, `{ visits(after: "?") { nodes { id } } }`, nil); len(got.Errors) == 0 {
		t.Error("a cursor that is none was taken")
	}
	if got := dig(b.data(token, `{ clients(first: 1) { pageInfo { endCursor } } }`, nil), "clients", "pageInfo", "endCursor"); got != "MQ" {
		t.Errorf("first cursor %v, want MQ", got)
	}
}

func TestSorts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(m{"bucket": 10_000_000})
	token := b.connect("1").Access
	b.control("/accounts/1/random?seed=3&count=40")
	text := func(path ...string) func(m) string {
		return func(n m) string { s, _ := dig(n, path...).(string); return strings.ToLower(s) }
	}
	number := func(path ...string) func(m) string {
		return func(n m) string { f, _ := dig(n, path...).(float64); return fmt.Sprintf("%012.2f", f) }
	}
	maybe := func(path ...string) func(m) string {
		return func(n m) string {
			if s, ok := dig(n, path...).(string); ok {
				return s
			}
			return "~" // null comes last
		}
	}
	tests := []struct {
		collection, argument, fields string
		key                          func(m) string
		descending                   bool
	}{
		{"clients", "", "updatedAt", text("updatedAt"), true},
		{"requests", "", "updatedAt", text("updatedAt"), true},
		{"quotes", "", "updatedAt", text("updatedAt"), true},
		{"jobs", "", "updatedAt", text("updatedAt"), true},
		{"invoices", "", "updatedAt", text("updatedAt"), true},
		{"visits", "", "startAt", maybe("startAt"), false},
		{"paymentRecords", "", "entryDate", text("entryDate"), true},
		{"users", "sort: [{key: NAME, direction: DESCENDING}]", "name { full }", text("name", "full"), true},
		{"clients", "sort: {key: PRIMARY_NAME, direction: ASCENDING}", "name", text("name"), false},
		{"clients", "sort: {key: LAST_NAME, direction: DESCENDING}", "lastName", text("lastName"), true},
		{"clients", "sort: {key: UPDATED_AT, direction: ASCENDING}", "updatedAt", text("updatedAt"), false},
		{"requests", "sort: [{key: REQUESTED_AT, direction: ASCENDING}]", "createdAt", text("createdAt"), false},
		{"requests", "sort: [{key: STATUS, direction: DESCENDING}]", "requestStatus", text("requestStatus"), true},
		{"requests", "sort: [{key: PRIMARY_NAME, direction: ASCENDING}]", "client { name }", text("client", "name"), false},
		{"quotes", "sort: [{key: QUOTE_TOTAL, direction: DESCENDING}]", "amounts { total }", number("amounts", "total"), true},
		{"quotes", "sort: [{key: LAST_SENT_AT, direction: ASCENDING}]", "sentAt", maybe("sentAt"), false},
		{"quotes", "sort: [{key: PROPERTY_STREET1, direction: ASCENDING}]", "property { address { street1 } }", text("property", "address", "street1"), false},
		{"jobs", "sort: [{key: UPDATED_AT, direction: DESCENDING}]", "updatedAt", text("updatedAt"), true},
		{"jobs", "sort: [{key: JOB_NUMBER, direction: ASCENDING}]", "jobNumber", number("jobNumber"), false},
		{"jobs", "sort: [{key: JOB_STATUS, direction: DESCENDING}]", "jobStatus", text("jobStatus"), true},
		{"jobs", "sort: [{key: SCHEDULE, direction: ASCENDING}]", "startAt", maybe("startAt"), false},
		{"visits", "sort: [{key: CREATED_AT, direction: DESCENDING}]", "createdAt", text("createdAt"), true},
		{"visits", "sort: [{key: STATUS, direction: DESCENDING}]", "visitStatus", text("visitStatus"), true},
		{"visits", "sort: [{key: CLIENT_PRIMARY_NAME, direction: DESCENDING}]", "client { name }", text("client", "name"), true},
		{"invoices", "sort: [{key: DUE_DATE, direction: ASCENDING}]", "dueDate", maybe("dueDate"), false},
		{"invoices", "sort: [{key: INVOICE_BALANCE, direction: DESCENDING}]", "amounts { invoiceBalance }", number("amounts", "invoiceBalance"), true},
		{"invoices", "sort: [{key: INVOICE_STATUS, direction: ASCENDING}]", "invoiceStatus", text("invoiceStatus"), false},
		{"paymentRecords", "sort: {key: ENTRY_DATE, direction: ASCENDING}", "entryDate", text("entryDate"), false},
	}
	for _, test := range tests {
		name := test.collection + " " + test.argument
		if test.argument != "" {
			test.argument += ", "
		}
		got := nodes(b.data(token, fmt.Sprintf(`{ %s(%sfirst: 100) { nodes { id %s } } }`, test.collection, test.argument, test.fields), nil), test.collection)
		keys := make([]string, len(got))
		for i, n := range got {
			keys[i] = test.key(n)
		}
		order := cmp.Compare[string]
		if test.descending {
			order = func(a, b string) int { return cmp.Compare(b, a) }
		}
		if !slices.IsSortedFunc(keys, order) || len(keys) < 20 && test.collection != "users" || keys[0] == keys[len(keys)-1] {
			t.Errorf("%s: not in order, or nothing to put in order: %v", name, keys)
		}
	}
}

func TestSortByTwoKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	got := nodes(b.data(token, `{ jobs(first: 100, sort: [{key: JOB_STATUS, direction: DESCENDING}, {key: JOB_NUMBER, direction: ASCENDING}]) {
		nodes { jobStatus jobNumber } } }`, nil), "jobs")
	for i := 1; i < len(got); i++ {
		a, b := got[i-1], got[i]
		status := cmp.Compare(a["jobStatus"].(string), b["jobStatus"].(string))
		if status < 0 || status == 0 && a["jobNumber"].(float64) >= b["jobNumber"].(float64) {
			t.Fatalf("%v before %v", a, b)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(m{"bucket": 10_000_000, "restoreRate": 1_000_000})
	token := b.connect("1").Access
	all := func(collection, arguments, fields string) []m {
		var got []m
		cursor := ""
		for {
			b.clock.Advance(time.Millisecond)
			data := b.data(token, fmt.Sprintf(`{ %s(first: 100, after: %q, %s) { nodes { id %s } pageInfo { hasNextPage endCursor } } }`,
				collection, cmp.Or(cursor, "MA"), arguments, fields), nil)
			got = append(got, nodes(data, collection)...)
			if dig(data, collection, "pageInfo", "hasNextPage") != true {
				return got
			}
			cursor = dig(data, collection, "pageInfo", "endCursor").(string)
		}
	}
	someClient := nodes(b.data(token, `{ invoices(first: 1) { nodes { client { id name } } } }`, nil), "invoices")[0]
	client := fmt.Sprintf("%q", dig(someClient, "client", "id"))
	property := fmt.Sprintf("%q", dig(nodes(b.data(token, `{ requests(first: 100) { nodes { property { id } } } }`, nil), "requests")[0], "property", "id"))
	user := fmt.Sprintf("%q", dig(nodes(b.data(token, `{ visits(first: 1) { nodes { assignedUsers { nodes { id } } } } }`, nil), "visits")[0], "assignedUsers", "nodes").([]any)[0].(m)["id"])
	since, until := start.AddDate(0, -2, 0), start.AddDate(0, 0, -7)
	span := fmt.Sprintf(`{after: %q, before: %q}`, since.Format(time.RFC3339), until.Format(time.RFC3339))
	within := func(path ...string) func(m) bool {
		return func(n m) bool {
			text, ok := dig(n, path...).(string)
			at, err := time.Parse(time.RFC3339, text)
			return ok && err == nil && !at.Before(since.Truncate(time.Second)) && !at.After(until)
		}
	}
	equal := func(want any, path ...string) func(m) bool {
		return func(n m) bool { return dig(n, path...) == want }
	}
	id := func(quoted string, path ...string) func(m) bool { return equal(strings.Trim(quoted, `"`), path...) }
	tests := []struct {
		collection, filter, fields string
		holds                      func(m) bool
	}{
		{"users", `status: ACTIVATED`, "status", equal("ACTIVATED", "status")},
		{"clients", `isLead: true`, "isLead", equal(true, "isLead")},
		{"clients", `isCompany: false`, "isCompany", equal(false, "isCompany")},
		{"clients", `createdAt: ` + span, "createdAt", within("createdAt")},
		{"clients", `updatedAt: ` + span, "updatedAt", within("updatedAt")},
		{"properties", `clientId: ` + client, "client { id }", id(client, "client", "id")},
		{"properties", `primary: true`, "isBillingAddress", equal(true, "isBillingAddress")},
		{"requests", `updatedAt: ` + span, "updatedAt", within("updatedAt")},
		{"requests", `status: converted`, "requestStatus", equal("converted", "requestStatus")},
		{"requests", `propertyId: ` + property, "property { id }", id(property, "property", "id")},
		{"quotes", `updatedAt: ` + span, "updatedAt", within("updatedAt")},
		{"quotes", `sentAt: ` + span, "sentAt", within("sentAt")},
		{"quotes", `status: approved`, "quoteStatus", equal("approved", "quoteStatus")},
		{"quotes", `cost: {min: 500, max: 2000}`, "amounts { total }", func(n m) bool {
			total := dig(n, "amounts", "total").(float64)
			return total >= 500 && total <= 2000
		}},
		{"jobs", `createdAt: ` + span, "createdAt", within("createdAt")},
		{"jobs", `startAt: ` + span, "startAt", within("startAt")},
		{"jobs", `completedAt: ` + span, "completedAt", within("completedAt")},
		{"jobs", `jobType: RECURRING`, "jobType", equal("RECURRING", "jobType")},
		{"jobs", `status: requires_invoicing`, "jobStatus", equal("requires_invoicing", "jobStatus")},
		{"jobs", `status: active`, "jobStatus", func(n m) bool {
			return n["jobStatus"] != "archived" && n["jobStatus"] != "requires_invoicing"
		}},
		{"visits", `createdAt: ` + span, "createdAt", within("createdAt")},
		{"visits", `startAt: ` + span, "startAt", within("startAt")},
		{"visits", `completedAt: ` + span, "completedAt", within("completedAt")},
		{"visits", `status: COMPLETED`, "isComplete", equal(true, "isComplete")},
		{"visits", `status: ACTIVE`, "isComplete", equal(false, "isComplete")},
		{"visits", `assignedTo: ` + user, "assignedUsers(first: 20) { nodes { id } }", func(n m) bool {
			return slices.ContainsFunc(nodes(n, "assignedUsers"), func(u m) bool { return u["id"] == strings.Trim(user, `"`) })
		}},
		{"invoices", `updatedAt: ` + span, "updatedAt", within("updatedAt")},
		{"invoices", `issuedDate: ` + span, "issuedDate", within("issuedDate")},
		{"invoices", `status: paid`, "invoiceStatus", equal("paid", "invoiceStatus")},
		{"invoices", `clientId: ` + client, "client { id }", id(client, "client", "id")},
		{"paymentRecords", `entryDate: ` + span, "entryDate", within("entryDate")},
		{"paymentRecords", `adjustmentType: PAYMENT`, "adjustmentType", equal("PAYMENT", "adjustmentType")},
	}
	for _, test := range tests {
		want := []any{}
		for _, n := range all(test.collection, "", test.fields) {
			if test.holds(n) {
				want = append(want, n["id"])
			}
		}
		got := []any{}
		for _, n := range all(test.collection, "filter: {"+test.filter+"}", test.fields) {
			got = append(got, n["id"])
		}
		if diff := gocmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%s by %s: %d match, %d came (-want +got):\n%s", test.collection, test.filter, len(want), len(got), diff)
		}
	}

	ids := []any{}
	for _, n := range nodes(b.data(token, `{ visits(first: 5) { nodes { id } } }`, nil), "visits") {
		ids = append(ids, n["id"])
	}
	got := nodes(b.data(token, `query($ids: [EncodedId!]) { visits(filter: {ids: $ids}) { nodes { id } } }`, m{"ids": ids}), "visits")
	if len(got) != 5 {
		t.Errorf("five visits by their ids: %d came", len(got))
	}
	name := dig(someClient, "client", "name").(string)
	found := nodes(b.data(token, `query($t: String) { clients(searchTerm: $t, searchFields: [NAMES], first: 100) { nodes { name } } }`, m{"t": strings.ToUpper(name)}), "clients")
	if len(found) == 0 || !strings.Contains(found[0]["name"].(string), name) {
		t.Errorf("searching %s found %v", name, found)
	}
}

// Every field of every collection resolves, and every reference leads to a record that can be read by its id.
func TestRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(m{"bucket": 10_000_000})
	token := b.connect("1").Access
	singles := map[string]string{
		"users": "user", "clients": "client", "properties": "property", "requests": "request", "quotes": "quote", "jobs": "job",
		"visits": "visit", "invoices": "invoice", "paymentRecords": "paymentRecord",
	}
	for _, collection := range collections {
		var fields struct {
			Data struct {
				Type struct{ Fields []struct{ Name string } } `json:"__type"`
			}
		}
		typeName := strings.ToUpper(singles[collection][:1]) + singles[collection][1:]
		if typeName == "PaymentRecord" {
			typeName = "PaymentRecordInterface"
		}
		b.ask(token, `query($t: String!) { __type(name: $t) { fields { name } } }`, m{"t": typeName}).into(&fields)
		selection := "__typename"
		for _, f := range fields.Data.Type.Fields {
			selection += " " + f.Name + selectionOf(collection, f.Name)
		}
		for _, node := range nodes(b.data(token, fmt.Sprintf(`{ %s(first: 20) { nodes { %s } } }`, collection, selection), nil), collection) {
			raw, err := base64.StdEncoding.DecodeString(node["id"].(string))
			if err != nil || !strings.HasPrefix(string(raw), "gid://Jobber/") {
				t.Fatalf("%s: id %v decodes to %q", collection, node["id"], raw)
			}
			if uri, ok := node["jobberWebUri"].(string); ok && !strings.HasSuffix(uri, string(raw[strings.LastIndex(string(raw), "/"):])) {
				t.Errorf("%s: %q at %s", collection, raw, uri)
			}
			one := b.data(token, fmt.Sprintf(`query($id: EncodedId!) { %s(id: $id) { %s } }`, singles[collection], selection), m{"id": node["id"]})
			if diff := gocmp.Diff(node, one[singles[collection]]); diff != "" {
				t.Fatalf("%s: in the list and by its id (-list +single):\n%s", collection, diff)
			}
		}
	}
	if me := dig(b.data(token, `{ user { isCurrentUser isAccountOwner timezone } }`, nil), "user"); dig(me, "isCurrentUser") != true ||
		dig(me, "isAccountOwner") != true || dig(me, "timezone") != "America/Denver" {
		t.Errorf("the current user is %v", me)
	}
}

// selectionOf is what to select of a field that is an object.
func selectionOf(collection, field string) string {
	if collection == "users" {
		switch field {
		case "name":
			return " { first last full }"
		case "email":
			return " { raw isValid }"
		case "phone":
			return " { raw friendly areaCode countryCode isValid }"
		}
	}
	switch field {
	case "account", "client", "property", "request", "quote", "job", "invoice", "salesperson":
		return " { id }"
	case "clientProperties", "requests", "quotes", "jobs", "visits", "invoices", "properties", "paymentRecords", "assignedUsers", "tags":
		return "(first: 3) { nodes { id } }"
	case "customFields":
		return ` { __typename ... on CustomFieldText { label valueText }
			... on CustomFieldDropdown { label valueDropdown dropdownOptions customFieldConfiguration { id name appliesTo } } }`
	case "emails":
		return " { id address description primary client { id } }"
	case "phones":
		return " { id number friendly normalizedPhoneNumber description primary smsAllowed }"
	case "billingAddress":
		return " { street street1 street2 city province postalCode country }"
	case "address":
		return " { id street street1 street2 city province postalCode country }"
	case "assessment":
		return " { id title startAt endAt duration allDay isComplete completedAt request { id } }"
	case "amounts":
		if collection == "quotes" {
			return " { subtotal total taxAmount discountAmount nonTaxAmount depositAmount outstandingDepositAmount }"
		}
		return " { subtotal total taxAmount nonTaxAmount discountAmount depositAmount invoiceBalance paymentsTotal tipsTotal }"
	case "lastTransitioned":
		return " { approvedAt changesRequestedAt convertedAt }"
	case "visitsInfo":
		return " { futureCount pastCount incompleteTotal scheduledCount unscheduledCount }"
	default:
		return ""
	}
}
