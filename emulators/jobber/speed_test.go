package jobber_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber"
)

// BenchmarkPage serves pages of 100 visits of the full-size business.
func BenchmarkPage(b *testing.B) {
	bench := newBench(b, func(o *jobber.Options) {
		o.Scale, o.Bucket, o.RestoreRate, o.RequestLimit = 1, 1<<40, 1<<30, 1<<40
	})
	token := bench.connect("1").Access
	body, err := json.Marshal(m{"query": `query($after: String) { visits(first: 100, after: $after, sort: [{key: CREATED_AT, direction: ASCENDING}]) {
		nodes { id title isComplete allDay startAt endAt completedAt createdAt job { id } client { id } property { id }
			assignedUsers(first: 10) { nodes { id } } } pageInfo { hasNextPage endCursor } } }`})
	if err != nil {
		b.Fatal(err)
	}
	started := time.Now()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, bench.url+"/api/graphql", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer " + token}, "X-Jobber-Graphql-Version": {version}, "Content-Type": {"application/json"}}
		response, err := bench.client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		read, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || bytes.Contains(read, []byte(`"errors"`)) {
			b.Fatalf("status %d, %v: %s", response.StatusCode, err, read)
		}
	}
	b.ReportMetric(float64(b.N)*100/time.Since(started).Minutes(), "records/min")
}
