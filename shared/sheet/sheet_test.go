package sheet_test

import (
	"testing"

	"fieldboard.dev/fieldboard/shared/sheet"
)

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "",
		"Hale Grounds":           "Hale Grounds",
		"O'Brien = Sons":         "O'Brien = Sons",
		"3 - 4":                  "3 - 4",
		"=1+1":                   "'=1+1",
		`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`,
		"+1 555 0100":            "'+1 555 0100",
		"-2+3+cmd|' /C calc'!A0": "'-2+3+cmd|' /C calc'!A0",
		"@SUM(1)":                "'@SUM(1)",
		"\t=1":                   "'\t=1",
		"\r=1":                   "'\r=1",
		"\n=1":                   "'\n=1",
		"  =1":                   "'  =1",
		"\ufeff=1":               "'\ufeff=1",
		"＝1":                     "'＝1",
		"|x":                     "'|x",
		"   ":                    "   ",
	} {
		if got := sheet.Text(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if row := sheet.Row("a", "=b"); row[0] != "a" || row[1] != "'=b" {
		t.Errorf("got %q", row)
	}
}
