package batch

import (
	"testing"

	"fieldboard.dev/fieldboard/shared/jobber"
)

// A client that Jobber writes otherwise than the row did is the row's all the same; one that differs is not.
func TestWhichClientARowMade(t *testing.T) {
	t.Parallel()
	cells := map[Column]string{FirstName: "Ada", LastName: "Moss", Email: "ada@moss.example", Phone: "(303) 555-0100"}
	for name, tt := range map[string]struct {
		client jobber.Client
		want   bool
	}{
		"the same":                {jobber.Client{FirstName: "Ada", LastName: "Moss", Email: "ada@moss.example", Phone: "(303) 555-0100"}, true},
		"written otherwise":       {jobber.Client{FirstName: "ADA", LastName: "moss", Email: "Ada@Moss.example", Phone: "+1 303 555 0100"}, true},
		"another's address":       {jobber.Client{FirstName: "Ada", LastName: "Moss", Email: "other@moss.example", Phone: "(303) 555-0100"}, false},
		"another's telephone":     {jobber.Client{FirstName: "Ada", LastName: "Moss", Email: "ada@moss.example", Phone: "(303) 555-0199"}, false},
		"a part of the telephone": {jobber.Client{FirstName: "Ada", LastName: "Moss", Email: "ada@moss.example", Phone: "0100"}, false},
		"without a telephone":     {jobber.Client{FirstName: "Ada", LastName: "Moss", Email: "ada@moss.example"}, false},
		"of a company":            {jobber.Client{FirstName: "Ada", LastName: "Moss", CompanyName: "Moss", Email: "ada@moss.example", Phone: "(303) 555-0100"}, false},
	} {
		if got := saysTheSame(tt.client, cells); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
