package demo

import (
	"image/color"
	"math"
	"strings"
)

// answer is what the candidate types, over and over.
const answer = "My plan has three steps. First I would listen to everyone who is concerned and write down what they need. " +
	"Then I would compare two or three solutions, with their cost and their risk, and try the most promising one on a small scale. " +
	"At last I would look at the results together with the team, keep what works, and say openly what did not. "

var (
	paper     = color.RGBA{252, 252, 252, 255}
	greyText  = color.RGBA{110, 118, 130, 255}
	darkText  = color.RGBA{34, 40, 50, 255}
	accent    = color.RGBA{38, 106, 214, 255}
	lightLine = color.RGBA{226, 230, 236, 255}
)

func drawScreenStill(c *canvas) {
	c.gradient(0, 0, gridWidth, gridHeight, color.RGBA{44, 74, 116, 255}, color.RGBA{96, 146, 170, 255})
	c.ellipse(560, 60, 190, 150, color.NRGBA{54, 92, 136, 120})
	c.ellipse(70, 330, 220, 140, color.NRGBA{70, 122, 150, 120})

	c.rounded(48, 62, 548, 256, 8, color.NRGBA{20, 28, 40, 90})
	c.rounded(44, 58, 548, 256, 8, paper)
	c.rounded(44, 58, 548, 26, 8, color.RGBA{236, 239, 243, 255})
	c.rect(44, 74, 548, 10, color.RGBA{236, 239, 243, 255})
	for i, col := range []color.RGBA{{236, 106, 94, 255}, {244, 190, 80, 255}, {98, 196, 84, 255}} {
		c.ellipse(60+float64(i)*16, 71, 5, 5, col)
	}
	c.text(250, 75, 11, regular, greyText, "Online interview")

	// The list of questions, of which the second is open.
	c.rect(44, 84, 118, 230, color.RGBA{246, 248, 250, 255})
	for i := range 5 {
		y := 98 + float64(i)*38
		if i == 1 {
			c.rect(44, y-8, 118, 34, color.RGBA{222, 234, 252, 255})
			c.rect(44, y-8, 3, 34, accent)
		}
		c.text(58, y+8, 11, bold, darkText, "Question "+string(rune('1'+i)))
		c.rounded(58, y+13, []float64{70, 84, 58, 76, 64}[i], 5, 2, lightLine)
	}
	c.stamp(c.newStamp(questionRow, 23), 178, 90, darkText)
	c.text(180, 130, 12.5, regular, greyText, "Tell us how you once solved a difficult problem.")
	c.rounded(180, 148, 394, 136, 5, lightLine)
	c.rounded(181, 149, 392, 134, 5, paper)
	c.rounded(500, 290, 74, 18, 4, accent)
	c.text(522, 303, 10, bold, color.White, "Save")
}

// drawScreen draws the answer as far as it is typed.
func (v *view) drawScreen(c *canvas, at float64) {
	const left, top, size, lineHeight, columns, rows = 190.0, 168.0, 13.0, 18.0, 54, 7
	n := v.script.letters(at)
	lines := wrap(typed(n), columns)
	lines = lines[max(0, len(lines)-rows):]
	end, y := left, top
	for i, line := range lines {
		y = top + float64(i)*lineHeight
		end = c.text(left, y, size, regular, darkText, line)
	}
	if math.Mod(at, 1) < 0.55 {
		c.rect(end+1, y-11, 1.6, 14, accent)
	}
	// The clock of the exam, and how loud it is.
	c.rounded(180, 292, 150, 12, 6, lightLine)
	c.rounded(180, 292, 12+138*max(v.script.mouth(candidate, at), v.script.mouth(interviewer, at)), 12, 6, color.RGBA{92, 190, 120, 255})
	// A mouse pointer that wanders.
	x, py := 400+150*sway(at*0.6, 8), 220+60*sway(at*0.5, 9)
	c.polygon(ink, point{x, py}, point{x, py + 17}, point{x + 4.5, py + 13}, point{x + 12, py + 12.5})
}

// typed is the first n letters of the answer that is typed over and over.
func typed(n int) string {
	return strings.Repeat(answer, n/len(answer)) + answer[:n%len(answer)]
}

// wrap breaks text into lines at spaces.
func wrap(text string, columns int) (lines []string) {
	line := ""
	for _, word := range strings.SplitAfter(text, " ") {
		if len(line)+len(strings.TrimRight(word, " ")) > columns {
			lines = append(lines, line)
			line = ""
		}
		line += word
	}
	return append(lines, line)
}
