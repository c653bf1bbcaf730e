// Package wav reads RIFF/WAVE files (Microsoft's and IBM's "Multimedia Programming Interface and Data Specifications 1.0"), and
// RF64 and BW64, which are the same with sizes of 64 bits (EBU Tech 3306, ITU-R BS.2088), as recorders leave them: cut short, with the
// size of the sound not filled in, with lists before and behind it.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp3"
)

// run is how long a packet is: sound without packets of its own is cut into runs.
const run = 100 * time.Millisecond

// notFilledIn is the least size of sound that is taken for a placeholder where the file is shorter: programs that cannot go back
// to the head write 0, 2³¹ less some bytes (sox, arecord) or 2³²−1 (ffmpeg).
const notFilledIn = 0x7fff0000

// Reader reads one file. It implements container.Reader.
type Reader struct {
	w      *container.Window
	format Format
	track  container.Track

	start, end int64 // of the sound, in bytes
	pos        int64
	current    container.Packet
	runBlocks  int64
	loss       container.Losses
}

// Open reads the head. The error is an *container.UnusableError where there is nothing to be played, or the operating system's.
func Open(r io.ReaderAt, size int64) (container.Reader, error) {
	d := &Reader{w: container.NewWindow(r, size)}
	if err := d.readHead(); err != nil {
		if d.w.Err() != nil {
			return nil, d.w.Err()
		}
		return nil, err
	}
	if d.format.Codec == container.MP3 {
		return mp3.OpenWithin(r, size, d.start, d.end, container.WAV)
	}
	if d.end-d.start < int64(d.format.Block) {
		return nil, &container.UnusableError{Reason: container.HeaderOnly, Detail: "it is a WAV without any sound: the recorder was ended before it wrote some, or the file's end is missing"}
	}
	if d.Duration() > container.MaxDuration {
		return nil, &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("its sound lasts %v; up to %v are accepted", d.Duration(), container.MaxDuration)}
	}
	d.track = container.Track{ID: 1, Kind: container.Audio}
	d.format.Describe(&d.track)
	perRun := int64(d.format.Rate) * int64(run) / int64(time.Second)
	d.runBlocks = max(perRun/int64(d.format.BlockSamples), 1)
	d.pos = d.start
	return d, nil
}

// Format implements container.Reader.
func (d *Reader) Format() container.Format { return container.WAV }

// Tracks implements container.Reader.
func (d *Reader) Tracks() []container.Track { return []container.Track{d.track} }

// Foreign implements container.Reader.
func (d *Reader) Foreign() []container.Foreign { return nil }

// Duration implements container.Reader.
func (d *Reader) Duration() time.Duration { return d.at(d.end) }

// at is the media time of the block that begins at an offset, counted in whole samples so that no rounding adds up.
func (d *Reader) at(off int64) time.Duration {
	return container.SamplesToTime((off-d.start)/int64(d.format.Block)*int64(d.format.BlockSamples), d.format.Rate)
}

// Next implements container.Reader.
func (d *Reader) Next() (container.Packet, error) {
	d.current = container.Packet{}
	if err := d.w.Err(); err != nil {
		return d.current, fmt.Errorf("read at byte %d: %w", d.pos, err)
	}
	blocks := min((d.end-d.pos)/int64(d.format.Block), d.runBlocks)
	if blocks <= 0 {
		d.pos = d.w.Size()
		return d.current, io.EOF
	}
	length := blocks * int64(d.format.Block)
	d.current = container.Packet{Track: d.track.ID, PTS: d.at(d.pos), DTS: container.NoTime, Duration: d.at(d.pos+length) - d.at(d.pos),
		Key: true, Size: int(length), Offset: d.pos}
	d.pos += length
	return d.current, nil
}

// Payload implements container.Reader.
func (d *Reader) Payload(buf []byte) ([]byte, error) {
	if d.current.Size == 0 {
		return buf, errors.New("payload asked for before a packet")
	}
	return d.w.AppendTo(buf, d.current.Offset, d.current.Size)
}

