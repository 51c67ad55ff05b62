package batch

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode/utf32"

	textunicode "golang.org/x/text/encoding/unicode"

	"fieldboard.dev/fieldboard/shared/problem"
)

// The bounds of a file.
const (
	MaxFileBytes = 2 << 20
	MaxRows      = 5000
	maxRowBytes  = 4 << 10 // of one row's cells
	maxColumns   = 100
	maxFaults    = 100 // that a problem lists
)

// Column is a field of a client that a file may have a column of.
type Column string

// The columns.
const (
	ID         Column = "id"
	FirstName  Column = "firstName"
	LastName   Column = "lastName"
	Company    Column = "companyName"
	Email      Column = "email"
	Phone      Column = "phone"
	Street     Column = "street"
	City       Column = "city"
	Province   Column = "province"
	PostalCode Column = "postalCode"
	Country    Column = "country"
	Tags       Column = "tags"
)

// Columns are all of them, in the order of the template.
var Columns = []Column{ID, FirstName, LastName, Company, Email, Phone, Street, City, Province, PostalCode, Country, Tags}

// headings are the names that a column may have in a file, without regard to capitals and to what is no letter or digit.
var headings = map[Column][]string{
	ID:         {"id", "clientid"},
	FirstName:  {"firstname", "first", "givenname", "forename"},
	LastName:   {"lastname", "last", "surname", "familyname"},
	Company:    {"companyname", "company", "business", "businessname", "organization", "organisation"},
	Email:      {"email", "emailaddress", "mail"},
	Phone:      {"phone", "phonenumber", "telephone", "mobile", "mobilephone", "mainphone"},
	Street:     {"street", "street1", "address", "address1", "addressline1", "streetaddress", "billingstreet1"},
	City:       {"city", "town", "billingcity"},
	Province:   {"province", "state", "region", "county", "billingprovince", "billingstate"},
	PostalCode: {"postalcode", "postcode", "zip", "zipcode", "billingpostalcode", "billingzipcode"},
	Country:    {"country", "billingcountry"},
	Tags:       {"tags", "tag", "labels"},
}

func columnOf(heading string) (Column, bool) {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	for column, names := range headings {
		if slices.Contains(names, plain) {
			return column, true
		}
	}
	return "", false
}

// File is what was read of an uploaded file.
type File struct {
	Encoding string // that it was found to be in
	Ignored  []string
	Columns  []Column
	Lines    []Line
}

// Line is one row of a file, as a spreadsheet numbers them: the headings are row 1.
type Line struct {
	Row      int
	Cells    map[Column]string // trimmed; those that are empty are left out
	Warnings []string
}

// ParseFile reads a CSV file of clients: in UTF-8, UTF-16 or Windows-1252, its cells apart by commas, semicolons or tabs, and
// quoted as RFC 4180 says. Whatever keeps it from being read is told at once, each with its row and column, up to 100 of them,
// in a problem Invalid, or TooLarge for one that is over a bound. What its cells say is not looked at, but for formulas: a
// spreadsheet that opens what Jobber tells later would run them.
func ParseFile(content []byte) (File, error) {
	if len(content) > MaxFileBytes {
		return File{}, problem.New(problem.TooLarge, "The file is too large: it may have 2 MB. Split it into several.")
	}
	text, encoding, err := decode(content)
	if err != nil {
		return File{}, err
	}
	r := reader{file: File{Encoding: encoding}}
	r.read(text)
	return r.done()
}

func refusedFile(message string) error {
	return &problem.Error{Code: problem.Invalid, Message: "The file cannot be read. Nothing was created.", Fields: []problem.Field{{Location: "file", Message: message}}}
}

