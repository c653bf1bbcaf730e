package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/facematch"
)

// The pictures of testdata have 48 × 32 pixels in four fields.
var fields = [4]color.RGBA{{220, 40, 40, 255}, {40, 200, 40, 255}, {40, 40, 220, 255}, {230, 230, 230, 255}}

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

// corners are the colours in the middle of a photo's four fields: top left, top right, bottom left, bottom right.
func corners(p *Photo) (found [4]color.RGBA) {
	size := p.Image.Rect.Size()
	for i := range found {
		found[i] = p.Image.RGBAAt(size.X/4+i%2*size.X/2, size.Y/4+i/2*size.Y/2)
	}
	return found
}

func requireFields(t testing.TB, want [4]color.RGBA, p *Photo) {
	t.Helper()
	for i, got := range corners(p) {
		for _, c := range [][2]uint8{{want[i].R, got.R}, {want[i].G, got.G}, {want[i].B, got.B}} {
			require.InDelta(t, c[0], c[1], 12, "field %d: %v, not %v", i, got, want[i])
		}
	}
}

func grey(c color.RGBA) color.RGBA {
	y := color.GrayModel.Convert(c).(color.Gray).Y
	return color.RGBA{y, y, y, 255}
}

func TestKindsOfPictures(t *testing.T) {
	greyFields := fields
	for i, f := range fields {
		greyFields[i] = grey(f)
	}
	for name, want := range map[string][4]color.RGBA{
		"baseline.jpg": fields, "444.jpg": fields, "progressive.jpg": fields, "cmyk.jpg": fields, "ycck.jpg": fields,
		"lossy.webp": fields, "lossless.webp": fields, "grey.jpg": greyFields,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Decode(testFile(t, name))
			require.NoError(t, err)
			require.Equal(t, []int{48, 32}, []int{p.Width, p.Height})
			require.Equal(t, image.Rect(0, 0, 192, 128), p.Image.Rect, "enlarged four times")
			require.Equal(t, 0.25, p.Scale())
			requireFields(t, want, p)
			// What C code sees is always the same kind.
			data, err := p.JPEG()
			require.NoError(t, err)
			again, err := jpeg.Decode(bytes.NewReader(data))
			require.NoError(t, err)
			require.IsType(t, &image.YCbCr{}, again)
			require.Equal(t, p.Image.Rect, again.Bounds())
		})
	}
}

func TestKindsOfPNG(t *testing.T) {
	bounds := image.Rect(0, 0, 48, 32)
	paint := func(m interface{ Set(x, y int, c color.Color) }) {
		for y := range 32 {
			for x := range 48 {
				m.Set(x, y, fields[x/24+2*(y/16)])
			}
		}
	}
	rgba, nrgba64, paletted := image.NewRGBA(bounds), image.NewNRGBA64(bounds), image.NewPaletted(bounds, append(color.Palette{fields[0], fields[1], fields[2], fields[3]}, palette.WebSafe[:100]...))
	paint(rgba)
	paint(nrgba64)
	paint(paletted)
	for _, m := range []image.Image{rgba, nrgba64, paletted} {
		p, err := Decode(encodePNG(t, m))
		require.NoError(t, err)
		requireFields(t, fields, p)
	}
	// What is transparent is white, half of it half.
	clear := image.NewNRGBA(bounds)
	for i := 3; i < len(clear.Pix)/2; i += 4 {
		clear.Pix[i] = 128
	}
	p, err := Decode(encodePNG(t, clear))
	require.NoError(t, err)
	white, half := color.RGBA{255, 255, 255, 255}, color.RGBA{127, 127, 127, 255}
	requireFields(t, [4]color.RGBA{half, half, white, white}, p)
}

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// withOrientation puts an EXIF block with an orientation into a JPEG.
func withOrientation(data []byte, order binary.AppendByteOrder, o uint16) []byte {
	tiff := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][2]uint16{{0x0100, 48}, {0x0112, o}} {
		tiff = order.AppendUint16(tiff, entry[0])
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, entry[1])
		tiff = order.AppendUint16(tiff, 0)
	}
	body := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(body)+2))
	return append(append(append([]byte{}, data[:2]...), append(segment, body...)...), data[2:]...)
}

func TestOrientation(t *testing.T) {
	stored := testFile(t, "444.jpg")
	r, g, b, w := fields[0], fields[1], fields[2], fields[3]
	for o, want := range map[uint16][4]color.RGBA{
		1: {r, g, b, w}, 2: {g, r, w, b}, 3: {w, b, g, r}, 4: {b, w, r, g},
		5: {r, b, g, w}, 6: {b, r, w, g}, 7: {w, g, b, r}, 8: {g, w, r, b},
		0: {r, g, b, w}, 9: {r, g, b, w}, // there are none such
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			p, err := Decode(withOrientation(stored, order, o))
			require.NoError(t, err)
			requireFields(t, want, p)
			sides := []int{48, 32}
			if o >= 5 && o <= 8 {
				sides = []int{32, 48}
			}
			require.Equal(t, sides, []int{p.Width, p.Height}, "orientation %d", o)
			require.Equal(t, 0.25, p.Scale())
		}
	}
}

