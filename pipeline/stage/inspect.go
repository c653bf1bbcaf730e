package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// Inspection is what is in a file: the result of the inspect stage.
type Inspection struct {
	Format container.Format `json:"format"`
	SHA256 string           `json:"sha256"` // of the whole file, lower-case hexadecimal
	Size   int64            `json:"size"`   // bytes
	// Video and Audio are the tracks that will be played; nil where there is none.
	Video *TrackReport `json:"video,omitempty"`
	Audio *TrackReport `json:"audio,omitempty"`
	// Origin is the earliest media time of a packet that is shown, in nanoseconds of the source's own clock. A playback file
	// starts at 0, so its times are the source's less Origin.
	Origin time.Duration      `json:"origin"`
	Damage []container.Damage `json:"damage,omitempty"` // times in the source's own clock
	// LeftOut are the tracks of picture and sound that are not played.
	LeftOut []LeftOut `json:"leftOut,omitempty"`
	Plan    Plan      `json:"plan"`
}

// TrackReport is what was counted in one track.
type TrackReport struct {
	ID       int             `json:"id"`
	Codec    container.Codec `json:"codec"`
	MIME     string          `json:"mime"` // codecs parameter (RFC 6381)
	Packets  int             `json:"packets"`
	Keys     int             `json:"keys"`
	Bytes    int64           `json:"bytes"`
	First    time.Duration   `json:"first"` // of the first packet, source's clock
	End      time.Duration   `json:"end"`   // of the last packet's end, source's clock
	LastKey  time.Duration   `json:"lastKey"`
	KeyGap   time.Duration   `json:"keyGap"` // longest time from one key frame to the next, or to the end
	Width    int             `json:"width,omitempty"`
	Height   int             `json:"height,omitempty"`
	Rotation int             `json:"rotation,omitempty"`
	Rate     int             `json:"rate,omitempty"`
	Channels int             `json:"channels,omitempty"`
}

// Inspector is the inspect stage: it walks through the whole file once, structure only, and decides what has to be done.
type Inspector struct {
	Media Media // asked whether a track can be decoded
}

// Run reads Inputs[0]; nothing is written.
func (s Inspector) Run(ctx context.Context, job Job, progress func(float64)) (any, error) {
	in, err := Open(job.Inputs[0])
	if err != nil {
		return nil, err
	}
	defer in.Close()

	if in.Duration() > container.MaxDuration {
		return nil, &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("it claims to last %v; up to %v are accepted", in.Duration(), container.MaxDuration)}
	}
	counters, err := countTracks(ctx, in, func(done float64) { progress(done * 0.5) })
	if err != nil {
		return nil, err
	}
	result := Inspection{Format: in.Format(), Size: in.size, Damage: in.Damage()}
	video, audio := choose(counters, container.Video), choose(counters, container.Audio)
	if video == nil && audio == nil {
		return nil, nothingPlayable(in.Tracks())
	}
	if result.Plan, err = plan(in.Format(), track(video), track(audio), audio != nil && audio.seen.First < 0, s.Media); err != nil {
		return nil, err
	}
	result.Origin = origin(video, audio)
	if video != nil {
		result.Video = video.report()
	}
	if audio != nil && result.Plan.Audio != None {
		result.Audio = audio.report()
	}
	result.LeftOut = leftOut(in, counters, result.Video, result.Audio)
	result.Plan.mention(result.LeftOut)
	if result.SHA256, err = hash(ctx, in.f, in.size, func(done float64) { progress(0.5 + done*0.5) }); err != nil {
		return nil, err
	}
	return result, nil
}

// trackCounter gathers a TrackReport while packets go by.
type trackCounter struct {
	container.Track
	seen    TrackReport
	prevKey time.Duration
	gap     time.Duration // typical distance of packets, to know how long the last one is
	last    time.Duration
}

// longestGuess bounds what is assumed of a packet's unstated length from the distance to the one before.
const longestGuess = 100 * time.Millisecond

