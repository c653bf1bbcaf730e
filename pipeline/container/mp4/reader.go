// Package mp4 reads and writes ISO base media files (ISO/IEC 14496-12) and QuickTime, as browsers and phones record them:
// with the index in front, at the end, or in fragments.
package mp4

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Reader reads the packets of one file. It implements container.Reader.
type Reader struct {
	src      *source
	tracks   []*track
	byID     map[int]*track
	foreign  []container.Foreign
	duration time.Duration

	fragmented bool
	ownBase    bool   // fragments that state an absolute offset mean their own
	pos        int64  // of a fragmented file: the next top-level box
	sequence   uint32 // number of the last fragment
	limit      int64  // samples of the current fragment that end behind it are not where they should be
	consumed   int64
	current    pending
	loss       container.Losses
	ended      bool
	lostEnd    time.Duration // where the last sample ends that the file was cut before
}

// pending is a sample of a track that was not given out yet.
type pending struct {
	track *track
	sample
	shifted bool // its bytes are not where they should be
}

// Open reads the index. The error is an *container.UnusableError where there is nothing to be played, or the operating
// system's.
func Open(r io.ReaderAt, size int64) (reader *Reader, err error) {
	d := &Reader{src: &source{r: r, size: size}, byID: map[int]*track{}}
	if err := d.readIndex(); err != nil {
		if errors.Is(err, errMalformed) {
			return nil, &container.UnusableError{Reason: container.NoIndex, Detail: "its index (moov) is damaged: " + err.Error()}
		}
		return nil, err
	}
	return d, nil
}

func (d *Reader) readIndex() error {
	moov, err := d.findIndex()
	if err != nil {
		return err
	}
	parts, err := d.src.children(moov)
	if err != nil {
		return err
	}
	scale := uint32(1000)
	if b, ok := find(parts, "mvhd"); ok {
		body, err := d.src.leaf(b, maxLeaf)
		if err != nil {
			return err
		}
		var ticks int64
		if scale, ticks, _, err = readClock(body); err != nil {
			return err
		}
		d.duration = toDuration(ticks, scale)
	}
	traks := 0
	for _, b := range parts {
		if b.kind != "trak" {
			continue
		}
		if traks++; traks > container.MaxTracks {
			return &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("it claims to have more than %d tracks", container.MaxTracks)}
		}
		if err := d.addTrack(b, scale); err != nil {
			return err
		}
	}
	if err := d.readExtends(parts, scale); err != nil {
		return err
	}
	if d.duration > container.MaxDuration {
		return tooLong(d.duration)
	}
	if len(d.tracks) == 0 {
		detail := "it holds neither a picture nor a sound track in a format that is known here"
		for i, f := range d.foreign {
			detail += []string{", but ", " and "}[min(i, 1)] + fmt.Sprintf("%q", f.Format)
		}
		return &container.UnusableError{Reason: container.NoTracks, Detail: detail}
	}
	d.pos = moov.end
	return nil
}

func (d *Reader) addTrack(b box, scale uint32) error {
	t, err := readTrack(d.src, b, scale)
	if err != nil {
		return err
	}
	if t == nil || d.byID[t.ID] != nil {
		return nil
	}
	if t.encrypted {
		return &container.UnusableError{Reason: container.Unsupported, Detail: "it is encrypted"}
	}
	if !t.known {
		d.foreign = append(d.foreign, container.Foreign{ID: t.ID, Kind: t.Kind, Format: t.format})
		return nil
	}
	d.tracks = append(d.tracks, t)
	d.byID[t.ID] = t
	return nil
}

