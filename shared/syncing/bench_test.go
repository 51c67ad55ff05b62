package syncing

import (
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"
)

// BenchmarkCopy copies a business whose budget is no bound, and tells the speed and what it cost against the least that the
// same data could cost. COPY_SCALE is the share of the full business; a tenth when it is not set.
func BenchmarkCopy(b *testing.B) {
	scale := 0.1
	if given := os.Getenv("COPY_SCALE"); given != "" {
		var err error
		if scale, err = strconv.ParseFloat(given, 64); err != nil {
			b.Fatal(err)
		}
	}
	for range b.N {
		b.StopTimer()
		s := newStack(b, scale)
		s.start(b)
		b.StartTimer()
		began := time.Now()
		s.finish(b)
		took := time.Since(began)
		b.StopTimer()
		stats := s.control(b, http.MethodGet, "accounts/1/stats", nil)
		b.ReportMetric(float64(rowsCopied(b, s))/took.Minutes(), "records/min")
		b.ReportMetric(stats["pointsSpent"].(float64)/stats["leastPossibleCost"].(float64), "points/least")
		b.ReportMetric(stats["throttled"].(float64), "throttled")
	}
}
