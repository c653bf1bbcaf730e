package gstx

import (
	"context"
	"fmt"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// keyFrames is the longest run of pictures from one key frame to the next: what a player has to decode before it can show where
// it was asked to go.
const keyFrames = 60

// pictureEncoder is the elements that encode I420 pictures. The same pictures give the same bytes each time. That takes a fixed
// speed for VP8 (a negative cpu-used: with a positive one libvpx chooses the speed by how busy the machine is) and one thread
// for H.264 (with two, its rate control was seen to depend on which is done first). VP8 has one thread because libvpx's wait for
// each other in busy loops: on two processors that others use too, seven tenths of the time went there.
func pictureEncoder(codec container.Codec, bitrate, keyEvery int) ([]element, error) {
	switch codec {
	case container.VP8:
		return []element{{"vp8enc", []prop{
			{"deadline", "1"}, {"cpu-used", "-10"}, {"threads", "1"}, {"lag-in-frames", "0"},
			{"end-usage", "vbr"}, {"target-bitrate", fmt.Sprint(bitrate)}, {"min-quantizer", "4"}, {"max-quantizer", "56"},
			{"keyframe-max-dist", fmt.Sprint(keyEvery)}, {"timebase", "1/90000"}, {"static-threshold", "1"},
		}}}, nil
	case container.H264:
		return []element{
			{"x264enc", []prop{
				{"tune", "zerolatency"}, {"speed-preset", "ultrafast"}, {"threads", "1"}, {"byte-stream", "false"},
				{"bitrate", fmt.Sprint(max(1, bitrate/1000))}, {"key-int-max", fmt.Sprint(keyEvery)},
			}},
			filter("video/x-h264, stream-format=avc, alignment=au"),
		}, nil
	default:
		return nil, fmt.Errorf("no encoder for codec %q", codec)
	}
}

// newPictureEncoding makes an encoder of which before are the elements that bring what is pushed into the size of the track.
func newPictureEncoding(caps string, track container.Track, bitrate, keyEvery int, before ...element) (*encoding, error) {
	encoder, err := pictureEncoder(track.Codec, bitrate, keyEvery)
	if err != nil {
		return nil, err
	}
	chain := append(before, element{"videoconvert", nil}, filter("video/x-raw, format=I420"))
	g, err := newGraph(caps, rawQueue, encodedOut, append(chain, encoder...)...)
	if err != nil {
		return nil, fmt.Errorf("encoder for %s: %w", track.Codec, err)
	}
	e := &encoding{graph: g, track: track, stamp: (*sample).at}
	if track.Codec == container.H264 {
		e.private = privateFrom(codecDataField)
	}
	return e, nil
}

// rawQueue is how many bytes of raw pictures may wait before an encoder: one picture, whatever its size.
const rawQueue = 1

// EncodePictures encodes pictures that src gives as RGBA, rows without padding, with their media times, io.EOF after the last.
// Pixels need to be valid until the next call only. Track names Codec (VP8 or H264), Width and Height; bitrate is in bits per
// second; a key frame comes every keyEvery pictures at least. Ready is called with the complete track before the first packet.
func (m *Media) EncodePictures(ctx context.Context, track container.Track, bitrate, keyEvery int, src func() (time.Duration, []byte, error), ready func(container.Track) error, sink func(container.Packet, []byte) error) error {
	var turn turns
	caps := fmt.Sprintf("video/x-raw, format=RGBA, width=%d, height=%d, framerate=0/1, pixel-aspect-ratio=1/1", track.Width, track.Height)
	track.Kind = container.Video
	e, err := newPictureEncoding(caps, track, bitrate, keyEvery)
	if err != nil {
		return err
	}
	e.ready, e.sink = turn.ready(ready), turn.packets(sink)
	return e.encode(ctx, func() error {
		turn.Lock()
		at, pix, err := src()
		turn.Unlock()
		if err != nil {
			return err
		}
		if len(pix) != 4*track.Width*track.Height {
			return fmt.Errorf("a picture of %d × %d pixels has %d bytes", track.Width, track.Height, len(pix))
		}
		return e.push(unit{data: pix, at: at})
	})
}
