package dlib

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/image/draw"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/engine"
	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/internal/samples"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "look" {
		os.Exit(engine.Main(func(set models.Set, scratch string) (engine.Recognizer, error) { return Open(set, scratch) }))
	}
	goleak.VerifyTestMain(m)
}

func newEngine(t testing.TB) *engine.Engine {
	folder := samples.Path(t, "models")
	e := engine.New(engine.Options{
		Models: func() (models.Set, error) { return models.Find(folder, models.ChooseStock) },
		// The race detector slows Go down and reserves terabytes.
		Deadline: time.Minute, AddressSpace: addressSpace, Resident: resident,
	})
	t.Cleanup(e.Close)
	return e
}

func look(t testing.TB, e *engine.Engine, data []byte) facematch.Picture {
	t.Helper()
	p, err := e.Look(t.Context(), data)
	require.NoError(t, err)
	return p
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(samples.Path(t, "faces", name))
	require.NoError(t, err)
	return data
}

// How well the models tell people apart is a table to be read, not a pass mark on single pairs: other models, other numbers. What is
// asserted is what any usable model reaches on photographs of public figures.
func TestAccuracy(t *testing.T) {
	e := newEngine(t)
	files, err := filepath.Glob(filepath.Join(samples.Path(t, "faces"), "*_*.jpg"))
	require.NoError(t, err)
	type photo struct {
		person string
		facematch.Picture
	}
	var photos []photo
	for _, f := range files {
		name := filepath.Base(f)
		person, _, _ := strings.Cut(name, "_")
		p := look(t, e, read(t, name))
		switch person {
		case "noface":
			require.Empty(t, p.Faces)
		case "manyfaces":
			require.Greater(t, len(p.Faces), 20)
			require.Contains(t, p.Flaws(facematch.DefaultLimits()), facematch.SeveralFaces)
		default:
			require.Len(t, p.Faces, 1, name)
			require.NotContains(t, p.Flaws(facematch.DefaultLimits()), facematch.TooSmall, name)
			photos = append(photos, photo{person, p})
		}
	}
	require.Len(t, photos, 13)
	var same, different []float64
	for i, a := range photos {
		for _, b := range photos[:i] {
			distance := a.Faces[0].Descriptor.Distance(b.Faces[0].Descriptor)
			if a.person == b.person {
				same = append(same, distance)
			} else {
				different = append(different, distance)
			}
		}
	}
	table := fmt.Sprintf("\n%9s %22s %22s", "threshold", fmt.Sprintf("same accepted of %d", len(same)), fmt.Sprintf("others accepted of %d", len(different)))
	within := func(all []float64, threshold float64) (n int) {
		for _, d := range all {
			if d <= threshold {
				n++
			}
		}
		return n
	}
	best := 0.0
	for threshold := 0.40; threshold < 0.805; threshold += 0.05 {
		s, d := within(same, threshold), within(different, threshold)
		table += fmt.Sprintf("\n%9.2f %22d %22d", threshold, s, d)
		best = max(best, float64(s)/float64(len(same))-float64(d)/float64(len(different)))
	}
	t.Log(table, "\nlargest distance of one person's", slices.Max(same), "smallest of two people's", slices.Min(different))
	require.Greater(t, best, 0.8, "no threshold tells these people apart")
}

// What a picture is stored as, and how large, changes the distance to itself little.
func TestTheSamePersonInEveryForm(t *testing.T) {
	e := newEngine(t)
	original := read(t, "obama_1.jpg")
	decoded, err := jpeg.Decode(bytes.NewReader(original))
	require.NoError(t, err)
	first := look(t, e, original)
	require.Len(t, first.Faces, 1)
	scaled := func(factor float64) image.Image {
		size := decoded.Bounds().Size()
		m := image.NewRGBA(image.Rect(0, 0, int(float64(size.X)*factor), int(float64(size.Y)*factor)))
		draw.CatmullRom.Scale(m, m.Rect, decoded, decoded.Bounds(), draw.Src, nil)
		return m
	}
	greyed := image.NewGray(decoded.Bounds())
	draw.Draw(greyed, greyed.Rect, decoded, image.Point{}, draw.Src)
	for name, m := range map[string]image.Image{"PNG": decoded, "grey": greyed, "half": scaled(0.5), "a fifth": scaled(0.2), "twice": scaled(2)} {
		var b bytes.Buffer
		if name == "grey" {
			require.NoError(t, jpeg.Encode(&b, m, nil)) // go-face itself refuses those
		} else {
			require.NoError(t, png.Encode(&b, m))
		}
		p := look(t, e, b.Bytes())
		require.Len(t, p.Faces, 1, name)
		factor := float64(p.Width) / float64(first.Width)
		distance := p.Faces[0].Descriptor.Distance(first.Faces[0].Descriptor)
		t.Logf("%s: distance %.3f, size %.0f", name, distance, p.Faces[0].Quality.Size)
		require.Less(t, distance, 0.45, name)
		require.InDelta(t, first.Faces[0].Quality.Size*factor, p.Faces[0].Quality.Size, 0.1*first.Faces[0].Quality.Size*factor, name)
	}
	// Bytes that libjpeg would stop at.
	again := look(t, e, original)
	require.Equal(t, first, again, "the same picture, the same answer")
}

