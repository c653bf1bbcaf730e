package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
	"github.com/trivue/trivue/pipeline/container/webm"
)

// PlaybackParams is what the playback stage has to know.
type PlaybackParams struct {
	Inspection Inspection `json:"inspection"`
}

// PlaybackFile is the result of the playback stage: a seekable file whose media time starts at 0.
type PlaybackFile struct {
	File       string           `json:"file"` // name within the output folder
	Format     container.Format `json:"format"`
	MIME       string           `json:"mime"` // with codecs parameter
	Size       int64            `json:"size"` // bytes
	Duration   time.Duration    `json:"duration"`
	Video      *TrackReport     `json:"video,omitempty"`
	Audio      *TrackReport     `json:"audio,omitempty"`
	Transcoded bool             `json:"transcoded"`
	Damage     []Loss           `json:"damage,omitempty"`
	LeftOut    []LeftOut        `json:"leftOut,omitempty"` // tracks of the source that are not in it
}

// Loss is damage in the clock of the playback file.
type Loss struct {
	Cause container.Cause `json:"cause"`
	Media container.Kind  `json:"media,omitempty"` // empty for both
	Codec string          `json:"codec,omitempty"` // what could not be decoded, where Cause is Undecodable
	From  time.Duration   `json:"from"`
	To    time.Duration   `json:"to"`
	Bytes int64           `json:"bytes"`
}

// Player is the playback stage: it copies packets to a seekable file that browsers play, and transcodes what they would not.
type Player struct {
	Media Media
}

// Run reads Inputs[0] and writes one file into Output.
func (s Player) Run(ctx context.Context, job Job, progress func(float64)) (any, error) {
	var params PlaybackParams
	if err := json.Unmarshal(job.Params, &params); err != nil {
		return nil, fmt.Errorf("playback parameters: %w", err)
	}
	ins := params.Inspection
	w := &playbackRun{source: job.Inputs[0], inspection: ins, media: s.Media}
	defer w.close()

	name := "playback" + extension(ins.Plan.Container, ins.Video != nil)
	path := filepath.Join(job.Output, name)
	if err := w.write(ctx, path, func(done float64) { progress(done * 0.8) }); err != nil {
		return nil, err
	}
	result, err := checkPlayback(ctx, path, w.written, func(done float64) { progress(0.8 + done*0.2) })
	if err != nil {
		return nil, err
	}
	result.File = name
	result.Transcoded = result.Video != nil && ins.Plan.Video == Transcode || result.Audio != nil && ins.Plan.Audio == Transcode
	result.LeftOut = append(ins.LeftOut, w.broken...)
	result.Damage = append(silenced(result.LeftOut, result), w.losses()...)
	return result, nil
}

func extension(format container.Format, video bool) string {
	switch {
	case format == container.MP4 && !video:
		return ".m4a"
	case format == container.MP4:
		return ".mp4"
	default:
		return ".webm"
	}
}

// playbackRun is one run of the playback stage.
type playbackRun struct {
	source     string
	inspection Inspection
	media      Media
	streams    []*stream
	broken     []LeftOut // tracks that turned out not to be decodable
	written    map[container.Kind]tally
}

// tally counts what was written, to be compared with what can be read back.
type tally struct {
	packets int
	bytes   int64
	end     time.Duration
}

func (w *playbackRun) close() {
	for _, s := range w.streams {
		s.close()
	}
}