// decode returns a file's text, and what it was encoded in. What has no mark and is no UTF-8 is taken for Windows-1252, which
// spreadsheets on Windows save.
func decode(content []byte) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(content, []byte{0, 0, 0xfe, 0xff}):
		decoded, err := utf32.UTF32(utf32.LittleEndian, utf32.ExpectBOM).NewDecoder().Bytes(content)
		return finish(decoded, "UTF-32", err)
	case bytes.HasPrefix(content, []byte{0xef, 0xbb, 0xbf}):
		return finish(content[3:], "UTF-8", nil)
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}), bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		decoded, err := textunicode.UTF16(textunicode.LittleEndian, textunicode.ExpectBOM).NewDecoder().Bytes(content)
		return finish(decoded, "UTF-16", err)
	}
	if endian, is := looksLikeUTF16(content); is {
		decoded, err := textunicode.UTF16(endian, textunicode.IgnoreBOM).NewDecoder().Bytes(content)
		return finish(decoded, "UTF-16", err)
	}
	if utf8.Valid(content) {
		return finish(content, "UTF-8", nil)
	}
	decoded, err := charmap.Windows1252.NewDecoder().Bytes(content)
	return finish(decoded, "Windows-1252", err)
}

func finish(decoded []byte, encoding string, err error) (string, string, error) {
	// The decoders write U+FFFD for what they cannot read.
	if err != nil || !utf8.Valid(decoded) || bytes.ContainsRune(decoded, utf8.RuneError) {
		return "", "", refusedFile("is not text in " + encoding + ", which it seems to be; save it as CSV UTF-8")
	}
	return string(decoded), encoding, nil
}

// looksLikeUTF16 finds UTF-16 without a mark: text of mostly western letters has a zero in every second byte.
func looksLikeUTF16(content []byte) (textunicode.Endianness, bool) {
	head := content[:min(len(content), 512)]
	zeros := [2]int{}
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	enough := len(head) / 8
	switch {
	case len(content)%2 != 0 || enough == 0:
		return textunicode.LittleEndian, false
	case zeros[1] > enough && zeros[0] == 0:
		return textunicode.LittleEndian, true
	case zeros[0] > enough && zeros[1] == 0:
		return textunicode.BigEndian, true
	}
	return textunicode.LittleEndian, false
}

// reader reads a file's rows and gathers what is wrong with them.
type reader struct {
	file     File
	of       []Column // by position; "" for a column that is left out
	headings []string
	faults   []problem.Field
	count    int // of faults
	extra    int // line breaks inside cells so far: rows are fewer than lines
}

func (r *reader) fault(location, message string, args ...any) {
	r.count++
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, problem.Field{Location: location, Message: fmt.Sprintf(message, args...)})
	}
}

func (r *reader) done() (File, error) {
	if r.count == 0 && len(r.file.Lines) == 0 {
		r.fault("file", "has no rows under its headings")
	}
	if r.count == 0 {
		return r.file, nil
	}
	message := "The file cannot be read. Nothing was created. Correct what is below and upload it again."
	if r.count > len(r.faults) {
		message = fmt.Sprintf("The file cannot be read. Nothing was created. It has %d faults; the first %d are below.", r.count, len(r.faults))
	}
	return File{}, &problem.Error{Code: problem.Invalid, Message: message, Fields: r.faults}
}

func (r *reader) read(text string) {
	// Excel's own way to say what is between the cells.
	separator := rune(0)
	if first, rest, found := strings.Cut(text, "\n"); found {
		if sep, is := strings.CutPrefix(strings.ToLower(strings.TrimSpace(first)), "sep="); is && len(sep) == 1 && strings.Contains(",;\t", sep) {
			separator, text = rune(sep[0]), rest
		}
	}
	if separator == 0 {
		separator = separatorOf(text)
	}
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord = separator, -1
	for {
		cells, err := in.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &bad):
			r.badQuotes(bad)
			r.extra += bad.Line - bad.StartLine
			if r.headings == nil {
				return // without headings nothing else can be told
			}
			continue
		case err != nil:
			r.fault("file", "cannot be read")
			return
		}
		line, _ := in.FieldPos(0)
		row := line - r.extra
		for _, cell := range cells {
			r.extra += strings.Count(cell, "\n")
		}
		if r.headings == nil {
			if !r.heading(cells, row) {
				return
			}
			continue
		}
		if !r.row(cells, row) {
			return
		}
	}
}