func TestQualityOfWorsePictures(t *testing.T) {
	e := newEngine(t)
	decoded, err := jpeg.Decode(bytes.NewReader(read(t, "obama_1.jpg")))
	require.NoError(t, err)
	change := func(f func(v float64) float64) *image.RGBA {
		m := image.NewRGBA(decoded.Bounds())
		draw.Draw(m, m.Rect, decoded, image.Point{}, draw.Src)
		for i := range m.Pix {
			if i%4 != 3 {
				m.Pix[i] = uint8(min(max(f(float64(m.Pix[i])), 0), 255))
			}
		}
		return m
	}
	blurred := image.NewRGBA(image.Rect(0, 0, decoded.Bounds().Dx()/6, decoded.Bounds().Dy()/6))
	draw.BiLinear.Scale(blurred, blurred.Rect, decoded, decoded.Bounds(), draw.Src, nil)
	wide := image.NewRGBA(decoded.Bounds())
	draw.CatmullRom.Scale(wide, wide.Rect, blurred, blurred.Rect, draw.Src, nil)
	require.Empty(t, look(t, e, encode(t, decoded)).Flaws(facematch.DefaultLimits()))
	for flaw, m := range map[facematch.Flaw]image.Image{
		facematch.TooDark:   change(func(v float64) float64 { return v * 0.25 }),
		facematch.TooBright: change(func(v float64) float64 { return 255 - (255-v)*0.3 }),
		facematch.Flat:      change(func(v float64) float64 { return 100 + v*0.25 }),
		facematch.Blurred:   wide,
	} {
		p := look(t, e, encode(t, m))
		face, ok := p.Face()
		require.True(t, ok, flaw)
		require.Contains(t, p.Flaws(facematch.DefaultLimits()), flaw, "%+v", face.Quality)
	}
}

func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, m, &jpeg.Options{Quality: 92}))
	return b.Bytes()
}

func TestPose(t *testing.T) {
	e := newEngine(t)
	decoded, err := jpeg.Decode(bytes.NewReader(read(t, "obama_2.jpg")))
	require.NoError(t, err)
	mirrored := image.NewRGBA(decoded.Bounds())
	for y := range decoded.Bounds().Dy() {
		for x := range decoded.Bounds().Dx() {
			mirrored.Set(decoded.Bounds().Dx()-1-x, y, decoded.At(x, y))
		}
	}
	one, other := look(t, e, encode(t, decoded)).Faces[0].Quality.Pose, look(t, e, encode(t, mirrored)).Faces[0].Quality.Pose
	t.Logf("%+v, mirrored %+v", one, other)
	require.Less(t, one.Yaw, -10.0, "he looks to the left side of the picture")
	require.InDelta(t, -one.Yaw, other.Yaw, 10)
	require.InDelta(t, -one.Roll, other.Roll, 4)
	require.InDelta(t, one.Pitch, other.Pitch, 8)
}

// Pictures at the edges of what is accepted come back in time and leave the child alive.
func TestUnusualPictures(t *testing.T) {
	e := newEngine(t)
	deep := image.NewNRGBA64(image.Rect(0, 0, largestSide, largestSide))
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i >> 15)
	}
	large := image.NewPaletted(image.Rect(0, 0, 24, 1_000_000), color.Palette{color.Black, color.White})
	for name, m := range map[string]image.Image{
		"many deep pixels": deep, "a thread": large, "the smallest": image.NewGray(image.Rect(0, 0, 24, 24)), "black": image.NewGray(image.Rect(0, 0, 1280, 720)),
	} {
		var b bytes.Buffer
		require.NoError(t, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m))
		began := time.Now()
		p := look(t, e, b.Bytes())
		t.Logf("%s: %v", name, time.Since(began))
		require.Empty(t, p.Faces, name)
	}
}

func TestSeveralAtOnceGiveTheSame(t *testing.T) {
	e := newEngine(t)
	want := look(t, e, read(t, "biden_1.jpg"))
	data := read(t, "biden_1.jpg")
	var group sync.WaitGroup
	results := make([]facematch.Picture, 6)
	for i := range results {
		group.Go(func() { results[i], _ = e.Look(t.Context(), data) })
	}
	group.Wait()
	for _, got := range results {
		require.Equal(t, want, got)
	}
}

func TestBrokenModels(t *testing.T) {
	folder := t.TempDir()
	files, err := models.ChooseStock.Files()
	require.NoError(t, err)
	for _, f := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, f.Name), []byte("<html>404</html>"), 0o600))
	}
	e := engine.New(engine.Options{Models: func() (models.Set, error) { return models.Find(folder, models.ChooseStock) }, AddressSpace: addressSpace})
	t.Cleanup(e.Close)
	_, err = e.Look(t.Context(), encode(t, image.NewGray(image.Rect(0, 0, 64, 64))))
	var p *facematch.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, facematch.Unavailable, p.Code)
	require.Contains(t, p.Detail, "load the face models")
}
