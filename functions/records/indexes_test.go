package records

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/shared/record"
)

type index struct {
	CollectionGroup string  `json:"collectionGroup"`
	QueryScope      string  `json:"queryScope"`
	Fields          []field `json:"fields"`
}

type field struct {
	FieldPath   string `json:"fieldPath"`
	Order       string `json:"order,omitempty"`
	ArrayConfig string `json:"arrayConfig,omitempty"`
}

// needed lists the composite indexes of a resource: Firestore merges them when several filters are given, as long as each
// filter has one with the sort.
func needed[I, V any](res resource[I, V]) []index {
	sort, _ := reflect.TypeFor[I]().FieldByName("Sort")
	var out []index
	for _, s := range strings.Split(sort.Tag.Get("enum"), ",") {
		order := "ASCENDING"
		if strings.HasPrefix(s, "-") {
			order = "DESCENDING"
		}
		by := field{FieldPath: strings.TrimPrefix(s, "-"), Order: order}
		out = append(out, index{string(res.collection), "COLLECTION", []field{{FieldPath: "terms", ArrayConfig: "CONTAINS"}, by}})
		if res.collection == record.Visits { // of those who see only some people's
			out = append(out, index{string(res.collection), "COLLECTION", []field{{FieldPath: "userIds", ArrayConfig: "CONTAINS"}, by}})
		}
		for _, f := range res.filters {
			out = append(out, index{string(res.collection), "COLLECTION", []field{{FieldPath: f, Order: "ASCENDING"}, by}})
		}
	}
	return out
}

// The emulator answers any query; Firestore answers only those that firestore.indexes.json has an index for.
func TestEveryQueryHasItsIndexes(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../firestore.indexes.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Indexes []index `json:"indexes"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, i := range file.Indexes {
		have[key(t, i)] = true
	}
	var all []index
	all = append(all, needed(clients)...)
	all = append(all, needed(properties)...)
	all = append(all, needed(requests)...)
	all = append(all, needed(quotes)...)
	all = append(all, needed(jobs)...)
	all = append(all, needed(visits)...)
	all = append(all, needed(invoices)...)
	all = append(all, needed(payments)...)
	all = append(all, needed(users)...)
	for _, i := range all {
		if !have[key(t, i)] {
			t.Errorf("firestore.indexes.json lacks\n    %s", key(t, i))
		}
	}
}

func key(t *testing.T, i index) string {
	t.Helper()
	b, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
