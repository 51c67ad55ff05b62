package report

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
)

// xlsxFile writes a workbook (ECMA-376, part 1) straight into its writer. It is ours because the libraries that write
// workbooks keep a sheet until it is whole, in memory or in a temporary file, which in a function is memory too: here the rows
// of any report go out as they come.
//
// The first sheet has the rows: a header that stays in view and filters, typed cells, and the totals as formulas with their
// values. The second tells what the report is of.
type xlsxFile struct {
	zip   *zip.Writer
	sheet *bufio.Writer
	head  head
	rows  int // written, the header's included
}

// maxRows is what a sheet can have (Excel's specifications and limits), the header and the totals included.
const maxRows = 1_048_576

// The cell formats, by their place in xlsxStyles' cellXfs.
const (
	styleText = iota
	styleHeader
	styleCount
	styleMoney
	styleDate
	styleMonth
	styleMoment
	stylePercent
	styleTotal // of a text; from here on those of totals
	styleTotalCount
	styleTotalMoney
	styleTotalPercent
)

const xlsxStyles = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
	`<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="mmm\ yyyy"/><numFmt numFmtId="166" formatCode="yyyy\-mm\-dd\ hh:mm"/></numFmts>` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>` +
	`<fill><patternFill patternType="solid"><fgColor rgb="FFE6F2F0"/></patternFill></fill></fills>` +
	`<borders count="2"><border/><border><left/><right/><top style="thin"/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="12">` +
	`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` + // text
	`<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/>` + // header
	`<xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` + // #,##0
	`<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` + // #,##0.00
	`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="10" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` + // 0.00%
	`<xf numFmtId="49" fontId="1" fillId="0" borderId="1" xfId="0" applyFont="1" applyBorder="1"/>` + // totals from here on
	`<xf numFmtId="3" fontId="1" fillId="0" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1" applyBorder="1"/>` +
	`<xf numFmtId="4" fontId="1" fillId="0" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1" applyBorder="1"/>` +
	`<xf numFmtId="10" fontId="1" fillId="0" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1" applyBorder="1"/>` +
	`</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

// xlsxParts are the parts that are the same in every workbook.
var xlsxParts = []struct{ name, content string }{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet2.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="Report" sheetId="1" r:id="rId1"/><sheet name="About" sheetId="2" r:id="rId2"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/>` +
		`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", xlsxStyles},
}

func newXLSX(w io.Writer) *xlsxFile { return &xlsxFile{zip: zip.NewWriter(w)} }

func (f *xlsxFile) part(name string) (io.Writer, error) {
	w, err := f.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: f.head.Made})
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(w, xml.Header)
	return w, err
}

func (f *xlsxFile) begin(h head) error {
	f.head = h
	for _, p := range xlsxParts {
		w, err := f.part(p.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, p.content); err != nil {
			return err
		}
	}
	w, err := f.part("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	f.sheet = bufio.NewWriter(w)
	f.put(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`)
	for i, c := range h.Columns {
		f.put(fmt.Sprintf(`<col min="%d" max="%d" width="%g" customWidth="1"/>`, i+1, i+1, 14*c.width()))
	}
	f.put(`</cols><sheetData>`)
	f.openRow()
	for i, c := range h.Columns {
		f.text(i, styleHeader, h.label(c))
	}
	return f.closeRow()
}

func (f *xlsxFile) row(r Row) error {
	if f.rows >= maxRows-1 {
		return problem.New(problem.Invalid, "A workbook has room for %d rows. Make the report as CSV, or of a shorter period.", maxRows-2)
	}
	f.openRow()
	for i, c := range f.head.Columns {
		f.cell(i, c, r[i])
	}
	return f.closeRow()
}

func (f *xlsxFile) cell(at int, c Column, v Value) {
	if v.None {
		return
	}
	switch c.Type {
	case Count, Minutes:
		f.number(at, styleCount, "", strconv.FormatInt(v.Number, 10))
	case Money:
		f.number(at, styleMoney, "", decimal(v.Number))
	case Percent:
		f.number(at, stylePercent, "", scaled(v.Number, 4))
	case Date:
		f.serial(at, styleDate, v.Text, "2006-01-02")
	case Month:
		f.serial(at, styleMonth, v.Text, "2006-01")
	case Moment:
		local := time.Unix(v.Number, 0).In(f.head.Zone)
		_, offset := local.Zone()
		f.number(at, styleMoment, "", strconv.FormatFloat(serialOf(v.Number+int64(offset)), 'f', -1, 64))
	case Text:
		f.text(at, styleText, v.Text)
	}
}

