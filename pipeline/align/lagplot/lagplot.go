// Package lagplot draws how one recording's clock went against another's, for people who want to see why an alignment came out as
// it did.
package lagplot

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/trivue/trivue/pipeline/align"
)

// Size of the picture.
const (
	width  = 26 * vg.Centimeter
	height = 15 * vg.Centimeter
)

var (
	agreeing = color.RGBA{R: 0x1b, G: 0x7f, B: 0x5c, A: 0xff}
	straying = color.RGBA{R: 0xb8, G: 0xbd, B: 0xc4, A: 0xff}
	lines    = color.RGBA{R: 0xd1, G: 0x3b, B: 0x2e, A: 0xff}
)

// Write draws an answer as a PNG: below, the lag against the other's media time, with the pieces as lines and the comparisons that
// agree with them or not as dots; above, how far each is from its piece, in milliseconds.
func Write(w io.Writer, reference, other string, answer align.Answer) error {
	lag, err := lagPlot(other, answer)
	if err != nil {
		return fmt.Errorf("plot lags: %w", err)
	}
	rest, err := residualPlot(reference, other, answer)
	if err != nil {
		return fmt.Errorf("plot residuals: %w", err)
	}
	canvas, err := draw.NewFormattedCanvas(width, height, "png")
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	rows := plot.Align([][]*plot.Plot{{rest}, {lag}}, draw.Tiles{Rows: 2, Cols: 1, PadY: 4 * vg.Millimeter, PadTop: 2 * vg.Millimeter, PadRight: 4 * vg.Millimeter, PadBottom: 2 * vg.Millimeter, PadLeft: 2 * vg.Millimeter}, draw.New(canvas))
	rest.Draw(rows[0][0])
	lag.Draw(rows[1][0])
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("write plot: %w", err)
	}
	return nil
}

func lagPlot(other string, answer align.Answer) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text = "media time of " + other + " (s)"
	p.Y.Label.Text = "lag (s)"
	p.Add(plotter.NewGrid())
	for _, piece := range answer.Pieces {
		line, err := plotter.NewLine(plotter.XYs{{X: piece.From, Y: piece.At(piece.From) - piece.From}, {X: piece.To, Y: piece.At(piece.To) - piece.To}})
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = lines, vg.Points(1.2)
		p.Add(line)
	}
	return p, dots(p, answer, func(e align.Point) (float64, bool) { return e.Lag, true })
}

func residualPlot(reference, other string, answer align.Answer) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s on %s: %s, confidence %.2f", other, reference, answer.Verdict, answer.Confidence)
	p.Y.Label.Text = "from the line (ms)"
	p.Add(plotter.NewGrid())
	return p, dots(p, answer, func(e align.Point) (float64, bool) {
		for _, piece := range answer.Pieces {
			if e.T >= piece.From && e.T < piece.To {
				return (e.Lag - piece.At(e.T) + e.T) * 1000, true
			}
		}
		return 0, false
	})
}

func dots(p *plot.Plot, answer align.Answer, y func(align.Point) (float64, bool)) error {
	var sides [2]plotter.XYs
	for _, e := range answer.Evidence {
		side := 0
		if e.Agrees {
			side = 1
		}
		if v, ok := y(e); ok && !math.IsNaN(v) {
			sides[side] = append(sides[side], plotter.XY{X: e.T, Y: v})
		}
	}
	for i, c := range []color.Color{straying, agreeing} {
		if len(sides[i]) == 0 {
			continue
		}
		s, err := plotter.NewScatter(sides[i])
		if err != nil {
			return err
		}
		s.Color, s.Radius, s.Shape = c, vg.Points(1.8), draw.CircleGlyph{}
		p.Add(s)
	}
	return nil
}