// Damage implements container.Reader.
func (d *Reader) Damage() []container.Damage { return d.loss.All() }

// Consumed implements container.Reader.
func (d *Reader) Consumed() int64 { return min(d.pos, d.w.Size()) }

// chunk is a chunk's head.
type chunk struct {
	id   string
	data int64 // offset of its content
	size int64 // as stated
}

// chunkHead is the length of a chunk's head.
const chunkHead = 8

func (d *Reader) chunkAt(off int64) (chunk, bool) {
	b := d.w.Peek(off, chunkHead)
	if len(b) < chunkHead {
		return chunk{}, false
	}
	for _, c := range b[:4] {
		if c < ' ' || c > '~' {
			return chunk{}, false
		}
	}
	return chunk{string(b[:4]), off + chunkHead, int64(binary.LittleEndian.Uint32(b[4:]))}, true
}

// readHead walks the chunks up to the sound.
func (d *Reader) readHead() error {
	const riffHead = 12
	described, wide := false, int64(-1)
	var unread error
	for at := int64(riffHead); ; {
		c, ok := d.chunkAt(at)
		if !ok {
			break
		}
		switch c.id {
		case "ds64": // sizes of the file and of the sound in 64 bits
			if b := d.w.Peek(c.data, 16); len(b) == 16 {
				wide = int64(min(binary.LittleEndian.Uint64(b[8:]), 1<<62))
			}
		case "fmt ":
			described = true
			d.format, unread = ParseFormat(d.w.Peek(c.data, int(min(c.size, 64))))
		case "data":
			if !described {
				return &container.UnusableError{Reason: container.NoTracks, Detail: "it is a WAV that does not describe its sound"}
			}
			if unread != nil {
				return unread
			}
			const in64 = 0xffffffff
			if c.size == in64 && wide > 0 {
				c.size = wide
			}
			d.measure(c)
			return nil
		}
		if c.size > d.w.Size()-c.data {
			break
		}
		at = d.behind(c)
	}
	return &container.UnusableError{Reason: container.HeaderOnly, Detail: "it is a WAV that ends, or is damaged, before its sound begins"}
}

// behind is where the next chunk begins: chunks are padded to an even length, which some programs forget.
func (d *Reader) behind(c chunk) int64 {
	end := c.data + c.size
	if c.size%2 == 0 {
		return end
	}
	if _, ok := d.chunkAt(end + 1); !ok && end+1 < d.w.Size() {
		if _, ok := d.chunkAt(end); ok {
			return end
		}
	}
	return end + 1
}

// measure finds where the sound ends. What its chunk states is believed where another chunk or the end of the file follows.
// A recorder that was ended before it could go back to its head left an older size there, or none; one that
// recorded more than 4 GiB without RF64 left the size's lower 32 bits. In all these cases the sound goes on to the file's end.
func (d *Reader) measure(c chunk) {
	size := d.w.Size()
	d.start, d.end = c.data, size
	missing := c.size > size-c.data
	if !missing && d.chunksFollow(d.behind(c)) {
		d.end = c.data + c.size
	}
	if d.format.Codec == container.MP3 {
		return // its frames tell whether they are whole
	}
	left := (d.end - d.start) % int64(d.format.Block)
	d.end -= left
	if missing && c.size < notFilledIn {
		d.loss.Add(container.Damage{Cause: container.Truncated, From: d.at(d.end), To: d.at(d.end), Offset: d.end, Bytes: left})
	}
}

// chunksFollow reports whether nothing but chunks and tags stands between an offset and the end of the file.
func (d *Reader) chunksFollow(at int64) bool {
	const tail = 128 // an ID3v1 tag's length; what is shorter is no sound worth its noise
	for d.w.Size()-at >= tail {
		if head := string(d.w.Peek(at, 3)); head == "ID3" || head == "TAG" {
			return true
		}
		c, ok := d.chunkAt(at)
		if !ok {
			return false
		}
		if c.size > d.w.Size()-c.data {
			return false
		}
		at = d.behind(c)
	}
	return true
}