func (w *playbackRun) write(ctx context.Context, path string, progress func(float64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reports := []struct {
		report *TrackReport
		action Action
	}{{w.inspection.Video, w.inspection.Plan.Video}, {w.inspection.Audio, w.inspection.Plan.Audio}}
	for _, r := range reports {
		if r.action == None {
			continue
		}
		s, err := openStream(ctx, w.source, *r.report, w.inspection.Origin, r.action, w.media)
		if r.report.kind() == container.Audio && len(w.streams) > 0 && undecodable(err) {
			// Pictures without their sound are worth more than nothing.
			w.broken = append(w.broken, LeftOut{Kind: container.Audio, Codec: string(r.report.Codec), Why: Broken})
			continue
		}
		if err != nil {
			return err
		}
		s.output = len(w.streams) + 1
		w.streams = append(w.streams, s)
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	writer, err := w.newWriter(out)
	if err != nil {
		return err
	}
	if err := w.merge(ctx, writer, progress); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("finish playback file: %w", err)
	}
	return out.Close()
}

func (w *playbackRun) newWriter(out *os.File) (container.Writer, error) {
	var tracks []container.Track
	extent := container.Extent{Packets: map[int]int{}, Keys: map[int]int{}}
	for _, s := range w.streams {
		t := s.track
		t.ID = s.output
		tracks = append(tracks, t)
		extent.Packets[t.ID] = s.report.Packets
		extent.Keys[t.ID] = s.report.Keys
		if s.action == Transcode {
			// Encoders choose their own packets: one picture stays one, sound comes in runs of 20 ms.
			extent.Packets[t.ID] = max(s.report.Packets, int((s.report.End-s.report.First)/(20*time.Millisecond))) + 16
			extent.Keys[t.ID] = extent.Packets[t.ID]/8 + 16
		}
		extent.Duration = max(extent.Duration, s.report.End-w.inspection.Origin)
	}
	if w.inspection.Plan.Container == container.MP4 {
		return mp4.NewWriter(out, tracks, extent)
	}
	return webm.NewWriter(out, tracks, extent, webm.Options{})
}

// merge writes the streams' packets in the order of their times, so that a player finds sound and picture of one moment near
// each other whatever the source did.
func (w *playbackRun) merge(ctx context.Context, writer container.Writer, progress func(float64)) error {
	w.written = make(map[container.Kind]tally)
	total := w.totalPackets()
	for n := 0; ; n++ {
		// Often enough for an encoder of large pictures on a busy machine: a child that says nothing for long counts as hung.
		if n%16 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			progress(min(1, float64(n)/float64(total)))
		}
		next, err := w.earliest()
		if err != nil {
			return err
		}
		if next == nil {
			break
		}
		p := next.packet
		p.Track = next.output
		if err := writer.WritePacket(p, next.payload); err != nil {
			return fmt.Errorf("write playback file: %w", err)
		}
		t := w.written[next.track.Kind]
		t.packets++
		t.bytes += int64(len(next.payload))
		t.end = max(t.end, p.PTS)
		w.written[next.track.Kind] = t
		next.taken()
	}
	if len(w.written) == 0 {
		return &container.UnusableError{Reason: container.NotMedia, Detail: "not one of its packets is what its codec writes"}
	}
	return nil
}

func (w *playbackRun) totalPackets() int {
	n := 1
	for _, s := range w.streams {
		n += s.report.Packets
	}
	return n
}

// earliest gives the stream whose next packet comes first, nil when all have ended.
func (w *playbackRun) earliest() (*stream, error) {
	var first *stream
	for _, s := range w.streams {
		err := s.advance()
		if errors.Is(err, io.EOF) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if first == nil || s.packet.PTS < first.packet.PTS {
			first = s
		}
	}
	return first, nil
}

// losses gives the file's own damage and that found in payloads, in the playback file's clock.
func (w *playbackRun) losses() []Loss {
	var all []Loss
	shift := func(at time.Duration) time.Duration { return max(at-w.inspection.Origin, 0) }
	for _, d := range w.inspection.Damage {
		l := Loss{Cause: d.Cause, From: shift(d.From), To: shift(d.To), Bytes: d.Bytes}
		for _, s := range w.streams {
			if s.report.ID == d.Track {
				l.Media = s.track.Kind
			}
		}
		all = append(all, l)
	}
	for _, s := range w.streams {
		all = append(all, s.losses...)
	}
	return joinLosses(all)
}