// readExtends reads mvex, which says that fragments follow (8.8.1).
func (d *Reader) readExtends(parts []box, scale uint32) error {
	mvex, ok := find(parts, "mvex")
	if !ok {
		return nil
	}
	d.fragmented = true
	children, err := d.src.children(mvex)
	if err != nil {
		return err
	}
	d.duration = 0 // mvhd leaves the fragments out; Chromium states the first one's there
	for _, b := range children {
		if b.kind != "trex" && b.kind != "mehd" {
			continue
		}
		body, err := d.src.leaf(b, maxLeaf)
		if err != nil {
			return err
		}
		if b.kind == "mehd" {
			d.duration = toDuration(readExtendsHeader(body), scale)
		} else if id, defaults, ok := readTrex(body); ok && d.byID[id] != nil {
			d.byID[id].defaults = defaults
		}
	}
	return nil
}

// findIndex walks the top-level boxes to moov, and looks for it byte by byte where that walk breaks off.
func (d *Reader) findIndex() (box, error) {
	at := int64(0)
	for at < d.src.size {
		b, err := d.src.header(at, d.src.size)
		if errors.Is(err, errMalformed) {
			break
		}
		if err != nil {
			return box{}, err
		}
		if b.kind == "moov" && b.end <= d.src.size {
			return b, nil
		}
		if b.end > d.src.size {
			break
		}
		at = b.end
	}
	if at < d.src.size {
		found, err := d.src.scan(at, "moov", "mvhd")
		if err != nil {
			return box{}, err
		}
		if found < d.src.size {
			return d.src.header(found, d.src.size)
		}
	}
	return box{}, &container.UnusableError{Reason: container.NoIndex, Detail: "it has no index (moov): the recorder was ended before it could write one, or the file's end is missing"}
}

// Format implements container.Reader.
func (d *Reader) Format() container.Format { return container.MP4 }

// Duration implements container.Reader.
func (d *Reader) Duration() time.Duration { return d.duration }

// Tracks implements container.Reader.
func (d *Reader) Tracks() []container.Track {
	all := make([]container.Track, len(d.tracks))
	for i, t := range d.tracks {
		all[i] = t.Track
	}
	return all
}

// Foreign implements container.Reader.
func (d *Reader) Foreign() []container.Foreign { return d.foreign }

// Damage implements container.Reader.
func (d *Reader) Damage() []container.Damage { return d.loss.All() }

// Consumed implements container.Reader.
func (d *Reader) Consumed() int64 { return min(d.consumed, d.src.size) }

// Next implements container.Reader.
func (d *Reader) Next() (container.Packet, error) {
	for {
		p, ok, err := d.pick()
		if err != nil {
			return container.Packet{}, err
		}
		if !ok {
			d.current, d.consumed, d.ended = pending{}, d.src.size, true
			d.loss.Close(max(d.latest(), d.lostEnd))
			return container.Packet{}, io.EOF
		}
		if packet, ok := d.deliver(p); ok {
			return packet, nil
		}
	}
}

// pick gives the next sample in file order: of the tables first, then of the fragments.
func (d *Reader) pick() (pending, bool, error) {
	for {
		var first *track
		for _, t := range d.tracks {
			if err := t.hold(); err != nil {
				return pending{}, false, err
			}
			if t.held && (first == nil || t.head.offset < first.head.offset) {
				first = t
			}
		}
		if first != nil {
			first.held = false
			s := first.head
			return pending{track: first, sample: s, shifted: d.limit > 0 && s.offset > d.limit-s.size}, true, nil
		}
		if !d.fragmented || d.ended || d.pos >= d.src.size {
			return pending{}, false, nil
		}
		d.limit = 0
		if err := d.nextBox(); err != nil {
			return pending{}, false, err
		}
	}
}

// maxMisses bounds the samples of a track that are not there. An index can claim any number of them in a few bytes; going
// through a million tells how long a file was before it was cut.
const maxMisses = 1 << 20

// hold makes sure that head is the track's next sample, of the tables first, then of the current fragment.
func (t *track) hold() error {
	if t.held {
		return nil
	}
	if t.misses > maxMisses {
		t.over, t.runs = true, nil
		return nil
	}
	if !t.over {
		var err error
		if t.head, t.held, err = t.table.next(); err != nil || t.held {
			return err
		}
		t.over = true
		t.nextDTS = t.table.dts
	}
	for len(t.runs) > 0 {
		if t.head, t.held = t.runs[0].next(); t.held {
			return nil
		}
		t.runs = t.runs[1:]
	}
	return nil
}

