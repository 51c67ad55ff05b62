package jobber

import (
	"fmt"
	"slices"
	"time"
)

// versionHeader names the API version that a request wants. Every app must send it.
const versionHeader = "X-JOBBER-GRAPHQL-VERSION"

// versions are the API versions known from Jobber's changelog (to 2025-04-16) and from code that runs against later ones.
var versions = []string{
	"2022-01-01", "2022-03-10", "2022-05-23", "2022-09-15", "2022-12-07",
	"2023-03-29", "2023-05-05", "2023-08-18", "2023-11-15",
	"2024-04-17", "2024-06-10", "2024-08-30", "2024-09-12", "2024-09-23", "2024-11-07", "2024-11-12", "2024-12-05",
	"2025-01-20", "2025-04-16",
	"2026-02-17", "2026-03-10", "2026-04-13", "2026-04-16", "2026-05-12", "2026-07-27", "2026-09-25",
}

// Jobber keeps a version for at least 12 months and lets it be reached for about 18; a removed version is silently
// answered as the oldest that is left.
const (
	monthsSupported = 12
	monthsReachable = 18
)

// versioning is extensions.versioning of a reply.
type versioning struct {
	Version string `json:"version"`
	Warning string `json:"warning,omitempty"`
}

// versionsUpTo returns the known versions not later than newest, and newest itself.
func versionsUpTo(newest string) []string {
	served := slices.DeleteFunc(slices.Clone(versions), func(v string) bool { return v >= newest })
	return append(served, newest)
}

// resolveVersion returns the version that a request for wanted is answered with, or false when there never was such a
// version. served is in rising order.
func resolveVersion(served []string, wanted string, now time.Time) (versioning, bool) {
	i := slices.Index(served, wanted)
	if i < 0 {
		return versioning{}, false
	}
	newest := len(served) - 1
	oldest := slices.IndexFunc(served, func(v string) bool { return !olderThan(v, monthsReachable, now) })
	if oldest < 0 {
		oldest = newest
	}
	if i < oldest {
		return versioning{Version: served[oldest]}, true
	}
	if i < newest && olderThan(wanted, monthsSupported, now) {
		return versioning{wanted, fmt.Sprintf("GraphQL API version %s is no longer supported and will be removed. Upgrade to %s.", wanted, served[newest])}, true
	}
	return versioning{Version: wanted}, true
}

func olderThan(version string, months int, now time.Time) bool {
	t, err := time.Parse(time.DateOnly, version)
	return err == nil && t.AddDate(0, months, 0).Before(now)
}
