package process

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
	"github.com/trivue/trivue/timeline"
)

// TimelineFile is the name of the timeline in the output folder.
const TimelineFile = "timeline.json"

// waveformRate is the number of waveform points per second of interview time.
const waveformRate = 20

// Page makes index.html out of a timeline, its waveforms and its thumbnail cues, each by file name. Package web has one; nil
// makes none.
type Page func(timelineJSON []byte, waveforms, cues map[string][]byte) ([]byte, error)

// Assembly is what Assemble has to know beyond the takes.
type Assembly struct {
	// Zero is the exam's scheduled start, interview time zero. Where it is zero, the first picture of the first camera take is.
	Zero time.Time
	Page Page
}

// Assemble places the takes on the timeline and writes timeline.json, the playback files, waveforms, thumbnails and the page
// into dir, which must exist. Takes' playback files are linked, or copied where that is not possible. The takes need not be in
// order. Progress goes from 0 to 1.
func Assemble(ctx context.Context, takes []*Take, dir string, a Assembly, progress func(float64)) (timeline.Timeline, error) {
	if len(takes) == 0 {
		return timeline.Timeline{}, errors.New("there is no take to make a timeline of")
	}
	placed, err := placeAll(ctx, takes, a.Zero, func(done float64) { progress(done * 0.8) })
	if err != nil {
		return timeline.Timeline{}, fmt.Errorf("align: %w", err)
	}
	w := &assembler{dir: dir, waveforms: map[string][]byte{}, cues: map[string][]byte{}}
	w.t.Version = timeline.Version
	for _, p := range placed {
		w.t.Start = min(w.t.Start, p.start())
		w.t.Duration = max(w.t.Duration, p.end())
	}
	for _, kind := range exam.Kinds {
		ofKind := slices.DeleteFunc(slices.Clone(placed), func(p placement) bool { return p.take.Kind != kind })
		if len(ofKind) == 0 {
			w.t.Missing = append(w.t.Missing, kind)
			continue
		}
		slices.SortStableFunc(ofKind, func(a, b placement) int { return cmp.Compare(a.start(), b.start()) })
		if err := w.recording(ctx, kind, ofKind); err != nil {
			return timeline.Timeline{}, fmt.Errorf("%s: %w", kind, err)
		}
	}
	progress(0.95)
	return w.t, w.finish(a.Page)
}

type assembler struct {
	dir             string
	t               timeline.Timeline
	waveforms, cues map[string][]byte
}

func (w *assembler) recording(ctx context.Context, kind exam.Kind, placed []placement) error {
	r := timeline.Recording{Kind: kind}
	waveform := timeline.Waveform{SampleRate: stage.SoundRate, SamplesPerPoint: stage.SoundRate / waveformRate}
	waveform.Points = make([]timeline.Peak, int((w.t.Duration-w.t.Start)*waveformRate)+1)
	var thumbnails []timeline.Thumbnail
	heard := false
	for i, p := range placed {
		if err := ctx.Err(); err != nil {
			return err
		}
		take := describe(p)
		take.File = fmt.Sprintf("%s-%d%s", kind, i, filepath.Ext(p.take.Playback.File))
		if err := place(p.take.PlaybackPath(), filepath.Join(w.dir, take.File)); err != nil {
			return err
		}
		if p.take.Heard != nil {
			raw, err := readPeaks(filepath.Join(p.take.StageDir(exam.Sound), stage.PeaksFile))
			if err != nil {
				return err
			}
			waveform.Add(take, raw, stage.PeakRate, w.t.Start)
			heard = true
		}
		more, err := w.thumbnails(kind, i, p.take, take)
		if err != nil {
			return err
		}
		thumbnails = append(thumbnails, more...)
		r.Takes = append(r.Takes, take)
		if i > 0 {
			if before := r.Takes[i-1]; take.Start-before.End() > 0.05 {
				r.Gaps = append(r.Gaps, timeline.Gap{Start: before.End(), End: take.Start, Cause: placed[i-1].take.EndReason})
			}
		}
	}
	if heard {
		r.Waveform = string(kind) + ".peaks"
		var b bytes.Buffer
		if _, err := waveform.WriteTo(&b); err != nil {
			return err
		}
		w.waveforms[r.Waveform] = b.Bytes()
	}
	if len(thumbnails) > 0 {
		r.Thumbnails = string(kind) + ".vtt"
		var b bytes.Buffer
		if err := timeline.WriteThumbnails(&b, thumbnails); err != nil {
			return err
		}
		w.cues[r.Thumbnails] = b.Bytes()
	}
	w.t.Recordings = append(w.t.Recordings, r)
	return nil
}

