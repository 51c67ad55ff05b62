package cloud

import (
	"strings"
	"time"
	"unicode/utf8"
)

// maxID is longer than any id of ours. Firestore's own bound is 1,500 bytes.
const maxID = 128

// AreIDs tells whether each text names one document, and not a path to another or a name that Firestore keeps for itself:
// https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields. Firestore fails for any other, so
// what comes from outside is asked before it is looked for.
func AreIDs(texts ...string) bool {
	for _, s := range texts {
		switch {
		case s == "" || len(s) > maxID || !utf8.ValidString(s):
			return false
		case s == "." || s == ".." || strings.Contains(s, "/"):
			return false
		case strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__"):
			return false
		}
	}
	return true
}

// IsTime tells whether Firestore can keep a time: from year 1 to 9999, in UTC.
func IsTime(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}
