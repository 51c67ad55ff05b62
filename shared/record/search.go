package record

import (
	"slices"
	"strings"
	"unicode"
)

// Bounds of a record's search terms: words are found by their beginnings, of 2 letters to 12.
const (
	shortestTerm = 2
	longestTerm  = 12
	mostTerms    = 200
)

// words splits a text into lower-case letters-and-digits words.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// searchTerms returns the beginnings of every word of texts, each once.
func searchTerms(texts []string) []string {
	seen := map[string]bool{}
	for _, text := range texts {
		for _, word := range words(text) {
			runes := []rune(word)
			for n := min(shortestTerm, len(runes)); n <= min(len(runes), longestTerm); n++ {
				seen[string(runes[:n])] = true
			}
		}
	}
	terms := make([]string, 0, len(seen))
	for t := range seen {
		terms = append(terms, t)
	}
	slices.Sort(terms)
	if len(terms) > mostTerms {
		terms = terms[:mostTerms]
	}
	return terms
}

// queryTerms returns the terms that a search for text asks for; the longest, which narrows most, first. A record
// matches when it has them all. A word of one letter asks for nothing unless it is the only one.
func queryTerms(text string) []string {
	var terms []string
	for _, word := range words(text) {
		runes := []rune(word)
		if len(runes) < shortestTerm && len(terms) > 0 {
			continue
		}
		terms = append(terms, string(runes[:min(len(runes), longestTerm)]))
	}
	slices.SortStableFunc(terms, func(a, b string) int { return len(b) - len(a) })
	return terms
}

func hasAll(terms, wanted []string) bool {
	for _, w := range wanted {
		if _, found := slices.BinarySearch(terms, w); !found {
			return false
		}
	}
	return true
}
