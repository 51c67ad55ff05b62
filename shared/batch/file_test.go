package batch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"fieldboard.dev/fieldboard/shared/batch"
	"fieldboard.dev/fieldboard/shared/problem"
)

// fields returns the broken rules of a problem with the code.
func fields(t *testing.T, err error, code problem.Code) []problem.Field {
	t.Helper()
	var p *problem.Error
	if !errors.As(err, &p) || p.Code != code {
		t.Fatalf("got %v, want a problem %s", err, code)
	}
	return p.Fields
}

func TestEncodingsAndSeparators(t *testing.T) {
	t.Parallel()
	const plain = "First name,Last name,City\nZoë,Müller,Montréal\n"
	utf16 := func(endian unicode.Endianness, mark unicode.BOMPolicy, text string) string {
		encoded, err := unicode.UTF16(endian, mark).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	windows, err := charmap.Windows1252.NewEncoder().String(plain)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ file, encoding string }{
		"UTF-8":                 {plain, "UTF-8"},
		"UTF-8 with a mark":     {"\ufeff" + plain, "UTF-8"},
		"Windows-1252":          {windows, "Windows-1252"},
		"UTF-16, little, mark":  {utf16(unicode.LittleEndian, unicode.UseBOM, plain), "UTF-16"},
		"UTF-16, big, mark":     {utf16(unicode.BigEndian, unicode.UseBOM, plain), "UTF-16"},
		"UTF-16, little, none":  {utf16(unicode.LittleEndian, unicode.IgnoreBOM, plain), "UTF-16"},
		"UTF-16, big, none":     {utf16(unicode.BigEndian, unicode.IgnoreBOM, plain), "UTF-16"},
		"semicolons":            {strings.ReplaceAll(plain, ",", ";"), "UTF-8"},
		"tabs":                  {strings.ReplaceAll(plain, ",", "\t"), "UTF-8"},
		"Windows line ends":     {strings.ReplaceAll(plain, "\n", "\r\n"), "UTF-8"},
		"Excel's first line":    {"sep=;\r\n" + strings.ReplaceAll(plain, ",", ";"), "UTF-8"},
		"quotes":                {"\"First name\",\"Last name\",City\n\"Zoë\",\"Müller\",\"Montréal\"\n", "UTF-8"},
		"blank rows at the end": {plain + ",,\n\n , ,\n", "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := batch.ParseFile([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			want := batch.File{
				Encoding: tt.encoding, Columns: []batch.Column{batch.FirstName, batch.LastName, batch.City},
				Lines: []batch.Line{{Row: 2, Cells: map[batch.Column]string{batch.FirstName: "Zoë", batch.LastName: "Müller", batch.City: "Montréal"}}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadingsAndCells(t *testing.T) {
	t.Parallel()
	got, err := batch.ParseFile([]byte("E-Mail Address,Notes,ZIP,Phone #,Company\n" +
		"a@b.example,x,00501,+1 555 0100,\"Hale, Sons\n& Co\"\n" +
		"c@d.example,y,1,'+1 555 0101,-5 Ltd\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := batch.File{
		Encoding: "UTF-8", Ignored: []string{"Notes", "Phone #"}, Columns: []batch.Column{batch.Email, batch.PostalCode, batch.Company},
		Lines: []batch.Line{
			{Row: 2, Cells: map[batch.Column]string{batch.Email: "a@b.example", batch.PostalCode: "00501", batch.Company: "Hale, Sons & Co"}},
			{
				Row: 3, Cells: map[batch.Column]string{batch.Email: "c@d.example", batch.PostalCode: "1", batch.Company: "-5 Ltd"},
				Warnings: []string{"Company begins like a formula and is kept as text."},
			},
		},
	}
	want.Ignored, want.Columns = []string{"Notes"}, []batch.Column{batch.Email, batch.PostalCode, batch.Phone, batch.Company}
	want.Lines[0].Cells[batch.Phone], want.Lines[1].Cells[batch.Phone] = "+1 555 0100", "+1 555 0101"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Everything that is wrong is told at once, where it is.
func TestAllFaultsAreTold(t *testing.T) {
	t.Parallel()
	_, err := batch.ParseFile([]byte("First name,Company,Email,E-mail\n" +
		"Ada,\"two\nlines\",a@b.example,\n" + // rows 2
		"=1+1,@SUM(A1),c@d.example,\n" + // row 3
		"Bea,\x01,e@f.example,\n" + // row 4
		"Cid,few\n" + // row 5
		"Dan,a \"bare\" quote,g@h.example,\n" + // row 6
		"Eve,＝1,i@j.example,\n" + // row 7
		"Fay,\"closed\" late,k@l.example,\n" + // row 8
		"Gus,\"never closed,m@n.example,\n")) // row 9
	var got []string
	for _, f := range fields(t, err, problem.Invalid) {
		got = append(got, f.Location)
	}
	want := []string{
		"row 1", "row 3, column A (First name)", "row 3, column B (Company)", "row 4, column B (Company)", "row 5", "row 6",
		"row 7, column B (Company)", "row 8", "row 9",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, err)
	}
}

func TestBoundsOfAFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string
		code problem.Code
		want int // faults
	}{
		"empty":             {"", problem.Invalid, 1},
		"headings alone":    {"First name,Email\n", problem.Invalid, 1},
		"unknown headings":  {"a,b\n1,2\n", problem.Invalid, 1},
		"binary":            {"PK\x03\x04\x00\x81\x8d\xff\n", problem.Invalid, 1},
		"too many bytes":    {"First name\n" + strings.Repeat("a\n", 1<<20), problem.TooLarge, 0},
		"too many rows":     {"First name\n" + strings.Repeat("a\n", batch.MaxRows+1), problem.Invalid, 1},
		"a row too long":    {"First name\n" + strings.Repeat("a", 5000) + "\n", problem.Invalid, 1},
		"too many columns":  {strings.Repeat("First name,", 101) + "\n", problem.Invalid, 1},
		"more than a list":  {"First name,Email\n" + strings.Repeat("=1,=2\n", 300), problem.Invalid, 100},
		"UTF-8, mark, torn": {"\ufeffFirst name\n\xff\n", problem.Invalid, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := batch.ParseFile([]byte(tt.file))
			if got := fields(t, err, tt.code); len(got) != tt.want {
				t.Errorf("%d faults, want %d: %v", len(got), tt.want, got)
			}
		})
	}
	if _, err := batch.ParseFile([]byte("First name\n" + strings.Repeat("a\n", batch.MaxRows))); err != nil {
		t.Errorf("as many rows as there may be: %v", err)
	}
}

// Whatever is uploaded comes out as rows of text that can be kept and shown, or as a problem that says what to correct.
func FuzzParseFile(f *testing.F) {
	f.Add([]byte("First name,Email\nAda,a@b.example\n"))
	f.Add([]byte("\xff\xfeF\x00i\x00r\x00s\x00t\x00"))
	f.Add([]byte("sep=;\nEmail;Tags\n\"a\nb\";'=1\n"))
	f.Add([]byte("Email\n\"unclosed\n=1\n\n\"a\"b\n"))
	f.Add([]byte("caf\xe9,Email\n\x80,\x81\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := batch.ParseFile(content)
		if err != nil {
			var p *problem.Error
			if !errors.As(err, &p) || p.Code != problem.Invalid && p.Code != problem.TooLarge || p.Code == problem.Invalid && len(p.Fields) == 0 || len(p.Fields) > 100 {
				t.Fatalf("got %v", err)
			}
			for _, field := range p.Fields {
				if !utf8.ValidString(field.Location) || !utf8.ValidString(field.Message) {
					t.Errorf("cannot be told: %q", fmt.Sprint(field))
				}
			}
			return
		}
		if len(file.Lines) == 0 || len(file.Lines) > batch.MaxRows || len(file.Columns) == 0 {
			t.Errorf("%d rows, %d columns", len(file.Lines), len(file.Columns))
		}
		last := 1
		for _, line := range file.Lines {
			if line.Row <= last-1 {
				t.Errorf("row %d comes after row %d", line.Row, last)
			}
			last = line.Row
			for column, cell := range line.Cells {
				if cell == "" || strings.TrimSpace(cell) != cell || !utf8.ValidString(cell) || strings.ContainsAny(cell[:1], "=@") {
					t.Errorf("%s is %q", column, cell)
				}
			}
		}
	})
}
