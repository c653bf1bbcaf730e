// Package flac reads native FLAC files (RFC 9639).
package flac

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
	"github.com/trivue/trivue/pipeline/container/elementary"
)

// Sizes of a file's head.
const (
	magicSize = 4
	blockHead = 4
)

// maxFrame bounds a frame whose stream states no largest: 65,535 samples of 8 channels of 32 bits would have 2 MB, recorders write some
// kilobytes.
const maxFrame = container.WindowSize - bitstream.FLACHeaderSize

// Reader reads one file. It implements container.Reader.
type Reader struct {
	w     *container.Window
	size  int64
	info  bitstream.FLACStreamInfo
	track container.Track

	pos       int64
	next      int64 // sample at which the next frame should begin
	budget    int64 // of bytes that look like frames and are not
	afterLoss bool
	current   container.Packet
	loss      container.Losses
}

// Open reads the metadata. The error is an *container.UnusableError where there is nothing to be played, or the operating system's.
func Open(r io.ReaderAt, size int64) (*Reader, error) {
	d := &Reader{w: container.NewWindow(r, size), budget: 8*size + 1<<20}
	first, last := elementary.Tags(d.w, 0, size)
	d.size = last
	err := d.readHead(first + magicSize)
	if d.w.Err() != nil {
		return nil, d.w.Err()
	}
	if err != nil {
		return nil, err
	}
	if d.Duration() > container.MaxDuration {
		return nil, &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("it claims to last %v; up to %v are accepted", d.Duration(), container.MaxDuration)}
	}
	return d, nil
}

// readHead walks the metadata blocks (8.1) to the first frame.
func (d *Reader) readHead(at int64) error {
	const streamInfo = 0
	broken := &container.UnusableError{Reason: container.HeaderOnly, Detail: "it is a FLAC file that ends, or is damaged, before its sound begins"}
	for n := 0; ; n++ {
		b := d.w.Peek(at, blockHead+bitstream.FLACStreamInfoSize)
		if len(b) < blockHead {
			return broken
		}
		size, last := int64(b[1])<<16|int64(b[2])<<8|int64(b[3]), b[0]&0x80 != 0
		if n == 0 {
			var ok bool
			if d.info, ok = bitstream.ParseFLACStreamInfo(b[blockHead:]); !ok || b[0]&0x7f != streamInfo {
				return broken
			}
			private := append([]byte{'f', 'L', 'a', 'C', 0x80, 0, 0, bitstream.FLACStreamInfoSize}, b[blockHead:]...)
			d.track = container.Track{ID: 1, Kind: container.Audio, Codec: container.FLAC, Private: private, SampleRate: d.info.Rate, Channels: d.info.Channels}
		}
		if at += blockHead + size; at >= d.size {
			return broken
		}
		if last {
			d.pos = at
			return nil
		}
	}
}

// Format implements container.Reader.
func (d *Reader) Format() container.Format { return container.FLACFile }

// Tracks implements container.Reader.
func (d *Reader) Tracks() []container.Track { return []container.Track{d.track} }

// Foreign implements container.Reader.
func (d *Reader) Foreign() []container.Foreign { return nil }

// Duration implements container.Reader.
func (d *Reader) Duration() time.Duration { return d.at(d.info.Samples) }

func (d *Reader) at(sample int64) time.Duration {
	return container.SamplesToTime(sample, d.info.Rate)
}

// Damage implements container.Reader.
func (d *Reader) Damage() []container.Damage { return d.loss.All() }

// Consumed implements container.Reader.
func (d *Reader) Consumed() int64 { return min(d.pos, d.w.Size()) }

