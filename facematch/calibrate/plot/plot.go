// Package plot draws how well people were told apart.
package plot

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/trivue/trivue/facematch/calibrate"
)

// Size of the picture.
const (
	width  = 28 * vg.Centimeter
	height = 13 * vg.Centimeter
)

var (
	accepted = color.RGBA{R: 0xd1, G: 0x3b, B: 0x2e, A: 0xff}
	refused  = color.RGBA{R: 0x2b, G: 0x6c, B: 0xb0, A: 0xff}
	marked   = color.RGBA{R: 0x1b, G: 0x7f, B: 0x5c, A: 0xff}
)

// Write draws a report as a PNG: on the left both error rates by threshold, on the right the ROC curve; the suggested threshold is
// marked on both.
func Write(w io.Writer, r calibrate.Report) error {
	rates, err := ratesPlot(r)
	if err != nil {
		return fmt.Errorf("plot error rates: %w", err)
	}
	roc, err := rocPlot(r)
	if err != nil {
		return fmt.Errorf("plot the ROC curve: %w", err)
	}
	canvas, err := draw.NewFormattedCanvas(width, height, "png")
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	pad := 4 * vg.Millimeter
	row := plot.Align([][]*plot.Plot{{rates, roc}}, draw.Tiles{Rows: 1, Cols: 2, PadX: 2 * pad, PadTop: pad, PadRight: pad, PadBottom: pad, PadLeft: pad}, draw.New(canvas))[0]
	rates.Draw(row[0])
	roc.Draw(row[1])
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("write plot: %w", err)
	}
	return nil
}

func ratesPlot(r calibrate.Report) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%d people, %d pictures; suggested threshold %.3f", r.People, r.Pictures, r.Suggested.Threshold)
	p.X.Label.Text, p.Y.Label.Text = "threshold (distance)", "error rate (%)"
	p.Legend.Left, p.Legend.YOffs = true, 6*vg.Millimeter // where neither line has to be
	p.Add(plotter.NewGrid())
	var far, frr plotter.XYs
	for _, row := range r.Curve {
		far = append(far, plotter.XY{X: row.Threshold, Y: 100 * row.FAR})
		frr = append(frr, plotter.XY{X: row.Threshold, Y: 100 * row.FRR})
	}
	if err := addLine(p, "false acceptance", far, accepted); err != nil {
		return nil, err
	}
	if err := addLine(p, "false rejection", frr, refused); err != nil {
		return nil, err
	}
	return p, addLine(p, "suggested", plotter.XYs{{X: r.Suggested.Threshold, Y: 0}, {X: r.Suggested.Threshold, Y: 100}}, marked)
}

func rocPlot(r calibrate.Report) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("area under the curve %.4f", r.AUC)
	p.X.Label.Text, p.Y.Label.Text = "false acceptance (%, logarithmic)", "true acceptance (%)"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Y.Min, p.Y.Max = 0, 100
	p.Add(plotter.NewGrid())
	// A logarithmic axis has no zero: what no pair showed is drawn at half a pair.
	least := 100 * 0.5 / float64(r.Different)
	p.X.Min, p.X.Max = least, 100
	at := func(row calibrate.Row) plotter.XY {
		return plotter.XY{X: math.Max(100*row.FAR, least), Y: 100 * (1 - row.FRR)}
	}
	var line plotter.XYs
	for _, row := range r.Curve {
		line = append(line, at(row))
	}
	if err := addLine(p, "", line, refused); err != nil {
		return nil, err
	}
	dot, err := plotter.NewScatter(plotter.XYs{at(r.Suggested)})
	if err != nil {
		return nil, err
	}
	dot.Color, dot.Radius, dot.Shape = marked, vg.Points(4), draw.CircleGlyph{}
	p.Add(dot)
	return p, nil
}

func addLine(p *plot.Plot, name string, points plotter.XYs, c color.Color) error {
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.5)
	p.Add(line)
	if name != "" {
		p.Legend.Add(name, line)
	}
	return nil
}
