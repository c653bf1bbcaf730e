package gstx

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// encodedOut is how many encoded packets may wait to be taken.
const encodedOut = 32

// encoding is a running encoder: raw samples go in by its graph, packets come out to sink on a goroutine of its own.
type encoding struct {
	*graph
	track   container.Track
	ready   func(container.Track) error
	sink    func(container.Packet, []byte) error
	stamp   func(*sample) (at time.Duration, ok bool)
	private func(caps string, track *container.Track) error // completes the track from the encoder's caps

	told    bool
	units   int
	drained chan error
}

// start begins to take what comes out.
func (e *encoding) start() {
	e.drained = make(chan error, 1)
	go func() {
		err := e.drain(e.take)
		if err != nil {
			e.stop()
		}
		e.drained <- err
	}()
}

// finish waits for the last packet, or ends the encoder at once where there was an error before.
func (e *encoding) finish(before error) error {
	if before != nil {
		e.stop()
	} else {
		e.end()
	}
	err := <-e.drained
	return errors.Join(cause(e.busError(), err, before), e.close())
}

func (e *encoding) take(s *sample) error {
	if !e.told {
		if err := e.complete(s); err != nil {
			return err
		}
		e.told = true
		if err := e.ready(e.track); err != nil {
			return err
		}
	}
	payload := s.bytes()
	if len(payload) == 0 {
		return nil
	}
	at, ok := e.stamp(s)
	if !ok {
		return fmt.Errorf("the encoder for %s gave a packet without a time", e.track.Codec)
	}
	e.units++
	return e.sink(container.Packet{
		Track: e.track.ID, PTS: at, DTS: container.NoTime, Duration: s.duration(), Size: len(payload),
		Key: e.track.Kind == container.Audio || s.key(),
	}, payload)
}

func (e *encoding) complete(s *sample) error {
	if e.private == nil {
		return nil
	}
	caps := s.raw.GetCaps()
	if caps == nil {
		return fmt.Errorf("the encoder for %s does not describe its packets", e.track.Codec)
	}
	return e.private(caps.String(), &e.track)
}

var (
	codecDataField = regexp.MustCompile(`codec_data=\(buffer\)([0-9a-fA-F]+)`)
	opusHeadField  = regexp.MustCompile(`streamheader=\(buffer\)< *(4f70757348656164[0-9a-fA-F]+)`)
)

// privateFrom reads the configuration that an encoder puts into its caps.
func privateFrom(field *regexp.Regexp) func(string, *container.Track) error {
	return func(caps string, track *container.Track) error {
		m := field.FindStringSubmatch(caps)
		if m == nil {
			return fmt.Errorf("the encoder for %s gives no configuration: %s", track.Codec, caps)
		}
		var err error
		track.Private, err = hex.DecodeString(m[1])
		return err
	}
}

// encode calls feed, which pushes something, until it gives io.EOF, and waits for the last packet.
func (e *encoding) encode(ctx context.Context, feed func() error) error {
	defer context.AfterFunc(ctx, e.stop)()
	e.start()
	err := error(nil)
	for err == nil {
		err = feed()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	err = e.finish(err)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && e.units == 0 {
		return fmt.Errorf("nothing was given to the encoder for %s", e.track.Codec)
	}
	return err
}
