package demo

import "image/color"

// Colours of the candidate, in both views of the person.
var (
	skin    = color.RGBA{233, 190, 160, 255}
	shade   = color.RGBA{214, 166, 136, 255}
	hair    = color.RGBA{52, 42, 40, 255}
	sweater = color.RGBA{38, 98, 110, 255}
	collar  = color.RGBA{246, 246, 242, 255}
	ink     = color.RGBA{40, 34, 36, 255}
	lip     = color.RGBA{168, 82, 80, 255}
	throat  = color.RGBA{92, 34, 38, 255}
)

func drawCameraStill(c *canvas) {
	c.gradient(0, 0, gridWidth, gridHeight, color.RGBA{232, 226, 216, 255}, color.RGBA{204, 194, 180, 255})
	// A window with morning light.
	c.rounded(36, 64, 130, 178, 4, color.RGBA{250, 250, 248, 255})
	c.gradient(44, 72, 114, 162, color.RGBA{176, 212, 238, 255}, color.RGBA{232, 240, 236, 255})
	c.rect(98, 72, 6, 162, color.RGBA{250, 250, 248, 255})
	c.rect(44, 146, 114, 6, color.RGBA{250, 250, 248, 255})
	// Books.
	c.rect(470, 120, 150, 8, color.RGBA{140, 104, 76, 255})
	c.rect(470, 206, 150, 8, color.RGBA{140, 104, 76, 255})
	spines := []color.RGBA{{176, 70, 60, 255}, {60, 96, 130, 255}, {222, 182, 92, 255}, {84, 122, 92, 255}, {120, 92, 130, 255}, {66, 70, 82, 255}}
	for row, top := range []float64{120, 206} {
		for i := range 9 {
			tall := 50 + 14*hash(9, uint64(row*9+i))
			c.rect(476+float64(i)*15, top-tall, 13, tall, spines[(i*5+row*2)%len(spines)])
		}
	}
	// A plant.
	c.polygon(color.RGBA{196, 120, 84, 255}, point{196, 300}, point{240, 300}, point{234, 342}, point{202, 342})
	for _, leaf := range []point{{198, 262}, {238, 258}, {218, 240}, {206, 282}, {232, 284}} {
		c.ellipse(leaf.x, leaf.y, 11, 22, color.RGBA{86, 138, 96, 255})
	}
}

// drawCamera draws the candidate from the front.
func (v *view) drawCamera(c *canvas, at float64) {
	x, y := 330+7*sway(at, 1), 176+4*sway(at, 2)
	open := v.script.mouth(candidate, at)

	c.ellipse(330, 398, 132, 122, sweater)
	c.polygon(collar, point{300, 286}, point{360, 286}, point{330, 322})
	c.polygon(shade, point{308, 236}, point{352, 236}, point{350, 292}, point{330, 306}, point{310, 292})

	c.ellipse(x, y-14, 68, 78, hair)
	c.ellipse(x-61, y+8, 9, 15, shade)
	c.ellipse(x+61, y+8, 9, 15, shade)
	c.ellipse(x, y+6, 58, 72, skin)
	c.polygon(hair, point{x - 58, y - 8}, point{x - 52, y - 50}, point{x, y - 74}, point{x + 52, y - 50}, point{x + 58, y - 8}, point{x + 40, y - 36}, point{x - 14, y - 44})

	for _, side := range []float64{-1, 1} {
		ex := x + side*23 + 2*sway(at, 5)
		c.rounded(x+side*23-12, y-20, 24, 4, 2, hair)
		if v.blinking(at) {
			c.rounded(ex-8, y-2, 16, 3, 1.5, ink)
			continue
		}
		c.ellipse(ex, y-1, 9, 6, color.RGBA{252, 252, 250, 255})
		c.ellipse(ex+1.5*sway(at, 4), y-1, 4.5, 4.5, ink)
	}
	c.polygon(shade, point{x - 1, y + 4}, point{x + 9, y + 24}, point{x - 5, y + 25})

	c.ellipse(x, y+44, 17, 4+11*open, lip)
	c.ellipse(x, y+44, 13, 1+9*open, throat)
}
