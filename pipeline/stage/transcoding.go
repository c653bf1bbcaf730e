package stage

import (
	"context"
	"fmt"
	"io"

	"github.com/trivue/trivue/pipeline/container"
)

// transcoding runs Media.Transcode and hands its packets over one by one, so that they can be merged with another track's.
// The channel between is short: an encoder that is ahead waits, and memory stays bounded.
type transcoding struct {
	cancel  context.CancelFunc
	ready   chan container.Track
	packets chan encoded
	done    chan struct{}
	err     error // valid after done is closed
}

type encoded struct {
	container.Packet
	payload []byte
}

func startTranscoding(ctx context.Context, media Media, track container.Track, src Source) *transcoding {
	ctx, cancel := context.WithCancel(ctx)
	t := &transcoding{cancel: cancel, ready: make(chan container.Track, 1), packets: make(chan encoded, 64), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer close(t.packets)
		decoded, err := media.Transcode(ctx, track, src,
			func(out container.Track) error {
				t.ready <- out
				return nil
			},
			func(p container.Packet, payload []byte) error {
				select {
				case t.packets <- encoded{p, append([]byte(nil), payload...)}:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		if err == nil && decoded.Units == 0 {
			err = &container.UnusableError{Reason: container.NotMedia, Detail: fmt.Sprintf("nothing in its %s track can be decoded", track.Codec)}
		}
		t.err = err
	}()
	return t
}

// track waits until the encoder has said what it writes.
func (t *transcoding) track(ctx context.Context) (container.Track, error) {
	select {
	case out := <-t.ready:
		return out, nil
	case <-t.done:
		if t.err == nil {
			t.err = io.ErrUnexpectedEOF
		}
		return container.Track{}, t.err
	case <-ctx.Done():
		return container.Track{}, ctx.Err()
	}
}

func (t *transcoding) next() (container.Packet, []byte, error) {
	p, ok := <-t.packets
	if ok {
		return p.Packet, p.payload, nil
	}
	<-t.done
	if t.err != nil {
		return container.Packet{}, nil, t.err
	}
	return container.Packet{}, nil, io.EOF
}

// stop ends the transcoding and waits for it: the source must not be closed under it.
func (t *transcoding) stop() {
	t.cancel()
	for range t.packets {
	}
	<-t.done
}
