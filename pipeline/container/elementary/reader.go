// Package elementary reads files that are nothing but a codec's frames, one behind the other: MP3, AAC as ADTS, AMR. Each frame says how
// long it is, and their number says what time it is.
package elementary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Frame is what the header of a frame says.
type Frame struct {
	Size    int    // bytes, header included
	Skip    int    // bytes of header that are not the decoder's
	Samples int    // per channel
	Stream  uint32 // what all frames of one stream have in common
}

// Syntax is how a codec's frames look.
type Syntax struct {
	Header  int                               // bytes of header that Parse looks at
	Parse   func(b []byte) (f Frame, ok bool) // b may be shorter at the end of the file
	Confirm int                               // how many frames must follow one another before bytes are taken for frames again
	// Silent reports whether a frame holds no sound but a description of the stream.
	Silent func(frame []byte) bool
}

// Stream is what Open is told about a file.
type Stream struct {
	Format     container.Format
	Track      container.Track
	Syntax     Syntax
	From       int64 // where the frames should begin
	Start, End int64 // where they begin, and end at most
	// Delay is how many samples come out of the decoder before the recorder's first one, and Samples how many
	// the recorder wrote; 0 where that is not known.
	Delay, Samples int64
	Duration       time.Duration // as stated, 0 where it is not
}

// Reader reads one file. It implements container.Reader.
type Reader struct {
	stream  Stream
	w       *container.Window
	first   Frame
	pos     int64
	samples int64 // of the frames so far, and of those that were lost
	frames  int64 // good ones
	bytes   int64 // of the good ones

	afterLoss bool
	current   container.Packet
	loss      container.Losses
}

// Find gives the first place at or behind an offset where frames follow one another.
func Find(w *container.Window, syntax Syntax, from, end int64) (at int64, first Frame, ok bool) {
	for at = from; at < end; at++ {
		f, ok := syntax.Parse(w.Peek(at, syntax.Header))
		if ok && confirmed(w, syntax, at, end, f) {
			return at, f, true
		}
	}
	return end, first, false
}

// confirmed reports whether enough frames of one stream follow at an offset. The last of a file may be cut off, but the first must
// be whole.
func confirmed(w *container.Window, syntax Syntax, at, end int64, first Frame) bool {
	if at+int64(first.Size) > end {
		return false
	}
	for n, f := 1, first; n < syntax.Confirm; n++ {
		at += int64(f.Size)
		if at >= end {
			return n > 1 || at == end && syntax.Header > 1
		}
		var ok bool
		if f, ok = syntax.Parse(w.Peek(at, syntax.Header)); !ok || f.Stream != first.Stream {
			return false
		}
	}
	return true
}

// Tags gives where the frames of a file begin and end at most: behind the tags in front, before those at its end.
func Tags(w *container.Window, start, end int64) (first, last int64) {
	end = withoutTags(w, start, end)
	for start < end {
		size := tagSize(w.Peek(start, apeHead))
		if size == 0 {
			break
		}
		start = min(start+size, end)
	}
	return start, end
}

// Open begins to read at the first frame, which must be there.
func Open(w *container.Window, stream Stream) (*Reader, error) {
	f, ok := stream.Syntax.Parse(w.Peek(stream.Start, stream.Syntax.Header))
	if !ok {
		return nil, fmt.Errorf("no frame begins at byte %d", stream.Start)
	}
	d := &Reader{stream: stream, w: w, first: f, pos: stream.Start}
	if lead := w.Peek(stream.From, int(min(stream.Start-stream.From, container.WindowSize))); len(bytes.Trim(lead, "\x00")) > 0 {
		d.loss.Add(container.Damage{Cause: container.Hole, Offset: stream.From, Bytes: stream.Start - stream.From})
	}
	return d, nil
}

// Format implements container.Reader.
func (d *Reader) Format() container.Format { return d.stream.Format }

// Tracks implements container.Reader.
func (d *Reader) Tracks() []container.Track { return []container.Track{d.stream.Track} }

// Foreign implements container.Reader.
func (d *Reader) Foreign() []container.Foreign { return nil }

// Duration implements container.Reader.
func (d *Reader) Duration() time.Duration { return d.stream.Duration }

// Damage implements container.Reader.
func (d *Reader) Damage() []container.Damage { return d.loss.All() }

// Consumed implements container.Reader.
func (d *Reader) Consumed() int64 { return min(d.pos, d.w.Size()) }

