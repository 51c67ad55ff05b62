package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// pdfRows is how many rows a PDF has at most: it is for reading, and the library holds every page in memory until the last.
const pdfRows = 5000

// pdfFile holds the rows until the end, because the chart and the number of pages stand before them.
type pdfFile struct {
	out  io.Writer
	head head
	rows [][]string
	data []Row // of the chart
	more int   // rows that are left out

	doc    *fpdf.Fpdf
	font   *sfnt.Font
	widths []float64 // of the columns, in mm
	page   int
	pages  int
}

func newPDF(w io.Writer) *pdfFile { return &pdfFile{out: w} }

func (f *pdfFile) begin(h head) error {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return fmt.Errorf("reading the font: %w", err)
	}
	f.head, f.font = h, font
	return nil
}

// barsShown are the rows that a chart of bars has; a chart over time has all.
const barsShown = 10

func (f *pdfFile) row(r Row) error {
	if len(f.rows) == pdfRows {
		f.more++
		return nil
	}
	cells := make([]string, len(r))
	for i, c := range f.head.Columns {
		cells[i] = f.printable(f.head.shown(c, r[i]))
	}
	f.rows = append(f.rows, cells)
	if f.head.Chart == Line || f.head.Chart == Bars && len(f.data) < barsShown {
		f.data = append(f.data, slices.Clone(r))
	}
	return nil
}

// printable is a text in one line, with what the font has no letter for as a question mark.
func (f *pdfFile) printable(s string) string {
	var buffer sfnt.Buffer
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		if at, err := f.font.GlyphIndex(&buffer, r); err != nil || at == 0 {
			return '?'
		}
		return r
	}, s)
}

// The page, in mm.
const (
	margin    = 14.0
	headSpace = 14.0 // of the line that each page begins with
	lineSpace = 6.0  // of a row
	chartHigh = 62.0
	fontSize  = 8.5 // points
)

type colour [3]int

var (
	brand    = colour{15, 118, 110} // the mark's
	second   = colour{217, 119, 6}
	ink      = colour{17, 24, 39}
	quiet    = colour{107, 114, 128}
	hairline = colour{229, 231, 235}
	tint     = colour{240, 247, 246}
)

func (f *pdfFile) end(totals Row) error {
	orientation := "P"
	var weight float64
	for _, c := range f.head.Columns {
		weight += c.width()
	}
	if weight > 7 {
		orientation = "L"
	}
	d := fpdf.New(orientation, "mm", "A4", "")
	f.doc = d
	d.AddUTF8FontFromBytes("Go", "", goregular.TTF)
	d.AddUTF8FontFromBytes("Go", "B", gobold.TTF)
	d.SetMargins(margin, margin, margin)
	d.SetAutoPageBreak(false, 0)
	d.SetTitle(f.head.Title, true)
	d.SetCreator("Fieldboard", true)
	d.SetCreationDate(f.head.Made.UTC())
	d.SetModificationDate(f.head.Made.UTC())
	d.SetLang("en")
	width, high := d.GetPageSize()
	for _, c := range f.head.Columns {
		f.widths = append(f.widths, (width-2*margin)*c.width()/weight)
	}
	f.print(f.cellsOf(totals), high)
	if err := d.Error(); err != nil {
		return fmt.Errorf("making the PDF: %w", err)
	}
	return d.Output(f.out)
}

func (f *pdfFile) cellsOf(totals Row) []string {
	cells := make([]string, len(totals))
	for i, c := range f.head.Columns {
		cells[i] = f.head.shown(c, totals[i])
	}
	if cells[0] == "" {
		cells[0] = "Total"
	}
	return cells
}

// print lays the rows out on pages: the number of pages is known before the first is drawn.
func (f *pdfFile) print(totals []string, high float64) {
	below := f.titleSpace()
	if f.charted() {
		below += chartHigh + 6
	}
	fits := func(space float64) int {
		return max(1, int((high-2*margin-headSpace-space)/lineSpace)-1) // but for the header
	}
	left := len(f.rows) + 1 // the totals
	f.pages = 1
	for left -= fits(below); left > 0; left -= fits(0) {
		f.pages++
	}
	at := 0
	for f.page = 1; f.page <= f.pages; f.page++ {
		f.doc.AddPage()
		f.pageHead(high)
		room := fits(0)
		if f.page == 1 {
			room = fits(below)
			f.title()
			if f.charted() {
				f.chart()
			}
		}
		f.columnHeads()
		for ; room > 0 && at < len(f.rows); room-- {
			f.line(f.rows[at], at%2 == 1, false)
			at++
		}
		if room > 0 && at == len(f.rows) {
			f.line(totals, false, true)
		}
	}
}

func (f *pdfFile) charted() bool {
	return len(f.data) > 1 && f.head.Chart != NoChart && len(f.plots()) > 0
}

// plots are the columns that the chart shows, by their place, as far as they are there.
func (f *pdfFile) plots() []int {
	var at []int
	for _, id := range f.head.Plots {
		if i := columnAt(f.head.Columns, id); i >= 0 {
			at = append(at, i)
		}
	}
	return at
}

func (f *pdfFile) text(style string, size float64, c colour) {
	f.doc.SetFont("Go", style, size)
	f.doc.SetTextColor(c[0], c[1], c[2])
}

