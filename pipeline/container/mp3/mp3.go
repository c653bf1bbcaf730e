// Package mp3 reads files of MPEG audio layer III: frame after frame, with tags before and behind them, and often with a first frame that
// holds no sound but a description of the others.
package mp3

import (
	"bytes"
	"encoding/binary"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/elementary"
	"github.com/trivue/trivue/pipeline/container/mpegaudio"
)

var syntax = elementary.Syntax{Header: mpegaudio.Layer3HeaderSize, Parse: parse, Confirm: 3, Silent: describes}

func parse(b []byte) (elementary.Frame, bool) {
	h, ok := mpegaudio.ParseLayer3(b)
	return elementary.Frame{Size: h.Size, Samples: h.Samples, Stream: uint32(h.Samples)<<20 | uint32(h.Rate)<<2 | uint32(h.Channels)}, ok
}

// Open finds the first frame. The error is an *container.UnusableError where there is none, or the operating system's.
func Open(r io.ReaderAt, size int64) (container.Reader, error) {
	return OpenWithin(r, size, 0, size, container.MP3File)
}

// OpenWithin is for frames that lie between two offsets of a file of another format.
func OpenWithin(r io.ReaderAt, size, start, end int64, format container.Format) (container.Reader, error) {
	w := container.NewWindow(r, size)
	first, last := elementary.Tags(w, start, end)
	at, _, ok := elementary.Find(w, syntax, first, last)
	if w.Err() != nil {
		return nil, w.Err()
	}
	if !ok {
		return nil, &container.UnusableError{Reason: container.HeaderOnly, Detail: "it begins like an MP3 file, and has no sound"}
	}
	frame := w.Peek(at, container.WindowSize)
	head, _ := mpegaudio.ParseLayer3(frame)
	s := elementary.Stream{
		Format: format, Syntax: syntax, From: first, Start: at, End: last,
		Track: container.Track{ID: 1, Kind: container.Audio, Codec: container.MP3, SampleRate: head.Rate, Channels: head.Channels},
	}
	if frames, delay, padding, ok := description(frame[:min(head.Size, len(frame))], head); ok {
		s.Delay = delay
		if all := frames * int64(head.Samples); frames > 0 {
			s.Duration = container.SamplesToTime(max(all-delay, 0), head.Rate)
			if delay > 0 {
				s.Samples = max(all-delay-padding, 0)
				s.Duration = container.SamplesToTime(s.Samples, head.Rate)
			}
		}
	}
	s.Duration = min(s.Duration, container.MaxDuration+time.Second)
	return elementary.Open(w, s)
}

// decoderDelay is by how many samples every decoder of layer III lags behind its input: what its filters hold back
// (LAME's technical FAQ, "Why is a decoded MP3 longer than the original").
const decoderDelay = 528 + 1

// describes reports whether a frame describes the others instead of holding sound.
func describes(frame []byte) bool {
	head, ok := mpegaudio.ParseLayer3(frame)
	if !ok {
		return false
	}
	_, _, _, ok = description(frame, head)
	return ok
}

// description reads the header that encoders hide in the first frame: Xing's (called Info where the bit rate is constant) with
// what LAME added to it, or Fraunhofer's VBRI. Delay and padding are samples at the beginning and at the end of what a
// decoder gives that the recorder never heard; 0 where the encoder does not tell.
func description(frame []byte, head mpegaudio.Layer3) (frames, delay, padding int64, ok bool) {
	u := binary.BigEndian
	const vbri = 4 + 32
	if len(frame) >= vbri+18 && string(frame[vbri:vbri+4]) == "VBRI" {
		return int64(u.Uint32(frame[vbri+14:])), 0, 0, true
	}
	if len(frame) < head.Side+8 {
		return 0, 0, 0, false
	}
	b := frame[head.Side:]
	if mark := string(b[:4]); mark != "Xing" && mark != "Info" {
		return 0, 0, 0, false
	}
	flags := u.Uint32(b[4:])
	b = b[8:]
	for _, field := range []struct {
		flag uint32
		size int
	}{{1, 4}, {2, 4}, {4, 100}, {8, 4}} { // frames, bytes, table of contents, quality
		if flags&field.flag == 0 {
			continue
		}
		if len(b) < field.size {
			return frames, 0, 0, true
		}
		if field.flag == 1 {
			frames = int64(u.Uint32(b))
		}
		b = b[field.size:]
	}
	// LAME's extension (LAME's "MP3 Info Tag", revision 1): the encoder's name, and 21 bytes on delay and padding, 12 bits each.
	const delays = 21
	if len(b) < delays+3 || !bytes.HasPrefix(b, []byte("LAME")) && !bytes.HasPrefix(b, []byte("Lav")) {
		return frames, 0, 0, true
	}
	delay = int64(b[delays])<<4 | int64(b[delays+1])>>4
	padding = int64(b[delays+1]&15)<<8 | int64(b[delays+2])
	return frames, delay + decoderDelay, max(padding-decoderDelay, 0), true
}
