package demo

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Pictures are laid out on a grid of 640 × 360, whatever their size in pixels is.
const (
	gridWidth  = 640
	gridHeight = 360
)

// point is a place on the grid.
type point struct{ x, y float64 }

// canvas draws on a picture in grid units.
type canvas struct {
	*image.RGBA
	scale  float64 // pixels per grid unit
	raster vector.Rasterizer
}

func newCanvas(width int) *canvas {
	height := width * gridHeight / gridWidth
	return &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, width, height)), scale: float64(width) / gridWidth}
}

func (c *canvas) px(v float64) int { return int(math.Round(v * c.scale)) }

func (c *canvas) box(x, y, w, h float64) image.Rectangle {
	return image.Rect(c.px(x), c.px(y), c.px(x+w), c.px(y+h))
}

func (c *canvas) rect(x, y, w, h float64, col color.Color) {
	draw.Draw(c.RGBA, c.box(x, y, w, h), image.NewUniform(col), image.Point{}, draw.Over)
}

// gradient fills a rectangle from one colour at the top to another at the bottom.
func (c *canvas) gradient(x, y, w, h float64, top, bottom color.RGBA) {
	b := c.box(x, y, w, h)
	for row := b.Min.Y; row < b.Max.Y; row++ {
		t := float64(row-b.Min.Y) / float64(max(1, b.Dy()-1))
		draw.Draw(c.RGBA, image.Rect(b.Min.X, row, b.Max.X, row+1), image.NewUniform(mix(top, bottom, t)), image.Point{}, draw.Src)
	}
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	m := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*t)) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), m(a.A, b.A)}
}

// fill fills the shape that outline draws within bounds on the grid. The outline is drawn in pixels, to which at turns the grid.
func (c *canvas) fill(x, y, w, h float64, col color.Color, outline func(at func(x, y float64) (float32, float32))) {
	b := image.Rect(int(math.Floor(x*c.scale)), int(math.Floor(y*c.scale)), int(math.Ceil((x+w)*c.scale))+1, int(math.Ceil((y+h)*c.scale))+1)
	// The rasterizer does not clip to the picture.
	if b = b.Intersect(c.Rect); b.Empty() {
		return
	}
	c.raster.Reset(b.Dx(), b.Dy())
	outline(func(x, y float64) (float32, float32) {
		return float32(x*c.scale - float64(b.Min.X)), float32(y*c.scale - float64(b.Min.Y))
	})
	c.raster.ClosePath()
	c.raster.Draw(c.RGBA, b, image.NewUniform(col), image.Point{})
}

// ellipse is drawn as four cubic curves; 0.5523 is the usual length of their handles.
func (c *canvas) ellipse(cx, cy, rx, ry float64, col color.Color) {
	const k = 0.5523
	c.fill(cx-rx, cy-ry, 2*rx, 2*ry, col, func(at func(x, y float64) (float32, float32)) {
		x0, y0 := at(cx+rx, cy)
		c.raster.MoveTo(x0, y0)
		for _, q := range [4][3]point{
			{{cx + rx, cy + k*ry}, {cx + k*rx, cy + ry}, {cx, cy + ry}},
			{{cx - k*rx, cy + ry}, {cx - rx, cy + k*ry}, {cx - rx, cy}},
			{{cx - rx, cy - k*ry}, {cx - k*rx, cy - ry}, {cx, cy - ry}},
			{{cx + k*rx, cy - ry}, {cx + rx, cy - k*ry}, {cx + rx, cy}},
		} {
			ax, ay := at(q[0].x, q[0].y)
			bx, by := at(q[1].x, q[1].y)
			dx, dy := at(q[2].x, q[2].y)
			c.raster.CubeTo(ax, ay, bx, by, dx, dy)
		}
	})
}

// polygon fills a closed line.
func (c *canvas) polygon(col color.Color, points ...point) {
	lo, hi := points[0], points[0]
	for _, p := range points {
		lo.x, lo.y, hi.x, hi.y = min(lo.x, p.x), min(lo.y, p.y), max(hi.x, p.x), max(hi.y, p.y)
	}
	c.fill(lo.x, lo.y, hi.x-lo.x, hi.y-lo.y, col, func(at func(x, y float64) (float32, float32)) {
		for i, p := range points {
			x, y := at(p.x, p.y)
			if i == 0 {
				c.raster.MoveTo(x, y)
			} else {
				c.raster.LineTo(x, y)
			}
		}
	})
}

