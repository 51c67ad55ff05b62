package report

import (
	"math"
)

// chart draws the plotted columns into the next chartHigh of the page.
func (f *pdfFile) chart() {
	width, _ := f.doc.GetPageSize()
	b := box{x: margin + 18, y: f.doc.GetY() + 6, w: width - 2*margin - 20, h: chartHigh - 16}
	f.legend(b)
	if f.head.Chart == Line {
		f.lineChart(b)
	} else {
		f.barChart(b)
	}
	f.doc.SetXY(margin, b.y+b.h+16)
}

type box struct{ x, y, w, h float64 }

var plotColours = []colour{brand, second}

func (f *pdfFile) legend(b box) {
	f.text("", 8, quiet)
	x := b.x
	for n, at := range f.plots() {
		label := f.head.label(f.head.Columns[at])
		f.fill(plotColours[n%len(plotColours)])
		f.doc.Rect(x, b.y-5, 2.5, 2.5, "F")
		f.doc.Text(x+4, b.y-2.8, label)
		x += f.doc.GetStringWidth(label) + 10
	}
}

// scale returns the amounts between which the chart is, and the steps of its lines: at most five, in round numbers.
func (f *pdfFile) scale(plots []int) (low, high, step float64) {
	for _, r := range f.data {
		for _, at := range plots {
			n := float64(r[at].Number)
			low, high = math.Min(low, n), math.Max(high, n)
		}
	}
	if low == high {
		high = low + 1
	}
	raw := (high - low) / 4
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, times := range []float64{1, 2, 2.5, 5, 10} {
		if step = times * power; step >= raw {
			break
		}
	}
	step = math.Max(step, 1)
	return math.Floor(low/step) * step, math.Ceil(high/step) * step, step
}

// axis draws the lines of round amounts and returns how high an amount is.
func (f *pdfFile) axis(b box, plots []int) (yOf func(int64) float64) {
	low, high, step := f.scale(plots)
	yOf = func(n int64) float64 { return b.y + b.h*(1-(float64(n)-low)/(high-low)) }
	f.draw(hairline)
	f.doc.SetLineWidth(0.2)
	f.text("", 7, quiet)
	for n := low; n <= high+step/2; n += step {
		y := yOf(int64(n))
		f.doc.Line(b.x, y, b.x+b.w, y)
		label := f.head.shown(f.head.Columns[plots[0]], number(int64(n)))
		f.doc.Text(b.x-2-f.doc.GetStringWidth(label), y+1, label)
	}
	return yOf
}

func (f *pdfFile) lineChart(b box) {
	plots := f.plots()
	yOf := f.axis(b, plots)
	xOf := func(i int) float64 { return b.x + b.w*float64(i)/float64(len(f.data)-1) }
	for n := len(plots) - 1; n >= 0; n-- {
		f.draw(plotColours[n%len(plotColours)])
		f.doc.SetLineWidth(0.5)
		for i := 1; i < len(f.data); i++ {
			f.doc.Line(xOf(i-1), yOf(f.data[i-1][plots[n]].Number), xOf(i), yOf(f.data[i][plots[n]].Number))
		}
	}
	f.text("", 7, quiet)
	const labels = 6
	every := max(1, (len(f.data)-1)/labels)
	for i := 0; i < len(f.data); i += every {
		label := f.head.shown(f.head.Columns[0], f.data[i][0])
		x := math.Min(xOf(i)-f.doc.GetStringWidth(label)/2, b.x+b.w-f.doc.GetStringWidth(label))
		f.doc.Text(x, b.y+b.h+4.5, label)
	}
	f.doc.SetLineWidth(0.2)
}

func (f *pdfFile) barChart(b box) {
	plots := f.plots()
	yOf := f.axis(b, plots)
	slot := b.w / float64(len(f.data))
	bar := math.Min(slot*0.6, 18) / float64(len(plots))
	f.text("", 7, quiet)
	for i, r := range f.data {
		middle := b.x + slot*(float64(i)+0.5)
		for n, at := range plots {
			y, zero := yOf(r[at].Number), yOf(0)
			f.fill(plotColours[n%len(plotColours)])
			f.doc.Rect(middle-bar*float64(len(plots))/2+bar*float64(n), math.Min(y, zero), bar, math.Abs(zero-y), "F")
		}
		label := f.fitted(f.printable(f.head.shown(f.head.Columns[0], r[0])), slot-1)
		f.doc.Text(middle-f.doc.GetStringWidth(label)/2, b.y+b.h+4.5, label)
	}
}
