package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// stream gives one track's packets for the playback file, one at a time: copied from the source, or transcoded. Each stream
// has the source open for itself, so that a transcoder that reads ahead never starves the other track.
type stream struct {
	in     *File
	report TrackReport
	action Action
	origin time.Duration
	output int // track number in the playback file
	source container.Track
	track  container.Track // what is written; the source's where packets are copied

	packet  container.Packet // the next packet, when held
	payload []byte
	held    bool
	ended   error

	buf        []byte
	waitForKey bool
	lossFrom   time.Duration
	lastEnd    time.Duration
	losses     []Loss
	transcoded *transcoding
}

func openStream(ctx context.Context, path string, report TrackReport, origin time.Duration, action Action, media Media) (*stream, error) {
	in, err := Open(path)
	if err != nil {
		return nil, err
	}
	s := &stream{in: in, report: report, action: action, origin: origin}
	for _, t := range in.Tracks() {
		if t.ID == report.ID {
			s.source = t
		}
	}
	if s.source.Kind == container.Video && report.Width > 0 {
		s.source.Width, s.source.Height = report.Width, report.Height
	}
	s.track = s.source
	if action == Transcode {
		s.transcoded = startTranscoding(ctx, media, s.source, s.copied)
		if s.track, err = s.transcoded.track(ctx); err != nil {
			s.close()
			return nil, fmt.Errorf("transcode %s: %w", report.Codec, err)
		}
	}
	return s, nil
}

func (s *stream) close() {
	if s.transcoded != nil {
		s.transcoded.stop()
	}
	s.in.Close()
}

// advance makes sure that packet and payload hold the next packet; io.EOF when there is none.
func (s *stream) advance() error {
	if s.held || s.ended != nil {
		return s.ended
	}
	if s.transcoded != nil {
		s.packet, s.payload, s.ended = s.transcoded.next()
	} else {
		s.packet, s.payload, s.ended = s.copied()
	}
	s.held = s.ended == nil
	return s.ended
}

func (s *stream) taken() { s.held = false }

// copied gives the source's next packet that can be played, on the playback file's clock.
//
// A picture that follows a loss refers to pictures that are not there; showing it would show something that was never in front
// of the camera. So pictures after a loss are left out up to the next key frame, and the interval is stated. Only where
// no key frame follows at all are they kept: for a still screen with its single key frame that is better than nothing.
func (s *stream) copied() (container.Packet, []byte, error) {
	for {
		p, err := s.in.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				s.endLoss(s.lastEnd)
			}
			return p, nil, err
		}
		if p.Track != s.report.ID {
			continue
		}
		if s.buf, err = s.in.Payload(s.buf[:0]); err != nil {
			return p, nil, Unreadable(err)
		}
		source := p.PTS
		p.PTS -= s.origin
		if p.DTS != container.NoTime {
			p.DTS -= s.origin
		}
		if p.AfterLoss {
			s.beginLoss(source, 0, container.Hole)
		}
		if err := bitstream.Verify(s.source, s.buf); err != nil {
			s.losses = append(s.losses, Loss{Cause: container.Corrupt, Media: s.report.kind(), From: max(p.PTS, 0), To: max(p.PTS+p.Duration, 0), Bytes: int64(p.Size)})
			s.beginLoss(source, 0, container.Corrupt)
			continue
		}
		if s.waitForKey && !p.Key {
			continue
		}
		s.endLoss(max(p.PTS, 0))
		s.lastEnd = max(s.lastEnd, p.PTS+p.Duration)
		return p, s.buf, nil
	}
}

// beginLoss starts to leave out pictures, where a key frame is still to come.
func (s *stream) beginLoss(source time.Duration, bytes int64, cause container.Cause) {
	if s.report.kind() != container.Video || s.waitForKey || source >= s.report.LastKey {
		return
	}
	s.waitForKey, s.lossFrom = true, s.lastEnd
	s.losses = append(s.losses, Loss{Cause: cause, Media: container.Video, From: s.lastEnd, To: s.lastEnd, Bytes: bytes})
}

func (s *stream) endLoss(at time.Duration) {
	if !s.waitForKey {
		return
	}
	s.waitForKey = false
	for i := len(s.losses) - 1; i >= 0; i-- {
		if s.losses[i].From == s.lossFrom {
			s.losses[i].To = max(at, s.lossFrom)
			return
		}
	}
}

func (r TrackReport) kind() container.Kind {
	if r.Width > 0 {
		return container.Video
	}
	return container.Audio
}
