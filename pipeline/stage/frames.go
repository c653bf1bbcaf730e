package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Geometry of thumbnails.
const (
	thumbnailBox    = 160 // pixels along the longer side
	spriteColumns   = 10
	spriteRows      = 10
	spriteQuality   = 78 // JPEG
	thumbnailTarget = 120
)

// FramesParams is what the frames stage has to know.
type FramesParams struct {
	Video TrackReport `json:"video"`
}

// Thumbnails is the result of the frames stage.
type Thumbnails struct {
	Sprites []string `json:"sprites"` // JPEG files in the output folder
	Tiles   []Tile   `json:"tiles"`   // in order of time
	Skipped int      `json:"skipped"` // packets that the decoder refused
}

// Tile is one thumbnail: where it lies in which sprite, and since when it is what the recording shows.
type Tile struct {
	At     time.Duration `json:"at"` // media time
	Sprite int           `json:"sprite"`
	X      int           `json:"x"`
	Y      int           `json:"y"`
	Width  int           `json:"w"`
	Height int           `json:"h"`
}

// Looker is the frames stage: it makes thumbnails, from key frames alone where there are enough of them.
type Looker struct {
	Media Media
}

// Run reads the playback file Inputs[0] and writes sprites into Output.
func (s Looker) Run(ctx context.Context, job Job, progress func(float64)) (any, error) {
	var params FramesParams
	if err := json.Unmarshal(job.Params, &params); err != nil {
		return nil, fmt.Errorf("frames parameters: %w", err)
	}
	in, err := Open(job.Inputs[0])
	if err != nil {
		return nil, fmt.Errorf("open playback file: %w", withoutReason(err))
	}
	defer in.Close()
	track, ok := firstTrack(in, container.Video)
	if !ok {
		return nil, fmt.Errorf("the playback file has no picture")
	}
	interval := thumbnailInterval(params.Video.End)
	sheet := &spriteSheet{dir: job.Output}
	due := time.Duration(0)
	// Told for each picture, not for each thumbnail: a child that says nothing for long counts as hung, and there may be ten
	// seconds of large pictures to decode from one thumbnail to the next.
	wanted := func(at time.Duration) bool {
		progress(min(1, at.Seconds()/max(params.Video.End, time.Second).Seconds()))
		return at >= due
	}
	decoded, err := s.Media.DecodePictures(ctx, track, trackSource(in, track.ID, keyFilter(params.Video, interval)),
		image.Pt(thumbnailBox, thumbnailBox), wanted,
		func(at time.Duration, picture *image.RGBA) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			due = at - at%interval + interval
			return sheet.add(at, picture)
		})
	if err != nil {
		return nil, fmt.Errorf("decode pictures: %w", err)
	}
	if err := sheet.flush(); err != nil {
		return nil, err
	}
	return Thumbnails{Sprites: sheet.files, Tiles: sheet.tiles, Skipped: decoded.Skipped}, nil
}

// thumbnailInterval aims at some hundred thumbnails: one a second for a short take, one in ten seconds for a long one.
func thumbnailInterval(duration time.Duration) time.Duration {
	return min(max(duration/thumbnailTarget, time.Second), 10*time.Second).Truncate(100 * time.Millisecond)
}

// keyFilter lets through the key frames that become thumbnails, and nothing else: decoding all of twenty minutes for a hundred
// small pictures would take longer than everything else together. Where key frames are rarer than 10 seconds (a recorder that
// was not asked for them, a still screen) every packet is decoded, or the thumbnails would miss what happened between.
func keyFilter(video TrackReport, interval time.Duration) func(container.Packet) bool {
	if video.KeyGap > max(10*time.Second, interval) {
		return nil
	}
	due := container.NoTime
	return func(p container.Packet) bool {
		if !p.Key || p.PTS < due {
			return false
		}
		due = p.PTS - p.PTS%interval + interval
		return true
	}
}

// spriteSheet collects thumbnails into JPEG files of spriteColumns × spriteRows tiles.
type spriteSheet struct {
	dir    string
	files  []string
	tiles  []Tile
	canvas *image.RGBA
	cell   image.Point
	used   int // tiles on the canvas
}

func (s *spriteSheet) add(at time.Duration, picture *image.RGBA) error {
	size := picture.Bounds().Size()
	if s.canvas != nil && (s.used == spriteColumns*spriteRows || size != s.cell) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if s.canvas == nil {
		s.cell = size
		s.canvas = image.NewRGBA(image.Rect(0, 0, size.X*spriteColumns, size.Y*spriteRows))
	}
	corner := image.Pt(s.used%spriteColumns*s.cell.X, s.used/spriteColumns*s.cell.Y)
	draw.Draw(s.canvas, image.Rectangle{Min: corner, Max: corner.Add(size)}, picture, picture.Bounds().Min, draw.Src)
	s.tiles = append(s.tiles, Tile{At: at, Sprite: len(s.files), X: corner.X, Y: corner.Y, Width: size.X, Height: size.Y})
	s.used++
	return nil
}

// flush writes the canvas, cut to the rows in use.
func (s *spriteSheet) flush() error {
	if s.canvas == nil {
		return nil
	}
	name := fmt.Sprintf("sprite-%d.jpg", len(s.files))
	f, err := os.Create(filepath.Join(s.dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	columns, rows := min(s.used, spriteColumns), (s.used+spriteColumns-1)/spriteColumns
	used := s.canvas.SubImage(image.Rect(0, 0, columns*s.cell.X, rows*s.cell.Y))
	if err := jpeg.Encode(f, used, &jpeg.Options{Quality: spriteQuality}); err != nil {
		return fmt.Errorf("write sprite: %w", err)
	}
	s.files = append(s.files, name)
	s.canvas, s.used = nil, 0
	return f.Close()
}

func firstTrack(in *File, kind container.Kind) (container.Track, bool) {
	for _, t := range in.Tracks() {
		if t.Kind == kind {
			return t, true
		}
	}
	return container.Track{}, false
}