// rounded is a rectangle with round corners.
func (c *canvas) rounded(x, y, w, h, r float64, col color.Color) {
	c.fill(x, y, w, h, col, func(at func(x, y float64) (float32, float32)) {
		corner := func(cx, cy, ex, ey float64) {
			ax, ay := at(cx, cy)
			bx, by := at(ex, ey)
			c.raster.QuadTo(ax, ay, bx, by)
		}
		line := func(x, y float64) {
			ax, ay := at(x, y)
			c.raster.LineTo(ax, ay)
		}
		x0, y0 := at(x+r, y)
		c.raster.MoveTo(x0, y0)
		line(x+w-r, y)
		corner(x+w, y, x+w, y+r)
		line(x+w, y+h-r)
		corner(x+w, y+h, x+w-r, y+h)
		line(x+r, y+h)
		corner(x, y+h, x, y+h-r)
		line(x, y+r)
		corner(x, y, x+r, y)
	})
}

// style is a typeface.
type style int

const (
	regular style = iota
	bold
	mono // bold, of one width: a running clock must not dance
)

var fonts = sync.OnceValue(func() map[style]*opentype.Font {
	all := make(map[style]*opentype.Font)
	for s, data := range map[style][]byte{regular: goregular.TTF, bold: gobold.TTF, mono: gomonobold.TTF} {
		f, err := opentype.Parse(data)
		if err != nil {
			panic(fmt.Sprintf("a font of golang.org/x/image cannot be read: %v", err))
		}
		all[s] = f
	}
	return all
})

// glyph is a letter's mask. Drawing letters from their outlines each time would cost more than all else in a picture.
type glyph struct {
	mask    *image.Alpha
	at      image.Point // of the mask's top left, from the pen
	advance fixed.Int26_6
}

type glyphKey struct {
	style  style
	size   int // in 1/64 pixels
	letter rune
}

var glyphs struct {
	sync.Mutex
	faces map[glyphKey]font.Face
	drawn map[glyphKey]glyph
}

func glyphOf(key glyphKey) glyph {
	glyphs.Lock()
	defer glyphs.Unlock()
	if g, ok := glyphs.drawn[key]; ok {
		return g
	}
	if glyphs.drawn == nil {
		glyphs.drawn, glyphs.faces = make(map[glyphKey]glyph), make(map[glyphKey]font.Face)
	}
	faceKey := glyphKey{style: key.style, size: key.size}
	face := glyphs.faces[faceKey]
	if face == nil {
		var err error
		if face, err = opentype.NewFace(fonts()[key.style], &opentype.FaceOptions{Size: float64(key.size) / 64, DPI: 72, Hinting: font.HintingNone}); err != nil {
			panic(fmt.Sprintf("a font of golang.org/x/image cannot be used: %v", err))
		}
		glyphs.faces[faceKey] = face
	}
	b, mask, maskAt, advance, _ := face.Glyph(fixed.Point26_6{}, key.letter)
	g := glyph{mask: image.NewAlpha(image.Rectangle{Max: b.Size()}), at: b.Min, advance: advance}
	if mask != nil {
		draw.Draw(g.mask, g.mask.Rect, mask, maskAt, draw.Src)
	}
	glyphs.drawn[key] = g
	return g
}

// text writes a line with its baseline at y, and returns where it ends.
func (c *canvas) text(x, y, size float64, s style, col color.Color, line string) float64 {
	pen := fixed.Point26_6{X: fixed.Int26_6(x * c.scale * 64), Y: fixed.Int26_6(y * c.scale * 64)}
	src := image.NewUniform(col)
	for _, r := range line {
		g := glyphOf(glyphKey{s, int(size * c.scale * 64), r})
		at := image.Pt(pen.X.Round(), pen.Y.Round()).Add(g.at)
		draw.DrawMask(c.RGBA, image.Rectangle{at, at.Add(g.mask.Rect.Size())}, src, image.Point{}, g.mask, image.Point{}, draw.Over)
		pen.X += g.advance
	}
	return float64(pen.X) / 64 / c.scale
}

// width is how long a line of text is.
func (c *canvas) width(size float64, s style, line string) float64 {
	var w fixed.Int26_6
	for _, r := range line {
		w += glyphOf(glyphKey{s, int(size * c.scale * 64), r}).advance
	}
	return float64(w) / 64 / c.scale
}
