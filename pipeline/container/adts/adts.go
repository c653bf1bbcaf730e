// Package adts reads files of AAC as ADTS: frame after frame, each with its own header (ISO/IEC 13818-7, 6.2).
package adts

import (
	"io"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/elementary"
	"github.com/trivue/trivue/pipeline/container/mpegaudio"
)

var syntax = elementary.Syntax{Header: mpegaudio.ADTSHeaderSize + 2, Parse: parse, Confirm: 3}

func parse(b []byte) (elementary.Frame, bool) {
	h, ok := mpegaudio.ParseADTS(b)
	return elementary.Frame{Size: h.Size, Skip: h.Header, Samples: mpegaudio.FrameSamples,
		Stream: uint32(h.Object)<<16 | uint32(h.RateCode)<<8 | uint32(h.Channels)}, ok
}

// Open finds the first frame. The error is an *container.UnusableError where there is none, or the operating system's.
//
// How much the encoder put before the recorder's first sample is not told anywhere: time 0 is where players begin.
func Open(r io.ReaderAt, size int64) (container.Reader, error) {
	w := container.NewWindow(r, size)
	first, last := elementary.Tags(w, 0, size)
	at, _, ok := elementary.Find(w, syntax, first, last)
	if w.Err() != nil {
		return nil, w.Err()
	}
	if !ok {
		return nil, &container.UnusableError{Reason: container.HeaderOnly, Detail: "it begins like a file of AAC, and has no sound"}
	}
	h, _ := mpegaudio.ParseADTS(w.Peek(at, mpegaudio.ADTSHeaderSize))
	return elementary.Open(w, elementary.Stream{
		Format: container.ADTS, Syntax: syntax, From: first, Start: at, End: last,
		Track: container.Track{ID: 1, Kind: container.Audio, Codec: container.AAC, Private: h.Config(), SampleRate: h.Rate, Channels: h.Channels},
	})
}
