package demo

import (
	"image"
	"image/color"
	"image/draw"
	"time"
)

// The time-code strip is a row of cells along the bottom of a picture, over its whole width: a white and a black one that tell
// what white and black are, then the scene time in milliseconds, most significant bit first, white for 1, then a checksum.
const (
	codeBits   = 24
	checkBits  = 6
	cells      = 2 + codeBits + checkBits
	stripShare = 18 // the strip's height is this part of the picture's
)

// drawTimecode draws the strip into the bottom of a picture.
func drawTimecode(dst draw.Image, at time.Duration) {
	word := timecodeWord(at)
	b := dst.Bounds()
	top := b.Max.Y - b.Dy()/stripShare
	for i := range cells {
		c := color.Gray{16}
		if word>>(cells-1-i)&1 == 1 {
			c.Y = 235
		}
		cell := image.Rect(b.Min.X+b.Dx()*i/cells, top, b.Min.X+b.Dx()*(i+1)/cells, b.Max.Y)
		draw.Draw(dst, cell, image.NewUniform(c), image.Point{}, draw.Src)
	}
}

func timecodeWord(at time.Duration) uint32 {
	code := uint32(at.Milliseconds()) & (1<<codeBits - 1)
	return 1<<(cells-1) | code<<checkBits | checksum(code)
}

// checksum is the remainder of the code by x⁶ + x + 1: it finds every error of one or two cells, and every run of up to six.
func checksum(code uint32) uint32 {
	const polynomial = 1<<6 | 1<<1 | 1
	r := uint64(code) << checkBits
	for bit := codeBits + checkBits - 1; bit >= checkBits; bit-- {
		if r>>bit&1 == 1 {
			r ^= polynomial << (bit - checkBits)
		}
	}
	return uint32(r)
}

// ReadTimecode reads the scene time, to the millisecond, from a decoded picture of a sample recording, at any size down to
// some 160 pixels wide. It reports false where the strip cannot be read.
func ReadTimecode(img image.Image) (time.Duration, bool) {
	b := img.Bounds()
	if b.Dx() < 2*cells || b.Dy() < stripShare {
		return 0, false
	}
	var level [cells]int
	for i := range cells {
		level[i] = cellLevel(img, i)
	}
	white, black := level[0], level[1]
	if white-black < 60 {
		return 0, false
	}
	var word uint32
	for _, l := range level[2:] {
		word <<= 1
		if l > (white+black)/2 {
			word |= 1
		}
	}
	code := word >> checkBits
	if checksum(code) != word&(1<<checkBits-1) {
		return 0, false
	}
	return time.Duration(code) * time.Millisecond, true
}

// cellLevel is the mean brightness of the middle of a cell, away from what compression smears over its edges.
func cellLevel(img image.Image, i int) int {
	b := img.Bounds()
	left, width := float64(b.Min.X)+float64(b.Dx()*i)/cells, float64(b.Dx())/cells
	height := float64(b.Dy()) / stripShare
	sum, n := 0, 0
	for y := int(float64(b.Max.Y) - height*0.75); y <= int(float64(b.Max.Y)-height*0.25); y++ {
		for x := int(left + width*0.3); x <= int(left+width*0.7); x++ {
			sum += int(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
			n++
		}
	}
	return sum / max(n, 1)
}
