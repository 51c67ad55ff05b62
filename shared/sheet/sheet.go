// Package sheet makes text safe to open in a spreadsheet.
package sheet

import "strings"

// Text returns a text that a spreadsheet shows and does not run. One that begins as a formula does gets an apostrophe before
// it: https://owasp.org/www-community/attacks/CSV_Injection. What looks like a formula in full width does so too, since some
// programs read it as one. Numbers are no texts: write them as numbers.
func Text(s string) string {
	start := strings.TrimLeft(s, " \u00a0\u200b\ufeff")
	if start == "" {
		return s
	}
	if strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(start)[0]) {
		return "'" + s
	}
	return s
}

// Row makes every text of a row safe.
func Row(texts ...string) []string {
	row := make([]string, len(texts))
	for i, s := range texts {
		row[i] = Text(s)
	}
	return row
}