func (f *xlsxFile) end(totals Row) error {
	last := f.rows // of the data
	f.openRow()
	for i, c := range f.head.Columns {
		style := map[Type]int{Count: styleTotalCount, Minutes: styleTotalCount, Money: styleTotalMoney, Percent: styleTotalPercent}[c.Type]
		switch {
		case i == 0 && !c.Summed:
			f.text(i, styleTotal, "Total")
		case c.Summed:
			value := strconv.FormatInt(totals[i].Number, 10)
			if c.Type == Money {
				value = decimal(totals[i].Number)
			}
			f.number(i, style, f.sum(i, last), value)
		case !totals[i].None:
			part, of := columnAt(f.head.Columns, c.Share[0]), columnAt(f.head.Columns, c.Share[1])
			cell := func(at int) string { return columnName(at) + strconv.Itoa(last+1) }
			f.number(i, style, fmt.Sprintf("IF(%s=0,0,%s/%s)", cell(of), cell(part), cell(of)), scaled(totals[i].Number, 4))
		default:
			f.text(i, styleTotal, "")
		}
	}
	if err := f.closeRow(); err != nil {
		return err
	}
	f.put(fmt.Sprintf(`</sheetData><autoFilter ref="A1:%s%d"/>`, columnName(len(f.head.Columns)-1), last))
	f.put(`<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>`)
	if err := f.sheet.Flush(); err != nil {
		return err
	}
	if err := f.about(last - 1); err != nil {
		return err
	}
	return f.zip.Close()
}

// sum is the formula of a column's total; of no rows it is the sum of the header, which is 0.
func (f *xlsxFile) sum(at, last int) string {
	name := columnName(at)
	return fmt.Sprintf("SUM(%s%d:%s%d)", name, min(2, last), name, last)
}

func (f *xlsxFile) about(rows int) error {
	w, err := f.part("xl/worksheets/sheet2.xml")
	if err != nil {
		return err
	}
	f.sheet, f.rows = bufio.NewWriter(w), 0
	f.put(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cols><col min="1" max="1" width="18" customWidth="1"/><col min="2" max="2" width="60" customWidth="1"/></cols><sheetData>`)
	h := f.head
	lines := [][2]string{
		{"Report", h.Title}, {"Business", h.Business}, {"Period", h.Period}, {"Filters", strings.Join(h.Filters, "; ")}, {"Currency", h.Currency},
		{"Time zone", h.Zone.String()}, {"Made", h.Made.In(h.Zone).Format("2006-01-02 15:04")}, {"Rows", strconv.Itoa(rows)},
	}
	for _, line := range lines {
		f.openRow()
		f.text(0, styleText, line[0])
		f.text(1, styleText, line[1])
		if err := f.closeRow(); err != nil {
			return err
		}
	}
	f.put(`</sheetData></worksheet>`)
	return f.sheet.Flush()
}

// put writes into the sheet. Its error is told by the next Write or Flush of the buffer, which closeRow asks for.
func (f *xlsxFile) put(s string) { _, _ = f.sheet.WriteString(s) } // bufio keeps the first error for good

func (f *xlsxFile) openRow() {
	f.rows++
	f.put(`<row r="` + strconv.Itoa(f.rows) + `">`)
}

func (f *xlsxFile) closeRow() error {
	_, err := f.sheet.WriteString(`</row>`)
	return err
}

func (f *xlsxFile) open(at, style int, more string) {
	f.put(`<c r="` + columnName(at) + strconv.Itoa(f.rows) + `" s="` + strconv.Itoa(style) + `"` + more + `>`)
}

// longestText is what a cell can have, in UTF-16 units; in bytes it is never more.
const longestText = 32_767

func (f *xlsxFile) text(at, style int, s string) {
	for len(s) > longestText {
		s = strings.ToValidUTF8(s[:longestText], "")
	}
	f.open(at, style, ` t="inlineStr"`)
	f.put(`<is><t xml:space="preserve">`)
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(s)) // a buffer takes everything; what XML cannot have becomes U+FFFD
	f.put(escaped.String())
	f.put(`</t></is></c>`)
}

func (f *xlsxFile) number(at, style int, formula, value string) {
	f.open(at, style, "")
	if formula != "" {
		f.put(`<f>` + formula + `</f>`)
	}
	f.put(`<v>` + value + `</v></c>`)
}

func (f *xlsxFile) serial(at, style int, value, layout string) {
	t, err := time.Parse(layout, value)
	if err != nil {
		f.text(at, styleText, value)
		return
	}
	f.number(at, style, "", strconv.FormatFloat(serialOf(t.Unix()), 'f', -1, 64))
}

// serialOf is a moment as a workbook counts: days since 30 December 1899, in the local time. It is right from March 1900 on.
func serialOf(unix int64) float64 { return float64(unix)/86_400 + 25_569 }

// columnName is A, B, … Z, AA, … of a column counted from 0.
func columnName(at int) string {
	name := ""
	for at++; at > 0; at = (at - 1) / 26 {
		name = string(rune('A'+(at-1)%26)) + name
	}
	return name
}