// Next implements container.Reader. A frame does not say how long it is: it ends where the next one begins, and where its checksum is
// right. Its number says which sample it begins with, so that what follows damage is at its time.
func (d *Reader) Next() (container.Packet, error) {
	d.current = container.Packet{}
	for {
		if err := d.w.Err(); err != nil {
			return d.current, fmt.Errorf("read at byte %d: %w", d.pos, err)
		}
		end := min(d.size, d.w.Size())
		if d.pos >= end {
			d.pos = d.w.Size()
			d.loss.Close(d.at(d.next))
			return d.current, io.EOF
		}
		f, length, ok := d.frameAt(d.pos, end)
		if !ok {
			d.resync(end)
			continue
		}
		first := d.firstSample(f)
		if d.at(first) > container.MaxDuration || first < d.next {
			d.resync(end) // a number that cannot be
			continue
		}
		d.loss.Close(d.at(first))
		d.current = container.Packet{Track: d.track.ID, PTS: d.at(first), DTS: container.NoTime, Duration: d.at(first+int64(f.Samples)) - d.at(first),
			Key: true, Size: int(length), Offset: d.pos, AfterLoss: d.afterLoss}
		d.afterLoss = false
		d.pos, d.next = d.pos+length, first+int64(f.Samples)
		return d.current, nil
	}
}

// firstSample is where a frame begins. Where all frames but the last have one length, it has the frame's number.
func (d *Reader) firstSample(f bitstream.FLACFrame) int64 {
	if f.Variable {
		return int64(f.Number)
	}
	return int64(f.Number) * int64(max(d.info.MaxBlock, 1))
}

// frameAt finds the length of the frame at an offset.
func (d *Reader) frameAt(at, end int64) (f bitstream.FLACFrame, length int64, ok bool) {
	limit := int64(maxFrame)
	if d.info.MaxFrame > 0 {
		limit = min(limit, int64(d.info.MaxFrame))
	}
	b := d.w.Peek(at, int(min(limit+bitstream.FLACHeaderSize, end-at)))
	f, ok = bitstream.ParseFLACFrame(b)
	if !ok || f.Samples > max(d.info.MaxBlock, 1) {
		return f, 0, false
	}
	crc := uint16(0)
	for i, c := range b {
		// A frame's checksum is its last two bytes; over a frame with its checksum it is zero.
		if n := int64(i); crc == 0 && n > int64(f.Header)+2 && n <= limit && (at+n == end || follows(b[i:])) {
			return f, n, true
		}
		crc = crc<<8 ^ checksums[byte(crc>>8)^c]
	}
	if n := int64(len(b)); crc == 0 && n > int64(f.Header)+2 && at+n == end {
		return f, n, true
	}
	d.budget -= int64(len(b))
	return f, 0, false
}

// follows reports whether bytes may begin the next frame, or the end of b hides that.
func follows(b []byte) bool {
	return len(b) < 2 || b[0] == 0xff && b[1]&0xfe == 0xf8
}

// resync goes from bytes that are no frame to the next that are, or to the end of the file.
func (d *Reader) resync(end int64) {
	from := d.pos
	const view = 4096
	for at := from + 1; at < end; {
		b := d.w.Peek(at, view)
		i := 0
		for i+1 < len(b) && (b[i] != 0xff || b[i+1]&0xfe != 0xf8) {
			i++
		}
		if i+1 >= len(b) {
			at += max(int64(i), 1)
			continue
		}
		at += int64(i)
		if f, ok := bitstream.ParseFLACFrame(d.w.Peek(at, bitstream.FLACHeaderSize)); ok && d.firstSample(f) >= d.next {
			if _, _, ok := d.frameAt(at, end); ok {
				d.lost(container.Hole, at)
				return
			}
			if d.budget < 0 {
				break
			}
		}
		at++
	}
	d.lost(container.Truncated, end)
}

func (d *Reader) lost(cause container.Cause, to int64) {
	d.loss.Open(container.Damage{Cause: cause, From: d.at(d.next), To: d.at(d.next), Offset: d.pos, Bytes: to - d.pos})
	d.pos, d.afterLoss = to, true
}

// Payload implements container.Reader.
func (d *Reader) Payload(buf []byte) ([]byte, error) {
	if d.current.Size == 0 {
		return buf, errors.New("payload asked for before a packet")
	}
	return d.w.AppendTo(buf, d.current.Offset, d.current.Size)
}

// checksums are of single bytes: polynomial x¹⁶+x¹⁵+x²+1, most significant bit first.
var checksums = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			if crc&(1<<15) != 0 {
				crc = crc<<1 ^ 0x8005
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}()