func (r *reader) badQuotes(bad *csv.ParseError) {
	at := fmt.Sprintf("row %d", bad.StartLine-r.extra)
	switch {
	case errors.Is(bad.Err, csv.ErrBareQuote):
		r.fault(at, `has a quote inside a cell that is not quoted; write "" inside of quotes`)
	case errors.Is(bad.Err, csv.ErrQuote):
		r.fault(at, "has a quote that is not closed, or text after one")
	default:
		r.fault(at, "is not CSV")
	}
}

// separatorOf is the one of comma, semicolon and tab that the first line has most of, outside of quotes.
func separatorOf(text string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, c := range text {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := ','
	for _, c := range []rune{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// heading takes the first row; false when the rest cannot be read without a better one.
func (r *reader) heading(cells []string, row int) bool {
	at := fmt.Sprintf("row %d", row)
	if len(cells) > maxColumns {
		r.fault(at, "has %d columns; there may be %d", len(cells), maxColumns)
		return false
	}
	r.headings = cells
	seen := map[Column]string{}
	for _, cell := range cells {
		heading := short(strings.TrimSpace(cell))
		column, known := columnOf(heading)
		if !known {
			if heading != "" {
				r.file.Ignored = append(r.file.Ignored, heading)
			}
			r.of = append(r.of, "")
			continue
		}
		if other, twice := seen[column]; twice {
			r.fault(at, "has two columns for the same: %q and %q", other, heading)
		}
		seen[column] = heading
		r.of = append(r.of, column)
		r.file.Columns = append(r.file.Columns, column)
	}
	if len(seen) == 0 {
		r.fault(at, "has none of the headings of the template; the first row must be headings such as First name, Last name, Company and Email")
		return false
	}
	return true
}

// short bounds a text of a file that is told back.
func short(text string) string {
	if utf8.RuneCountInString(text) <= 60 {
		return text
	}
	return string([]rune(text)[:60]) + "…"
}

// row takes a row; false when there are too many.
func (r *reader) row(cells []string, row int) bool {
	if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
		return true // a blank one, as spreadsheets leave at the end
	}
	at := fmt.Sprintf("row %d", row)
	if len(r.file.Lines) == MaxRows {
		r.fault(at, "is one too many: a file may have %d rows. Split it into several", MaxRows)
		return false
	}
	if len(cells) != len(r.headings) {
		r.fault(at, "has %d cells under %d headings", len(cells), len(r.headings))
		return true
	}
	line := Line{Row: row, Cells: map[Column]string{}}
	size := 0
	for i, cell := range cells {
		size += len(cell)
		if r.of[i] == "" {
			continue
		}
		if value := r.cell(&line, i, cell); value != "" {
			line.Cells[r.of[i]] = value
		}
	}
	if size > maxRowBytes {
		r.fault(at, "is too long: a row may have %d bytes", maxRowBytes)
	}
	r.file.Lines = append(r.file.Lines, line)
	return true
}

// cell returns what a cell says.
func (r *reader) cell(line *Line, at int, cell string) string {
	location := fmt.Sprintf("row %d, column %s (%s)", line.Row, letters(at), short(strings.TrimSpace(r.headings[at])))
	if i := strings.IndexFunc(cell, isControl); i >= 0 {
		r.fault(location, "has a character that cannot be shown")
		return ""
	}
	value := strings.Join(strings.Fields(cell), " ")
	// Spreadsheets, and our own exports, write an apostrophe before what is text and begins as a formula.
	if rest, is := strings.CutPrefix(value, "'"); is && strings.ContainsAny(firstRune(rest), "=+-@|%＝＋－＠") {
		value = rest
	}
	switch first := firstRune(value); {
	case first == "":
		return ""
	case strings.ContainsAny(first, "=@＝＠"):
		r.fault(location, "looks like a formula; write its value as text")
		return ""
	case strings.ContainsAny(first, "+-|%＋－") && r.of[at] != Phone:
		line.Warnings = append(line.Warnings, fmt.Sprintf("%s begins like a formula and is kept as text.", short(strings.TrimSpace(r.headings[at]))))
	}
	return value
}

func firstRune(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(r)
}

// isControl finds characters that no text of a client has. Line breaks and tabs inside of a cell are spaces.
func isControl(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}

// letters is how a spreadsheet names a column: A, B, …, Z, AA.
func letters(column int) string {
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
