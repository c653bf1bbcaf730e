package stage

import (
	"context"
	"image"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Source gives a track's packets in decoding order, io.EOF after the last. The payload is valid until the next call.
type Source func() (container.Packet, []byte, error)

// Media decodes and encodes. Package gstx implements it with GStreamer; no demuxer or muxer of GStreamer is involved, so that
// C code meets packets only, never a whole untrusted file.
type Media interface {
	// Preload loads every plugin that these needs call for, and finds out what is installed. It is called once, before the
	// sandbox closes the file system.
	Preload(needs Needs) error

	// CanDecode reports whether a track can be decoded on this machine.
	CanDecode(track container.Track) bool

	// DecodeSound decodes a track to one channel of 16-bit samples at rate samples per second. Sink is called in order with
	// runs of samples and the media time of their first; between runs there may be holes, where packets were missing.
	// Packets that cannot be decoded are skipped and counted in the result.
	DecodeSound(ctx context.Context, track container.Track, src Source, rate int, sink func(at time.Duration, samples []int16) error) (Decoded, error)

	// DecodePictures decodes the packets given (all, or key frames only), and calls sink with those pictures for which want
	// returns true, scaled to fit into box and turned upright. Pixels are valid until sink returns.
	DecodePictures(ctx context.Context, track container.Track, src Source, box image.Point, want func(at time.Duration) bool, sink func(at time.Duration, picture *image.RGBA) error) (Decoded, error)

	// Transcode decodes the packets of one track and encodes them to what every browser plays: VP8 for pictures (turned
	// upright; 8 bit 4:2:0), Opus for sound. Sink gets the packets in decoding order with the media times of their sources.
	// The track describes what sink gets; it is complete when ready is called, before the first packet.
	Transcode(ctx context.Context, track container.Track, src Source, ready func(container.Track) error, sink func(container.Packet, []byte) error) (Decoded, error)
}

// Decoded counts what a decoder made of what it was given.
type Decoded struct {
	Packets int `json:"packets"` // given to the decoder
	Units   int `json:"units"`   // pictures, or samples per channel, that came out
	Skipped int `json:"skipped"` // packets that the decoder refused
}
