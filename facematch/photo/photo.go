// Package photo makes one kind of picture out of whatever a browser, a camera or a scanner gives: upright, three colours, of bounded
// size. All decoding is done here in Go; C code sees only JPEG files that this package wrote.
package photo

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"image/jpeg"
	_ "image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"github.com/trivue/trivue/facematch"
)

// What is accepted. A progressive JPEG takes twelve bytes a pixel while it is decoded, and a scaled picture four more.
const (
	MaxBytes  = 16 << 20
	MaxPixels = 25e6
	minSide   = 24
)

// The longer side of what faces are looked for in. The detector sees faces from 80 pixels on, in time that grows with the area: at
// the upper bound those of people who sit before a laptop, in pictures below the lower one only after scaling up.
const (
	maxSide    = 1280
	minLong    = 640
	maxEnlarge = 4
)

// Photo is a picture that faces can be looked for in.
type Photo struct {
	Image *image.RGBA // upright, opaque
	// Width and Height are the picture's own, upright.
	Width, Height int
}

// Scale is the size of a pixel of Image in pixels of the picture.
func (p *Photo) Scale() float64 { return float64(p.Width) / float64(p.Image.Rect.Dx()) }

// Decode reads a picture. What is wrong with it is a *facematch.Problem.
func Decode(data []byte) (*Photo, error) {
	config, err := check(data)
	if err != nil {
		return nil, err
	}
	decoded, format, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, explain(err)
	}
	// A file whose parts disagree about its size must not slip past the check.
	size := decoded.Bounds().Size()
	if size.X != config.Width || size.Y != config.Height {
		return nil, problem(facematch.Damaged, "the picture's parts disagree about its size: save it again as JPEG")
	}
	turned := uprightly
	switch format {
	case "jpeg":
		turned = orientationOf(data)
	case "webp":
		fullRange(decoded)
	}
	upright := turned.apply(scaled(decoded))
	photo := &Photo{Image: upright, Width: size.X, Height: size.Y}
	if turned.swapsSides() {
		photo.Width, photo.Height = size.Y, size.X
	}
	return photo, nil
}

// check refuses what is not worth decoding, from the header alone.
func check(data []byte) (image.Config, error) {
	switch {
	case len(data) == 0:
		return image.Config{}, problem(facematch.Empty, "the picture is empty: send it again")
	case len(data) > MaxBytes:
		return image.Config{}, problem(facematch.TooLarge, fmt.Sprintf("the picture has more than %d MB: make it smaller", MaxBytes>>20))
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat):
		return config, problem(facematch.NotPicture, "this is not a JPEG, PNG or WebP picture: save it as one of them")
	case err != nil:
		return config, explain(err)
	case config.Width < minSide || config.Height < minSide:
		return config, problem(facematch.TooTiny, fmt.Sprintf("the picture has only %d × %d pixels: a face cannot be told apart on it", config.Width, config.Height))
	case int64(config.Width)*int64(config.Height) > MaxPixels:
		return config, problem(facematch.TooLarge, fmt.Sprintf("the picture has %d × %d pixels, more than %d million: make it smaller", config.Width, config.Height, int(MaxPixels/1e6)))
	}
	return config, nil
}

func problem(code, detail string) error { return &facematch.Problem{Code: code, Detail: detail} }

func explain(err error) error {
	var unsupported jpeg.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		return problem(facematch.Unsupported, fmt.Sprintf("this kind of JPEG cannot be read (%v): save it again with another program", err))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return problem(facematch.Damaged, "the end of the picture is missing: send it again")
	default:
		return problem(facematch.Damaged, fmt.Sprintf("the picture is damaged (%v): save it again as JPEG", err))
	}
}

// fullRange stretches the colours of a lossy WebP picture. VP8 keeps luma from 16 to 235 and chroma from 16 to 240 (RFC 6386, 9.2),
// but golang.org/x/image/webp hands them over as if they were JPEG's, which go from 0 to 255: whites would be grey.
func fullRange(m image.Image) {
	var planes *image.YCbCr
	switch m := m.(type) {
	case *image.YCbCr:
		planes = m
	case *image.NYCbCrA:
		planes = &m.YCbCr
	default:
		return // lossless pictures are RGB
	}
	var luma, chroma [256]uint8
	for i := range 256 {
		luma[i] = stretched(i-16, 219, 0)
		chroma[i] = stretched(i-128, 224, 128)
	}
	for _, plane := range []struct {
		pixels []uint8
		table  *[256]uint8
	}{{planes.Y, &luma}, {planes.Cb, &chroma}, {planes.Cr, &chroma}} {
		for i, v := range plane.pixels {
			plane.pixels[i] = plane.table[v]
		}
	}
}

func stretched(v, steps, zero int) uint8 {
	return uint8(min(max((v*255+steps/2)/steps+zero, 0), 255))
}

// scaled brings a picture to the size that faces are looked for in, on white where it is transparent.
func scaled(src image.Image) *image.RGBA {
	switch src.(type) {
	case *image.RGBA, *image.NRGBA, *image.YCbCr, *image.Gray:
	default:
		// Scaling reads these kinds pixel by pixel through an interface, many times over; drawing reads them once.
		flat := image.NewRGBA(image.Rectangle{Max: src.Bounds().Size()})
		stddraw.Draw(flat, flat.Rect, image.NewUniform(color.White), image.Point{}, stddraw.Src)
		stddraw.Draw(flat, flat.Rect, src, src.Bounds().Min, stddraw.Over)
		src = flat
	}
	size := target(src.Bounds().Size())
	dst := image.NewRGBA(image.Rectangle{Max: size})
	stddraw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, stddraw.Src)
	if size == src.Bounds().Size() {
		stddraw.Draw(dst, dst.Rect, src, src.Bounds().Min, stddraw.Over)
		return dst
	}
	draw.BiLinear.Scale(dst, dst.Rect, src, src.Bounds(), draw.Over, nil)
	return dst
}

func target(size image.Point) image.Point {
	long := max(size.X, size.Y)
	factor := 1.0
	switch {
	case long > maxSide:
		factor = maxSide / float64(long)
	case long < minLong:
		factor = min(minLong/float64(long), maxEnlarge)
	}
	return image.Pt(max(int(float64(size.X)*factor+0.5), 1), max(int(float64(size.Y)*factor+0.5), 1))
}

// JPEG is the picture as the one kind of JPEG that C code gets to see.
func (p *Photo) JPEG() ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p.Image, &jpeg.Options{Quality: 95}); err != nil {
		return nil, fmt.Errorf("encode a picture: %w", err)
	}
	return b.Bytes(), nil
}
