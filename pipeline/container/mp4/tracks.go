package mp4

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// track is a track as the index describes it, and how far reading it has come.
type track struct {
	container.Track
	timescale uint32
	duration  time.Duration // as stated, 0 where unknown
	encrypted bool
	format    string // type of its sample entry
	known     bool   // its codec is one of container's
	// Of uncompressed sound, while its description is read.
	depth        int // bits of a sample
	littleEndian bool
	descriptions []description
	edits        edits
	table        *sampleTable
	defaults     fragmentDefaults

	end       time.Duration // presentation time up to which packets were given
	started   bool
	afterLoss bool
	nextDTS   int64  // ticks at which the next fragment is expected
	head      sample // the next sample, where held
	held      bool
	over      bool  // no more samples in the table
	runs      []run // of the current fragment, what is left of it
	misses    int   // samples that could not be given
	bytes     int64 // given so far
}

// readTrack reads a trak box (ISO/IEC 14496-12, 8.3). It gives nil for tracks that are neither picture nor sound.
func readTrack(src *source, trak box, movieScale uint32) (*track, error) {
	parts, err := src.children(trak)
	if err != nil {
		return nil, err
	}
	mdia, ok := find(parts, "mdia")
	if !ok {
		return nil, nil
	}
	media, err := src.children(mdia)
	if err != nil {
		return nil, err
	}
	t := &track{}
	handler, err := readHandler(src, media)
	if err != nil {
		return nil, err
	}
	switch handler {
	case "vide":
		t.Kind = container.Video
	case "soun":
		t.Kind = container.Audio
	default:
		return nil, nil
	}
	if err := t.readTrackHeader(src, parts); err != nil {
		return nil, err
	}
	if err := t.readMediaHeader(src, media); err != nil {
		return nil, err
	}
	if err := t.readSampleTables(src, media); err != nil {
		return nil, err
	}
	if t.edits, err = readEdits(src, parts, movieScale, t.timescale); err != nil {
		return nil, err
	}
	if t.Codec == container.Opus && t.edits.shift > 0 {
		t.Delay = toDuration(t.edits.shift, t.timescale)
	}
	return t, t.check()
}

func readHandler(src *source, media []box) (string, error) {
	b, ok := find(media, "hdlr")
	if !ok {
		return "", nil
	}
	head, err := src.read(b.body, min(12, b.end-b.body))
	if err != nil || len(head) < 12 {
		return "", err
	}
	return string(head[8:12]), nil
}

// readTrackHeader reads tkhd (8.3.2): the track's number and its matrix.
func (t *track) readTrackHeader(src *source, parts []box) error {
	b, ok := find(parts, "tkhd")
	if !ok {
		return malformed("a track without a tkhd")
	}
	body, err := src.leaf(b, maxLeaf)
	if err != nil {
		return err
	}
	id, matrix := 12, 40
	if len(body) > 0 && body[0] == 1 {
		id, matrix = 20, 52
	}
	if len(body) < matrix+36 {
		return malformed("tkhd at %d is too short", b.start)
	}
	t.ID = int(binary.BigEndian.Uint32(body[id:]))
	t.Rotation = rotation(body[matrix:])
	return nil
}

// rotation gives the clockwise turn in a transformation matrix {a b u, c d v, x y w} (6.2.2); 0 for every other matrix.
func rotation(matrix []byte) int {
	const one = 1 << 16
	a, b := int32(binary.BigEndian.Uint32(matrix)), int32(binary.BigEndian.Uint32(matrix[4:]))
	c, d := int32(binary.BigEndian.Uint32(matrix[12:])), int32(binary.BigEndian.Uint32(matrix[16:]))
	switch [4]int32{a, b, c, d} {
	case [4]int32{0, one, -one, 0}:
		return 90
	case [4]int32{-one, 0, 0, -one}:
		return 180
	case [4]int32{0, -one, one, 0}:
		return 270
	default:
		return 0
	}
}

