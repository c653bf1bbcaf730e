package timeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Waveform is the outline of a recording's sound on the timeline: for each point the least and the greatest sample.
type Waveform struct {
	SampleRate      int // of the sound the points were taken from
	SamplesPerPoint int
	Points          []Peak
}

// Peak is the least and greatest sample of one point; 127 is full scale.
type Peak struct{ Low, High int8 }

// waveformHeader is the head of BBC audiowaveform's binary format, version 2, little-endian
// (github.com/bbc/audiowaveform, doc/DataFormat.md).
type waveformHeader struct {
	Version         int32
	Flags           uint32 // bit 0: 8 bit
	SampleRate      int32
	SamplesPerPixel int32
	Length          uint32
	Channels        int32
}

// WriteTo writes the waveform as BBC audiowaveform's version 2 format: 8 bit, one channel.
func (w Waveform) WriteTo(out io.Writer) (int64, error) {
	var b bytes.Buffer
	header := waveformHeader{Version: 2, Flags: 1, SampleRate: int32(w.SampleRate), SamplesPerPixel: int32(w.SamplesPerPoint), Length: uint32(len(w.Points)), Channels: 1}
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		return 0, fmt.Errorf("waveform header: %w", err)
	}
	for _, p := range w.Points {
		b.WriteByte(byte(p.Low))
		b.WriteByte(byte(p.High))
	}
	return b.WriteTo(out)
}

// Add puts a take's peaks in their place: raw are points of media time, perSecond of them a second, the waveform's first point
// is at interview time start.
func (w *Waveform) Add(t Take, raw []Peak, perSecond float64, start float64) {
	pointSeconds := float64(w.SamplesPerPoint) / float64(w.SampleRate)
	first := max(0, int(math.Floor((t.Start-start)/pointSeconds)))
	last := min(len(w.Points)-1, int(math.Ceil((t.End()-start)/pointSeconds)))
	for i := first; i <= last; i++ {
		from := t.Media(start+float64(i)*pointSeconds) * perSecond
		to := t.Media(start+float64(i+1)*pointSeconds) * perSecond
		p := &w.Points[i]
		for k := max(0, int(math.Floor(from))); k < min(len(raw), int(math.Ceil(to))); k++ {
			p.Low, p.High = min(p.Low, raw[k].Low), max(p.High, raw[k].High)
		}
	}
}