func TestSizesThatAreLookedAt(t *testing.T) {
	for _, test := range []struct{ from, to image.Point }{
		{image.Pt(640, 480), image.Pt(640, 480)},
		{image.Pt(1280, 720), image.Pt(1280, 720)},
		{image.Pt(4000, 3000), image.Pt(1280, 960)},
		{image.Pt(295, 413), image.Pt(457, 640)},
		{image.Pt(80, 80), image.Pt(320, 320)},
		{image.Pt(1_000_000, 24), image.Pt(1280, 1)},
	} {
		require.Equal(t, test.to, target(test.from), "%v", test.from)
	}
}

// claimingPNG is the head of a PNG that claims a size.
func claimingPNG(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	head = append(binary.BigEndian.AppendUint32(head, h), 8, 6, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(head))
}

func TestProblems(t *testing.T) {
	whole := testFile(t, "baseline.jpg")
	for name, test := range map[string]struct {
		data   []byte
		code   string
		detail string
	}{
		"nothing":         {nil, facematch.Empty, "empty"},
		"text":            {[]byte("hello"), facematch.NotPicture, "not a JPEG"},
		"GIF":             {[]byte("GIF89a\x30\x00\x20\x00\x00\x00\x00;"), facematch.NotPicture, "not a JPEG"},
		"half":            {whole[:len(whole)/2], facematch.Damaged, "end of the picture"},
		"without its end": {whole[:len(whole)-3], facematch.Damaged, "damaged"},
		"header only":     {whole[:20], facematch.Damaged, "end of the picture"},
		"arithmetic":      {testFile(t, "arithmetic.jpg"), facematch.Unsupported, "another program"},
		"many pixels":     {claimingPNG(5001, 5000), facematch.TooLarge, "5001 × 5000"},
		"absurd":          {claimingPNG(1_000_000, 1_000_000), facematch.TooLarge, "make it smaller"},
		"as many as may":  {claimingPNG(5000, 5000), facematch.Damaged, "end of the picture"},
		"narrow":          {claimingPNG(5000, 23), facematch.TooTiny, "5000 × 23"},
		"many bytes":      {make([]byte, MaxBytes+1), facematch.TooLarge, "16 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(test.data)
			var p *facematch.Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, test.code, p.Code, p.Detail)
			require.Contains(t, p.Detail, test.detail)
			require.True(t, p.OfPicture())
		})
	}
}

func TestMeasure(t *testing.T) {
	const side = 400
	board := func(low, high uint8, square int) *Photo {
		m := image.NewRGBA(image.Rect(0, 0, side, side))
		for y := range side {
			for x := range side {
				v := low
				if (x/square+y/square)%2 == 0 {
					v = high
				}
				m.SetRGBA(x, y, color.RGBA{v, v, v, 255})
			}
		}
		return &Photo{Image: m, Width: side, Height: side}
	}
	measure := func(p *Photo) (q facematch.Quality) {
		p.Measure(image.Rect(50, 50, 350, 350), &q)
		return q
	}
	q := measure(board(0, 200, 50))
	require.InDelta(t, 100, q.Brightness, 1)
	require.InDelta(t, 100, q.Contrast, 1)
	require.InDelta(t, 0.5, q.Clipped, 0.01)
	require.Less(t, measure(board(90, 110, 50)).Sharpness, q.Sharpness, "the same with little contrast")
	require.Zero(t, measure(board(100, 100, 50)).Sharpness)
	light := board(0, 200, 50).Light()
	require.InDelta(t, 100, light.Mean, 1)
	require.InDelta(t, 100, light.Deviation, 1)

	// A face may reach over the edge, or be said to be where there is no picture.
	var beyond facematch.Quality
	board(100, 100, 50).Measure(image.Rect(300, 300, 900, 900), &beyond)
	require.InDelta(t, 100, beyond.Brightness, 1)
	board(100, 100, 50).Measure(image.Rect(900, 900, 990, 990), &beyond)
	require.InDelta(t, 100, beyond.Brightness, 1)
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add(claimingPNG(64, 64))
	f.Add(withOrientation(testFile(f, "444.jpg"), binary.BigEndian, 6))
	f.Fuzz(func(t *testing.T, data []byte) {
		// Sizes that are allowed but take a second to allocate keep the fuzzer from getting anywhere.
		if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && int64(c.Width)*int64(c.Height) > 1<<20 && int64(c.Width)*int64(c.Height) <= MaxPixels {
			t.Skip()
		}
		p, err := Decode(data)
		if err != nil {
			var problem *facematch.Problem
			if !errors.As(err, &problem) || !problem.OfPicture() || problem.Detail == "" {
				t.Fatalf("not a problem of the picture: %v", err)
			}
			return
		}
		size := p.Image.Rect.Size()
		if size.X > maxSide || size.Y > maxSide || size.X < 1 || size.Y < 1 || p.Width < minSide || p.Height < minSide {
			t.Fatal(fmt.Sprint("out of bounds: ", size, p.Width, p.Height))
		}
		if !p.Image.Opaque() {
			t.Fatal("not opaque")
		}
		encoded, err := p.JPEG()
		if err != nil {
			t.Fatal(err)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(encoded)); err != nil || c.ColorModel != color.YCbCrModel || image.Pt(c.Width, c.Height) != size {
			t.Fatal("C code would get something else", c, err)
		}
	})
}