// readMediaHeader reads mdhd (8.4.2) and elng (8.4.6).
func (t *track) readMediaHeader(src *source, media []box) error {
	b, ok := find(media, "mdhd")
	if !ok {
		return malformed("track %d has no mdhd", t.ID)
	}
	body, err := src.leaf(b, maxLeaf)
	if err != nil {
		return err
	}
	var duration int64
	if t.timescale, duration, body, err = readClock(body); err != nil {
		return fmt.Errorf("mdhd of track %d: %w", t.ID, err)
	}
	t.duration = toDuration(duration, t.timescale)
	if len(body) >= 2 {
		t.Language = language(binary.BigEndian.Uint16(body))
	}
	if b, ok := find(media, "elng"); ok {
		if body, err = src.leaf(b, 256); err == nil && len(body) > 5 {
			t.Language = string(body[4 : len(body)-1])
		}
	}
	return nil
}

// readClock reads what mvhd and mdhd have in common: times of creation, timescale and duration in its ticks, 0 where unknown
// (8.2.2). It gives the rest of the box.
func readClock(body []byte) (scale uint32, duration int64, rest []byte, err error) {
	switch {
	case len(body) >= 32 && body[0] == 1:
		scale, rest = binary.BigEndian.Uint32(body[20:]), body[32:]
		duration = int64(binary.BigEndian.Uint64(body[24:]))
	case len(body) >= 20 && body[0] == 0:
		scale, rest = binary.BigEndian.Uint32(body[12:]), body[20:]
		if d := binary.BigEndian.Uint32(body[16:]); d != 1<<32-1 {
			duration = int64(d)
		}
	default:
		return 0, 0, nil, malformed("too short")
	}
	if scale == 0 || scale > 1e9 {
		return 0, 0, nil, malformed("a timescale of %d", scale)
	}
	return scale, max(duration, 0), rest, nil
}

// language unpacks three letters of five bits each (8.4.2.3). QuickTime's own numbers of languages are below 0x400.
func language(packed uint16) string {
	if packed < 0x400 || packed == 0x7fff {
		return ""
	}
	letters := []byte{byte(packed>>10&0x1f) + 0x60, byte(packed>>5&0x1f) + 0x60, byte(packed&0x1f) + 0x60}
	for _, c := range letters {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	if code := string(letters); code != "und" {
		return code
	}
	return ""
}

func (t *track) readSampleTables(src *source, media []box) error {
	minf, ok := find(media, "minf")
	if !ok {
		return malformed("track %d has no minf", t.ID)
	}
	information, err := src.children(minf)
	if err != nil {
		return err
	}
	stbl, ok := find(information, "stbl")
	if !ok {
		return malformed("track %d has no stbl", t.ID)
	}
	tables, err := src.children(stbl)
	if err != nil {
		return err
	}
	stsd, ok := find(tables, "stsd")
	if !ok {
		return malformed("track %d has no stsd", t.ID)
	}
	body, err := src.leaf(stsd, maxLeaf)
	if err != nil {
		return err
	}
	if err := t.readDescriptions(body); err != nil {
		return err
	}
	if t.Kind == container.Audio && t.SampleRate == 0 {
		t.SampleRate = soundRate(float64(t.timescale)) // the field of QuickTime and of old ISO files ends at 65535
	}
	frames := int64(max(t.SampleRate/20, 1)) // packets of 50 ms
	if t.table, err = openSampleTable(src, tables, int64(t.FrameBytes()), frames); err != nil {
		return fmt.Errorf("sample table of track %d: %w", t.ID, err)
	}
	return nil
}

// check refuses what no recording is, before anything is allocated for it.
func (t *track) check() error {
	w, h, ok := bitstream.Dimensions(t.Track, nil)
	if !ok {
		w, h = t.Width, t.Height
	}
	for _, size := range [][2]int{{t.Width, t.Height}, {w, h}} {
		if size[0] > container.MaxDimension || size[1] > container.MaxDimension || size[0]*size[1] > container.MaxPixels {
			return &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf(
				"track %d claims pictures of %d × %d pixels; up to %d along a side are accepted", t.ID, size[0], size[1], container.MaxDimension)}
		}
	}
	if t.duration > container.MaxDuration {
		return tooLong(t.duration)
	}
	return nil
}

func tooLong(d time.Duration) error {
	return &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("it claims to last %v; up to %v are accepted", d, container.MaxDuration)}
}