// Next implements container.Reader.
func (d *Reader) Next() (container.Packet, error) {
	d.current = container.Packet{}
	for {
		if err := d.w.Err(); err != nil {
			return d.current, fmt.Errorf("read at byte %d: %w", d.pos, err)
		}
		end := min(d.stream.End, d.w.Size())
		if d.pos >= end {
			d.pos = d.w.Size()
			d.loss.Close(d.now())
			return d.current, io.EOF
		}
		f, ok := d.stream.Syntax.Parse(d.w.Peek(d.pos, d.stream.Syntax.Header))
		switch {
		case ok && f.Stream == d.first.Stream && d.pos+int64(f.Size) > end:
			d.lost(container.Truncated, end)
		case ok && f.Stream == d.first.Stream && d.follows(d.pos+int64(f.Size), end):
			if d.give(f) {
				return d.current, nil
			}
		default:
			if size := tagSize(d.w.Peek(d.pos, apeHead)); size > 0 && size <= end-d.pos {
				d.pos += size
				continue
			}
			d.resync(end)
		}
	}
}

// follows reports whether something that may stand behind a frame begins at an offset.
func (d *Reader) follows(at, end int64) bool {
	if at >= end {
		return true
	}
	head := d.w.Peek(at, max(d.stream.Syntax.Header, apeHead))
	if f, ok := d.stream.Syntax.Parse(head[:min(len(head), d.stream.Syntax.Header)]); ok && f.Stream == d.first.Stream {
		return true
	}
	return tagSize(head) > 0 || at+int64(d.stream.Syntax.Header) > end
}

// give makes a frame the current packet; false where it has nothing that was recorded.
func (d *Reader) give(f Frame) bool {
	at := d.pos
	d.pos += int64(f.Size)
	if d.stream.Syntax.Silent != nil && f.Size <= container.WindowSize && d.stream.Syntax.Silent(d.w.Peek(at, f.Size)) {
		return false
	}
	pts := d.now()
	d.samples += int64(f.Samples)
	until := d.now()
	if pts > container.MaxDuration {
		d.loss.Add(container.Damage{Cause: container.Corrupt, Track: d.stream.Track.ID, From: pts, To: pts, Offset: at, Bytes: d.w.Size() - at})
		d.pos = d.w.Size()
		return false
	}
	if d.stream.Samples > 0 && len(d.loss.All()) == 0 {
		stated := container.SamplesToTime(d.stream.Samples, d.stream.Track.SampleRate)
		if pts >= stated {
			return false // the encoder's padding, to the last frame
		}
		until = min(until, stated)
	}
	d.frames++
	d.bytes += int64(f.Size)
	d.loss.Close(pts)
	d.current = container.Packet{Track: d.stream.Track.ID, PTS: pts, DTS: container.NoTime, Duration: until - pts, Key: true,
		Size: f.Size - f.Skip, Offset: at + int64(f.Skip), AfterLoss: d.afterLoss}
	d.afterLoss = false
	return true
}

// now is the media time at which the frames so far end.
func (d *Reader) now() time.Duration {
	return container.SamplesToTime(d.samples-d.stream.Delay, d.stream.Track.SampleRate)
}

// resync goes from bytes that are no frame to the next that are, or to the end of the file.
func (d *Reader) resync(end int64) {
	at := d.pos
	for {
		next, f, ok := Find(d.w, d.stream.Syntax, at+1, end)
		if !ok {
			d.lost(container.Truncated, end)
			return
		}
		if f.Stream == d.first.Stream {
			d.lost(container.Hole, next)
			return
		}
		at = next
	}
}

// lost notes that the bytes up to an offset are no frames. Where they were frames once, as in a hole, they took as many as fit
// there by the mean size of the others.
func (d *Reader) lost(cause container.Cause, to int64) {
	now := d.now()
	d.loss.Open(container.Damage{Cause: cause, From: max(now, 0), To: max(now, 0), Offset: d.pos, Bytes: to - d.pos})
	if cause == container.Hole {
		mean := float64(d.first.Size)
		if d.frames > 0 {
			mean = float64(d.bytes) / float64(d.frames)
		}
		d.samples += int64(math.Round(float64(to-d.pos)/mean)) * int64(d.first.Samples)
	}
	d.pos, d.afterLoss = to, true
}

// Payload implements container.Reader.
func (d *Reader) Payload(buf []byte) ([]byte, error) {
	if d.current.Size == 0 {
		return buf, errors.New("payload asked for before a packet")
	}
	return d.w.AppendTo(buf, d.current.Offset, d.current.Size)
}
