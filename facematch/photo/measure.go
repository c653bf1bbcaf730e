package photo

import (
	"image"
	"math"

	"golang.org/x/image/draw"

	"github.com/trivue/trivue/facematch"
)

// Light measures the whole picture.
func (p *Photo) Light() facematch.Light {
	mean, deviation, _ := spread(luma(p.Image))
	return facematch.Light{Mean: mean, Deviation: deviation}
}

// Measure fills in what the pixels in a rectangle of Image say about a face's quality.
func (p *Photo) Measure(face image.Rectangle, q *facematch.Quality) {
	face = face.Intersect(p.Image.Rect)
	if face.Empty() {
		return
	}
	q.Brightness, q.Contrast, q.Clipped = spread(luma(p.Image.SubImage(face).(*image.RGBA)))
	const side = facematch.SharpnessSide
	square := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.BiLinear.Scale(square, square.Rect, p.Image, face, draw.Src, nil)
	q.Sharpness = laplacian(luma(square), side)
}

// luma is the brightness of every pixel, 0 to 255, row by row (Rec. 601, as in JPEG).
func luma(m *image.RGBA) []float64 {
	size := m.Rect.Size()
	values := make([]float64, 0, size.X*size.Y)
	for y := range size.Y {
		row := m.Pix[y*m.Stride:][:size.X*4]
		for x := 0; x < len(row); x += 4 {
			values = append(values, 0.299*float64(row[x])+0.587*float64(row[x+1])+0.114*float64(row[x+2]))
		}
	}
	return values
}

// Luma from these values on counts as all black and all white.
const (
	black = 4
	white = 251
)

func spread(values []float64) (mean, deviation, clipped float64) {
	var sum, squares float64
	count := 0
	for _, v := range values {
		sum += v
		squares += v * v
		if v <= black || v >= white {
			count++
		}
	}
	n := float64(len(values))
	mean = sum / n
	return mean, math.Sqrt(max(squares/n-mean*mean, 0)), float64(count) / n
}

// laplacian is the variance of a square picture's second derivative: edges have much of it, blur has none.
func laplacian(values []float64, side int) float64 {
	var sum, squares float64
	for y := 1; y < side-1; y++ {
		for x := 1; x < side-1; x++ {
			i := y*side + x
			v := values[i-1] + values[i+1] + values[i-side] + values[i+side] - 4*values[i]
			sum += v
			squares += v * v
		}
	}
	n := float64((side - 2) * (side - 2))
	mean := sum / n
	return squares/n - mean*mean
}