func (f *pdfFile) fill(c colour) { f.doc.SetFillColor(c[0], c[1], c[2]) }
func (f *pdfFile) draw(c colour) { f.doc.SetDrawColor(c[0], c[1], c[2]) }

// pageHead draws the mark, whose the report is and what of, and the number of the page.
func (f *pdfFile) pageHead(high float64) {
	d := f.doc
	width, _ := d.GetPageSize()
	f.mark(margin, margin-2, 8)
	f.text("B", 10, ink)
	d.SetXY(margin+11, margin-2)
	d.CellFormat(width/2, 8, f.fitted(f.printable(f.head.Business), width/2), "", 0, "LM", false, 0, "")
	f.text("", 8.5, quiet)
	d.SetXY(width/2, margin-2)
	d.CellFormat(width/2-margin, 8, f.head.Title, "", 0, "RM", false, 0, "")
	d.SetXY(margin, high-margin-4)
	made := "Made " + f.head.Made.In(f.head.Zone).Format("2 Jan 2006 15:04") + " (" + f.head.Zone.String() + ")"
	if f.more > 0 {
		made += fmt.Sprintf(". %s more rows are in the spreadsheet (XLSX) and in CSV.", grouped(fmt.Sprint(f.more)))
	}
	d.CellFormat(width-2*margin, 6, made, "", 0, "LM", false, 0, "")
	d.SetXY(margin, high-margin-4)
	d.CellFormat(width-2*margin, 6, fmt.Sprintf("%d of %d", f.page, f.pages), "", 0, "RM", false, 0, "")
	d.SetXY(margin, margin+headSpace-4)
}

// mark draws Fieldboard's: three bars on a rounded square of 32 units.
func (f *pdfFile) mark(x, y, size float64) {
	u := size / 32
	f.fill(brand)
	f.doc.RoundedRect(x, y, size, size, 7*u, "1234", "F")
	f.fill(colour{255, 255, 255})
	for _, bar := range [][3]float64{{8, 15.5, 7}, {14, 9.5, 13}, {20, 13, 9.5}} {
		f.doc.Rect(x+bar[0]*u, y+bar[1]*u, 4*u, bar[2]*u, "F")
	}
}

func (f *pdfFile) titleSpace() float64 { return 20 + 5*float64(min(len(f.head.Filters), 1)) }

func (f *pdfFile) title() {
	d := f.doc
	width, _ := d.GetPageSize()
	y := d.GetY()
	f.text("B", 18, ink)
	d.SetXY(margin, y)
	d.CellFormat(width-2*margin, 9, f.head.Title, "", 0, "LM", false, 0, "")
	f.text("", 9.5, quiet)
	d.SetXY(margin, y+9)
	d.CellFormat(width-2*margin, 5, f.head.Period+" · amounts in "+f.head.Currency, "", 0, "LM", false, 0, "")
	if len(f.head.Filters) > 0 {
		d.SetXY(margin, y+14)
		d.CellFormat(width-2*margin, 5, f.fitted(f.printable(strings.Join(f.head.Filters, " · ")), width-2*margin), "", 0, "LM", false, 0, "")
	}
	d.SetXY(margin, y+f.titleSpace())
}

func rightAligned(t Type) bool { return t == Count || t == Money || t == Percent || t == Minutes }

func (f *pdfFile) columnHeads() {
	f.text("B", fontSize, quiet)
	f.draw(hairline)
	x, y := margin, f.doc.GetY()
	for i, c := range f.head.Columns {
		f.cell(x, y, f.widths[i], f.head.label(c), rightAligned(c.Type))
		x += f.widths[i]
	}
	f.doc.Line(margin, y+lineSpace, x, y+lineSpace)
	f.doc.SetXY(margin, y+lineSpace)
}

func (f *pdfFile) line(cells []string, tinted, total bool) {
	d := f.doc
	width, _ := d.GetPageSize()
	y := d.GetY()
	style := ""
	if tinted {
		f.fill(tint)
		d.Rect(margin, y, width-2*margin, lineSpace, "F")
	}
	if total {
		style = "B"
		f.draw(ink)
		d.Line(margin, y, width-margin, y)
	}
	f.text(style, fontSize, ink)
	x := margin
	for i, c := range f.head.Columns {
		f.cell(x, y, f.widths[i], cells[i], rightAligned(c.Type))
		x += f.widths[i]
	}
	d.SetXY(margin, y+lineSpace)
}

func (f *pdfFile) cell(x, y, width float64, s string, right bool) {
	align := "LM"
	if right {
		align, width = "RM", width-2 // the next column may begin at its left
	}
	f.doc.SetXY(x, y)
	f.doc.CellFormat(width, lineSpace, f.fitted(s, width-1), "", 0, align, false, 0, "")
}

// fitted is as much of a text as there is room for, in the font that is set.
func (f *pdfFile) fitted(s string, width float64) string {
	if f.doc.GetStringWidth(s) <= width {
		return s
	}
	runes := []rune(s)
	fits, tooMuch := 0, len(runes)
	for fits+1 < tooMuch {
		if half := (fits + tooMuch) / 2; f.doc.GetStringWidth(string(runes[:half])+"…") <= width {
			fits = half
		} else {
			tooMuch = half
		}
	}
	return strings.TrimRight(string(runes[:fits]), " ") + "…"
}
