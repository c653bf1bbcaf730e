package demo

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/image/draw"
)

func TestTimecodeIsReadAtAnySize(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		at := time.Duration(rng.IntN(4*3600*1000)) * time.Millisecond
		full := image.NewRGBA(image.Rect(0, 0, 640, 360))
		drawTimecode(full, at)
		for _, width := range []int{640, 320, 213, 160} {
			small := image.NewRGBA(image.Rect(5, 7, 5+width, 7+width*9/16))
			draw.ApproxBiLinear.Scale(small, small.Rect, full, full.Rect, draw.Src, nil)
			got, ok := ReadTimecode(small)
			assert.True(t, ok, "%v at %d pixels", at, width)
			assert.Equal(t, at, got)
		}
	}
}

func TestTimecodeIsNotReadFromOtherPictures(t *testing.T) {
	for _, size := range []image.Point{{0, 0}, {10, 10}, {640, 360}} {
		_, ok := ReadTimecode(image.NewGray(image.Rectangle{Max: size}))
		assert.False(t, ok)
	}
	// One cell with the wrong colour.
	for cell := 2; cell < cells; cell++ {
		p := image.NewRGBA(image.Rect(0, 0, 640, 360))
		drawTimecode(p, 1234567*time.Millisecond)
		c := color.Gray{235}
		if cellLevel(p, cell) > 128 {
			c.Y = 16
		}
		draw.Draw(p, image.Rect(cell*20, 340, cell*20+20, 360), image.NewUniform(c), image.Point{}, draw.Src)
		_, ok := ReadTimecode(p)
		assert.False(t, ok, "cell %d", cell)
	}
	accepted := 0
	rng := rand.New(rand.NewPCG(2, 2))
	for range 2000 {
		p := image.NewGray(image.Rect(0, 0, 64, 36))
		for i := range p.Pix {
			p.Pix[i] = uint8(rng.Uint32())
		}
		if _, ok := ReadTimecode(p); ok {
			accepted++
		}
	}
	assert.Less(t, accepted, 30)
}
