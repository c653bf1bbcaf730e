package demo

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"time"

	"github.com/trivue/trivue/exam"
)

// view is what one recorder sees of the scene.
type view struct {
	script *script
	kind   exam.Kind
	still  *canvas // what never changes
	moving func(c *canvas, at float64)
	out    *canvas
	label  stamp
}

func newView(s *script, kind exam.Kind, width int) *view {
	v := &view{script: s, kind: kind, still: newCanvas(width), out: newCanvas(width)}
	v.label = v.still.newStamp(labelRows[kind], 28)
	switch kind {
	case exam.Camera:
		drawCameraStill(v.still)
		v.moving = v.drawCamera
	case exam.Screen:
		drawScreenStill(v.still)
		v.moving = v.drawScreen
	default:
		drawPhoneStill(v.still)
		v.moving = v.drawPhone
	}
	return v
}

// picture draws what is seen at a scene time. It is overwritten by the next call.
func (v *view) picture(at time.Duration) *image.RGBA {
	c := v.out
	copy(c.Pix, v.still.Pix)
	if v.script.flashing(at.Seconds()) {
		draw.Draw(c.RGBA, c.Rect, image.White, image.Point{}, draw.Src)
	} else {
		v.moving(c, at.Seconds())
	}
	v.captions(c, at)
	return c.RGBA
}

// captions are what tells a person (and a test) where a picture belongs.
func (v *view) captions(c *canvas, at time.Duration) {
	const size, high = 27.0, 38.0
	clock := fmt.Sprintf("%02d:%02d:%02d.%03d", int(at.Hours()), int(at.Minutes())%60, int(at.Seconds())%60, at.Milliseconds()%1000)
	wide := c.width(size, mono, clock) + 20
	c.rounded(gridWidth-wide-10, 10, wide, high, 6, plate)
	c.text(gridWidth-wide, 10+27.5, size, mono, color.White, clock)

	c.rounded(10, 10, v.label.wide+48, high, 6, plate)
	c.ellipse(26, 29, 5, 5, labelColours[v.kind])
	c.stamp(v.label, 40, 15, color.White)
	drawTimecode(c.RGBA, at)
}

// plate is what captions stand on.
var plate = color.NRGBA{12, 16, 22, 215}

var labelColours = map[exam.Kind]color.RGBA{
	exam.Camera: {240, 92, 80, 255}, exam.Screen: {80, 170, 250, 255}, exam.Phone: {120, 210, 130, 255},
}

// sway is a slow movement that never repeats, about −1 to 1.
func sway(at, seed float64) float64 {
	return 0.5*math.Sin(0.9*at+seed) + 0.3*math.Sin(1.7*at+2.1*seed) + 0.2*math.Sin(0.31*at+3.7*seed)
}

// blinking reports whether the eyes are shut: for a seventh of a second, every three to five seconds.
func (v *view) blinking(at float64) bool {
	slot := math.Floor(at / 4)
	when := slot*4 + 0.5 + 1.5*(hash(v.script.seed+77, uint64(slot))+1)
	return at >= when && at < when+0.14
}