// countTracks walks through all packets. Key frames' payloads are read, so that a picture size that no recorder makes is
// refused before a decoder allocates for it; the header's word is not enough.
func countTracks(ctx context.Context, in *File, progress func(float64)) (map[int]*trackCounter, error) {
	counters := make(map[int]*trackCounter)
	for _, t := range in.Tracks() {
		counters[t.ID] = &trackCounter{Track: t, seen: TrackReport{First: container.NoTime}}
	}
	var buf []byte
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			progress(float64(in.Consumed()) / float64(max(in.size, 1)))
		}
		p, err := in.Next()
		if errors.Is(err, io.EOF) {
			return counters, nil
		}
		if err != nil {
			return nil, Unreadable(err)
		}
		c := counters[p.Track]
		if c == nil {
			continue
		}
		if c.Kind == container.Video && p.Key {
			if buf, err = in.Payload(buf[:0]); err != nil {
				return nil, Unreadable(err)
			}
			if err := c.lookAtKey(p, buf); err != nil {
				return nil, err
			}
		}
		c.count(p)
	}
}

func (c *trackCounter) lookAtKey(p container.Packet, payload []byte) error {
	w, h, ok := bitstream.Dimensions(c.Track, payload)
	if ok {
		if w > container.MaxDimension || h > container.MaxDimension || w*h > container.MaxPixels {
			return &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf(
				"the picture at byte %d claims %d × %d pixels; up to %d × %d are accepted", p.Offset, w, h, container.MaxDimension, container.MaxPixels/container.MaxDimension)}
		}
		if c.seen.Width == 0 { // what changes its size later begins with this one, and players lay it out by it
			c.seen.Width, c.seen.Height = w, h
		}
	}
	if c.seen.MIME == "" {
		c.seen.MIME = bitstream.CodecString(c.Track, payload)
	}
	return nil
}

func (c *trackCounter) count(p container.Packet) {
	s := &c.seen
	if s.First == container.NoTime || p.PTS < s.First {
		s.First = p.PTS
	}
	if s.Packets > 0 && p.PTS > c.last {
		c.gap = p.PTS - c.last
	}
	c.last = p.PTS
	s.Packets++
	s.Bytes += int64(p.Size)
	duration := p.Duration
	if duration == 0 {
		duration = min(c.gap, longestGuess)
	}
	s.End = max(s.End, p.PTS+duration)
	if p.Key {
		if s.Keys > 0 {
			s.KeyGap = max(s.KeyGap, p.PTS-c.prevKey)
		}
		s.Keys++
		s.LastKey, c.prevKey = p.PTS, p.PTS
	}
}

func (c *trackCounter) report() *TrackReport {
	s := c.seen
	s.ID, s.Codec = c.ID, c.Codec
	s.Rotation, s.Rate, s.Channels = c.Rotation, c.SampleRate, c.Channels
	if s.Width == 0 {
		s.Width, s.Height = c.Width, c.Height
	}
	if s.MIME == "" {
		s.MIME = bitstream.CodecString(c.Track, nil)
	}
	if s.Keys > 0 {
		s.KeyGap = max(s.KeyGap, s.End-s.LastKey)
	}
	return &s
}

// choose takes the track with the most packets of its kind; recorders write one of each.
func choose(counters map[int]*trackCounter, kind container.Kind) *trackCounter {
	var best *trackCounter
	for _, c := range counters {
		usable := c.Kind == kind && c.seen.Packets > 0 && (kind == container.Audio || c.seen.Keys > 0)
		if usable && (best == nil || c.seen.Packets > best.seen.Packets || c.seen.Packets == best.seen.Packets && c.ID < best.ID) {
			best = c
		}
	}
	return best
}

func track(c *trackCounter) *container.Track {
	if c == nil {
		return nil
	}
	return &c.Track
}

// origin is the earliest time that is shown: priming before zero is decoded, and not shown.
func origin(counters ...*trackCounter) time.Duration {
	at := container.NoTime
	for _, c := range counters {
		if c != nil && (at == container.NoTime || c.seen.First < at) {
			at = c.seen.First
		}
	}
	return max(at, 0)
}

func nothingPlayable(tracks []container.Track) error {
	if len(tracks) == 0 {
		return &container.UnusableError{Reason: container.NoTracks, Detail: "it holds neither a picture nor a sound track"}
	}
	return &container.UnusableError{Reason: container.HeaderOnly, Detail: "it has a header, and not one complete picture or piece of sound after it"}
}

func hash(ctx context.Context, f *os.File, size int64, progress func(float64)) (string, error) {
	sum := sha256.New()
	buf := make([]byte, 1<<20)
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		sum.Write(buf[:n])
		at += int64(n)
		progress(float64(at) / float64(size))
		if err != nil && at < size {
			return "", Unreadable(err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
