package demo

import (
	"bytes"
	_ "embed"
	"image"
	"image/color"
	"image/png"
	"sync"

	"golang.org/x/image/draw"

	"github.com/trivue/trivue/exam"
)

//go:generate go run ./lettering

// letteringPNG has a line of Chinese in each row, white on black: the labels of the recordings, and the question.
//
//go:embed lettering.png
var letteringPNG []byte

const letteringRow = 60 // pixels

// Rows of the lettering.
var labelRows = map[exam.Kind]int{exam.Camera: 0, exam.Screen: 1, exam.Phone: 2}

const questionRow = 3

var lettering = sync.OnceValue(func() *image.Gray {
	decoded, err := png.Decode(bytes.NewReader(letteringPNG))
	if err != nil {
		panic("lettering.png cannot be read: " + err.Error())
	}
	g, ok := decoded.(*image.Gray)
	if !ok {
		panic("lettering.png is not grey")
	}
	return g
})

// line is a row of the lettering as a mask, without the empty rest at its right.
func line(row int) *image.Gray {
	all := lettering()
	r := image.Rect(0, row*letteringRow, all.Rect.Dx(), (row+1)*letteringRow)
	for ; r.Dx() > 1; r.Max.X-- {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			if all.GrayAt(r.Max.X-1, y).Y > 0 {
				return all.SubImage(r).(*image.Gray)
			}
		}
	}
	return all.SubImage(r).(*image.Gray)
}

// stamp is lettering scaled for a canvas.
type stamp struct {
	mask *image.Alpha
	wide float64 // on the grid
}

// newStamp scales a row of the lettering to a height on the grid.
func (c *canvas) newStamp(row int, high float64) stamp {
	src := line(row)
	wide := high * float64(src.Rect.Dx()) / letteringRow
	grey := image.NewGray(image.Rect(0, 0, max(1, c.px(wide)), max(1, c.px(high))))
	draw.CatmullRom.Scale(grey, grey.Rect, src, src.Rect, draw.Src, nil)
	return stamp{mask: &image.Alpha{Pix: grey.Pix, Stride: grey.Stride, Rect: grey.Rect}, wide: wide}
}

// stamp draws lettering with its top left at a place.
func (c *canvas) stamp(s stamp, x, y float64, col color.Color) {
	at := image.Pt(c.px(x), c.px(y))
	draw.DrawMask(c.RGBA, image.Rectangle{at, at.Add(s.mask.Rect.Size())}, image.NewUniform(col), image.Point{}, s.mask, image.Point{}, draw.Over)
}