// thumbnails puts a take's sprites in place and its tiles on the timeline.
func (w *assembler) thumbnails(kind exam.Kind, index int, t *Take, take timeline.Take) ([]timeline.Thumbnail, error) {
	if t.Thumbnails == nil {
		return nil, nil
	}
	sprites := make([]string, len(t.Thumbnails.Sprites))
	for i, name := range t.Thumbnails.Sprites {
		sprites[i] = fmt.Sprintf("%s-%d-%d%s", kind, index, i, filepath.Ext(name))
		if err := place(filepath.Join(t.StageDir(exam.Frames), name), filepath.Join(w.dir, sprites[i])); err != nil {
			return nil, err
		}
	}
	axis := take.Map()
	onAxis := func(media time.Duration) float64 { return axis.At(media.Seconds()) - w.t.Start }
	all := make([]timeline.Thumbnail, len(t.Thumbnails.Tiles))
	for i, tile := range t.Thumbnails.Tiles {
		until := onAxis(t.Playback.Duration)
		if i+1 < len(t.Thumbnails.Tiles) {
			until = onAxis(t.Thumbnails.Tiles[i+1].At)
		}
		all[i] = timeline.Thumbnail{At: onAxis(tile.At), Until: until, Sprite: sprites[tile.Sprite], X: tile.X, Y: tile.Y, W: tile.Width, H: tile.Height}
	}
	return all, nil
}

// finish writes the small files; timeline.json comes last, so that a folder that has one is complete.
func (w *assembler) finish(page Page) error {
	encoded, err := timeline.Encode(w.t)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for name, content := range w.waveforms {
		files[name] = content
	}
	for name, content := range w.cues {
		files[name] = content
	}
	if page != nil {
		if files["index.html"], err = page(encoded, w.waveforms, w.cues); err != nil {
			return fmt.Errorf("make the playback page: %w", err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o640); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(w.dir, TimelineFile), encoded, 0o640)
}

// describe turns what the stages found into the timeline's words.
func describe(p placement) timeline.Take {
	t, f := p.take, p.take.Playback
	take := timeline.Take{
		MIME: f.MIME, Start: p.where[0].Start, Rate: p.where[0].Rate, Duration: f.Duration.Seconds(),
		Placed: p.by, Heard: p.heard, Residual: p.residual, Confidence: p.confidence, Reason: p.reason,
		Source:     timeline.Source{Name: t.Name, SHA256: t.Inspection.SHA256, Size: t.Inspection.Size},
		Transcoded: f.Transcoded, TranscodedWhy: t.Inspection.Plan.Why, Video: f.Video != nil, Audio: f.Audio != nil,
	}
	if len(p.where) > 1 {
		take.Pieces = p.where
	}
	if v := f.Video; v != nil {
		take.Width, take.Height, take.Rotation = v.Width, v.Height, v.Rotation
	}
	for _, l := range f.Damage {
		take.Damage = append(take.Damage, timeline.Damage{From: l.From.Seconds(), To: l.To.Seconds(), Cause: string(l.Cause), Media: mediaOf(l.Media), Codec: l.Codec, Bytes: l.Bytes})
	}
	return take
}

func mediaOf(kind container.Kind) string {
	if kind == "" {
		return "both"
	}
	return string(kind)
}

// place links a file to where it belongs, and copies it where the file system cannot link.
func place(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Link(from, to); err == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(to), err)
	}
	return out.Close()
}

func readPeaks(path string) ([]timeline.Peak, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	peaks := make([]timeline.Peak, len(raw)/2)
	for i := range peaks {
		peaks[i] = timeline.Peak{Low: int8(raw[2*i]), High: int8(raw[2*i+1])}
	}
	return peaks, nil
}