// deliver turns a sample into a packet; ok is false where its bytes are not in the file.
func (d *Reader) deliver(p pending) (container.Packet, bool) {
	t := p.track
	pts := t.edits.presentation(p.dts+p.shift, t.timescale)
	length := max(t.edits.presentation(p.dts+p.shift+p.duration, t.timescale)-pts, 0)
	if p.shifted || p.offset < 0 || p.size <= 0 || p.size > container.MaxPacketSize || p.offset > d.src.size-p.size || pts > container.MaxDuration || pts < -container.MaxDuration || t.bytes > 2*d.src.size {
		t.misses++
		if p.size == 0 {
			return container.Packet{}, false // an empty sample says "nothing new" and is no loss
		}
		cause := container.Truncated
		if p.shifted {
			cause = container.Hole
		}
		d.lost(cause, t, min(max(p.size, 0), max(d.src.size-max(p.offset, 0), 0)))
		if cause == container.Truncated && pts < container.MaxDuration {
			d.lostEnd = max(d.lostEnd, min(pts+length, container.MaxDuration))
		}
		return container.Packet{}, false
	}
	t.bytes += p.size
	if t.description(p.description).foreign {
		d.loss.Add(container.Damage{Cause: container.Undecodable, Track: t.ID, From: pts, To: pts + length, Offset: p.offset, Bytes: p.size})
		d.consumed = max(d.consumed, p.offset+p.size)
		t.afterLoss = true
		return container.Packet{}, false
	}
	d.current = p
	d.consumed = max(d.consumed, p.offset+p.size)
	packet := container.Packet{Track: t.ID, PTS: pts, DTS: t.edits.presentation(p.dts, t.timescale), Duration: length,
		Key: p.key || t.Kind == container.Audio, Size: int(p.size) + len(p.putBefore()), Offset: p.offset, AfterLoss: t.afterLoss}
	d.loss.Close(pts)
	t.afterLoss, t.started = false, true
	t.end = max(t.end, pts+length)
	return packet, true
}

// lost notes that bytes of a track, or of all where it is nil, are not there.
func (d *Reader) lost(cause container.Cause, t *track, bytes int64) {
	end := d.latest()
	damage := container.Damage{Cause: cause, From: end, To: end, Offset: d.consumed, Bytes: bytes}
	if t != nil && len(d.tracks) > 1 && d.onlyTrackLeft(t) {
		damage.Track, damage.From, damage.To = t.ID, t.end, t.end
	}
	d.loss.Open(damage)
	for _, other := range d.tracks {
		other.afterLoss = true
	}
}

// onlyTrackLeft reports whether every other track was read to its end, so that a loss concerns this one alone.
func (d *Reader) onlyTrackLeft(t *track) bool {
	for _, other := range d.tracks {
		if other != t && (!other.over || other.afterLoss) {
			return false
		}
	}
	return !d.fragmented
}

func (d *Reader) latest() time.Duration {
	var at time.Duration
	for _, t := range d.tracks {
		at = max(at, t.end)
	}
	return at
}

// Payload implements container.Reader.
func (d *Reader) Payload(buf []byte) ([]byte, error) {
	if d.current.track == nil {
		return buf, errors.New("payload asked for before a packet")
	}
	return d.payload(append(buf, d.current.putBefore()...), d.current.sample)
}

func (d *Reader) payload(buf []byte, s sample) ([]byte, error) {
	start := len(buf)
	buf = append(buf, make([]byte, s.size)...)
	n, err := d.src.r.ReadAt(buf[start:], s.offset)
	if int64(n) == s.size {
		return buf, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf[:start], fmt.Errorf("read %d bytes at %d: %w", s.size, s.offset, err)
}
