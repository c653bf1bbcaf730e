package demo

import "image/color"

func drawPhoneStill(c *canvas) {
	c.gradient(0, 0, gridWidth, gridHeight, color.RGBA{214, 222, 224, 255}, color.RGBA{176, 186, 190, 255})
	// A door and a picture on the wall.
	c.rect(30, 70, 96, 210, color.RGBA{198, 186, 170, 255})
	c.rect(38, 80, 80, 86, color.RGBA{188, 175, 158, 255})
	c.rect(38, 178, 80, 94, color.RGBA{188, 175, 158, 255})
	c.ellipse(112, 176, 4, 4, color.RGBA{120, 104, 84, 255})
	c.rect(400, 74, 120, 78, color.RGBA{250, 250, 248, 255})
	c.gradient(407, 81, 106, 64, color.RGBA{244, 196, 140, 255}, color.RGBA{150, 110, 140, 255})
	c.polygon(color.RGBA{84, 74, 104, 255}, point{407, 145}, point{450, 104}, point{474, 124}, point{494, 110}, point{513, 145})
	// The desk, and a laptop seen from the side.
	c.rect(250, 270, 390, 14, color.RGBA{150, 112, 82, 255})
	c.rect(600, 284, 14, 76, color.RGBA{124, 92, 68, 255})
	c.rect(270, 284, 14, 76, color.RGBA{124, 92, 68, 255})
	c.polygon(color.RGBA{88, 94, 104, 255}, point{400, 262}, point{508, 262}, point{512, 270}, point{396, 270})
	c.polygon(color.RGBA{70, 76, 86, 255}, point{500, 264}, point{508, 264}, point{548, 170}, point{541, 168})
	// A mug.
	c.rounded(570, 244, 24, 27, 3, color.RGBA{206, 84, 70, 255})
	c.ellipse(596, 257, 7, 8, color.RGBA{206, 84, 70, 255})
	c.ellipse(596, 257, 4, 5, color.RGBA{186, 196, 200, 255})
}

// drawPhone draws the candidate from the side.
func (v *view) drawPhone(c *canvas, at float64) {
	x, y := 268+5*sway(at, 1), 146+3*sway(at, 2)
	open := v.script.mouth(candidate, at)

	// The chair behind, the body, and the arm that types or points.
	c.rounded(170, 190, 16, 150, 6, color.RGBA{74, 80, 92, 255})
	c.polygon(sweater, point{214, 218}, point{262, 206}, point{300, 232}, point{306, 360}, point{196, 360})
	c.ellipse(256, 228, 44, 32, sweater)
	reach := 8 * sway(at*2.2, 6)
	c.polygon(mix(sweater, color.RGBA{255, 255, 255, 255}, 0.12), point{248, 222}, point{284, 226}, point{352 + reach, 258}, point{418 + reach, 248}, point{420 + reach, 262}, point{346 + reach, 282}, point{260, 268})
	c.ellipse(430+reach, 255+2*sway(at*9, 3), 14, 8, skin)

	c.polygon(shade, point{250, 180}, point{282, 180}, point{284, 222}, point{248, 222})
	c.ellipse(x-10, y-8, 52, 56, hair)
	c.ellipse(x+8, y+4, 44, 52, skin)
	c.polygon(skin, point{x + 46, y - 12}, point{x + 62, y + 12}, point{x + 48, y + 16})
	c.polygon(hair, point{x - 40, y + 30}, point{x - 52, y - 20}, point{x - 6, y - 62}, point{x + 44, y - 42}, point{x + 12, y - 26}, point{x - 8, y + 6})
	c.ellipse(x-4, y+6, 8, 12, shade)
	c.rounded(x+26, y-18, 18, 3.5, 1.5, hair)
	if v.blinking(at) {
		c.rounded(x+32, y-3, 10, 2.5, 1, ink)
	} else {
		c.ellipse(x+37, y-3, 5, 4.5, ink)
	}
	c.ellipse(x+42, y+30, 9, 3+7*open, lip)
	c.ellipse(x+44, y+30, 7, 0.8+5.5*open, throat)

	// The laptop's screen lights the face while an answer is typed.
	c.polygon(color.RGBA{190, 226, 255, 255}, point{500, 262}, point{541, 170}, point{538, 169}, point{496, 261})
}
