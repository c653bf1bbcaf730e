// Package webm reads and writes WebM and Matroska (RFC 9559), as browsers record it: with unknown sizes, without index and
// duration, and often with something missing.
package webm

import (
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Reader reads the packets of one file. It implements container.Reader.
type Reader struct {
	w        *container.Window
	format   container.Format
	head     segmentHead
	byNumber map[uint64]*state

	pos        int64
	inCluster  bool
	clusterEnd int64         // where the cluster's stated size ends; unknownSize where it has none
	cluster    time.Duration // the cluster's time stamp
	base       time.Duration // added to times: where an appended segment begins

	queue   []frame // frames of one block, not given out yet
	current frame
	loss    container.Losses
}

// state is what is known of a track while its packets go by.
type state struct {
	*track
	started   bool
	last, end time.Duration // of the latest packet; end is an estimate
	afterLoss bool
}

// frame is a packet and where its bytes lie.
type frame struct {
	container.Packet
	track *track
}

// backwards is how far a track's time may run back before its block counts as damaged: pictures out of decoding order lie less
// than a second apart.
const backwards = 10 * time.Second

// longestGuess bounds what is assumed of a packet's unstated length from the distance to the one before: a still screen's
// recorder writes a picture a second, and its last one may have been shown for a moment only.
const longestGuess = 100 * time.Millisecond

// Open reads the headers. The error is an *container.UnusableError where there is nothing to be played, or the operating
// system's.
func Open(r io.ReaderAt, size int64) (*Reader, error) {
	d := &Reader{w: container.NewWindow(r, size), format: container.Matroska, byNumber: map[uint64]*state{}}
	head, err := d.readHead()
	if err != nil {
		return nil, err
	}
	d.head = head
	for i := range d.head.tracks {
		t := &d.head.tracks[i]
		if d.byNumber[t.number] == nil {
			d.byNumber[t.number] = &state{track: t}
		}
	}
	return d, nil
}

// readHead walks to the first cluster. What cannot be understood there is an error only if no track was found before it.
func (d *Reader) readHead() (segmentHead, error) {
	h := segmentHead{scale: time.Millisecond}
	seenTracks := false
	headerOnly := &container.UnusableError{Reason: container.HeaderOnly, Detail: "it ends within its header"}
	for {
		e, ok := parseElement(d.w.Peek(d.pos, maxHeader))
		if !ok {
			break
		}
		data := d.pos + int64(e.header)
		switch e.id {
		case idEBML:
			if string(d.docType(data, e.size)) == "webm" {
				d.format = container.WebM
			}
		case idSegment:
			d.pos = data
			continue
		case idCluster:
			if seenTracks && len(h.tracks) == 0 {
				return h, &container.UnusableError{Reason: container.NoTracks, Detail: "it holds neither a picture nor a sound track in a format that is known here"}
			}
			if !seenTracks {
				return h, &container.UnusableError{Reason: container.NoTracks, Detail: "its description of tracks is missing"}
			}
			return h, d.w.Err()
		case idInfo, idTracks:
			if e.size == unknownSize || e.size > maxHeaderElement {
				return h, &container.UnusableError{Reason: container.NotMedia, Detail: "its header is damaged"}
			}
			body, err := d.w.AppendTo(nil, data, int(min(e.size, max(d.w.Size()-data, 0))))
			if err != nil || int64(len(body)) < e.size {
				return h, headerOnly
			}
			if e.id == idInfo {
				h.parseInfo(body)
			} else if err := h.parseTracks(body); err != nil {
				return h, err
			} else {
				seenTracks = true
			}
		}
		if e.size == unknownSize || e.size > d.w.Size()-data {
			break
		}
		d.pos = data + e.size
	}
	if d.w.Err() != nil {
		return h, d.w.Err()
	}
	if !seenTracks && d.pos < d.w.Size() && d.pos > 0 {
		return h, &container.UnusableError{Reason: container.HeaderOnly, Detail: fmt.Sprintf("its header breaks off or is damaged at byte %d", d.pos)}
	}
	if seenTracks && len(h.tracks) == 0 {
		return h, &container.UnusableError{Reason: container.NoTracks, Detail: "it holds neither a picture nor a sound track in a format that is known here"}
	}
	// Tracks, and then something else than a cluster: Next looks for one.
	if seenTracks && d.pos < d.w.Size() {
		return h, nil
	}
	return h, headerOnly
}

func (d *Reader) docType(at, size int64) (doc []byte) {
	if size == unknownSize || size > 4096 {
		return nil
	}
	children(d.w.Peek(at, int(size)), func(id uint32, data []byte) {
		if id == idDocType {
			doc = data
		}
	})
	return doc
}

// Format implements container.Reader.
func (d *Reader) Format() container.Format { return d.format }

// Duration implements container.Reader.
func (d *Reader) Duration() time.Duration { return d.head.duration }

// Tracks implements container.Reader.
func (d *Reader) Tracks() []container.Track {
	all := make([]container.Track, len(d.head.tracks))
	for i, t := range d.head.tracks {
		all[i] = t.Track
	}
	return all
}

// Foreign implements container.Reader.
func (d *Reader) Foreign() []container.Foreign { return d.head.foreign }

// Damage implements container.Reader.
func (d *Reader) Damage() []container.Damage { return d.loss.All() }

// Consumed implements container.Reader.
func (d *Reader) Consumed() int64 { return min(d.pos, d.w.Size()) }

// Next implements container.Reader.
func (d *Reader) Next() (container.Packet, error) {
	for {
		if len(d.queue) > 0 {
			d.current, d.queue = d.queue[0], d.queue[1:]
			if p, ok := d.deliver(); ok {
				return p, nil
			}
			continue
		}
		if d.w.Err() != nil {
			return container.Packet{}, fmt.Errorf("read at byte %d: %w", d.pos, d.w.Err())
		}
		if d.pos >= d.w.Size() {
			d.current = frame{}
			d.loss.Close(d.latest())
			return container.Packet{}, io.EOF
		}
		d.step()
	}
}

// deliver checks a frame's time and gives it out.
func (d *Reader) deliver() (container.Packet, bool) {
	p := &d.current.Packet
	s := d.byNumber[d.current.track.number]
	if p.PTS > container.MaxDuration || s.started && p.PTS < s.last-backwards {
		d.loss.Add(container.Damage{Cause: container.Corrupt, Track: p.Track, From: s.end, To: s.end, Offset: p.Offset, Bytes: int64(p.Size)})
		s.afterLoss = true
		return *p, false
	}
	d.loss.Close(p.PTS)
	p.AfterLoss, s.afterLoss = s.afterLoss, false
	gap := p.Duration
	if gap == 0 && s.started {
		gap = min(max(p.PTS-s.last, 0), longestGuess)
	}
	s.started, s.last, s.end = true, p.PTS, max(s.end, p.PTS+gap)
	return *p, true
}

// latest is the end of the last good packet of any track.
func (d *Reader) latest() time.Duration {
	var at time.Duration
	for _, s := range d.byNumber {
		at = max(at, s.end)
	}
	return at
}

// Payload implements container.Reader.
func (d *Reader) Payload(buf []byte) ([]byte, error) {
	if d.current.track == nil {
		return buf, fmt.Errorf("payload asked for before a packet")
	}
	buf = append(buf, d.current.track.stripped...)
	return d.w.AppendTo(buf, d.current.Offset, d.current.Size-len(d.current.track.stripped))
}
