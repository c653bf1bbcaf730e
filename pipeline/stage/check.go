package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// lastPacketSlack is by how much a stated duration may differ from the packets': how long the last picture of a still screen
// lasts is anybody's guess, and reader and writer may guess differently.
const lastPacketSlack = 250 * time.Millisecond

// checkPlayback reads a playback file back and compares it with what was written: a muxer that ends well proves nothing.
func checkPlayback(ctx context.Context, path string, written map[container.Kind]tally, progress func(float64)) (PlaybackFile, error) {
	in, err := Open(path)
	if err != nil {
		return PlaybackFile{}, fmt.Errorf("check playback file: %w", withoutReason(err))
	}
	defer in.Close()
	counters, err := countTracks(ctx, in, progress)
	if err != nil {
		return PlaybackFile{}, fmt.Errorf("check playback file: %w", withoutReason(err))
	}
	result := PlaybackFile{Format: in.Format(), Size: in.size}
	if in.Consumed() != in.size {
		return result, fmt.Errorf("check playback file: only %d of %d bytes are accounted for", in.Consumed(), in.size)
	}
	if d := in.Damage(); len(d) > 0 {
		return result, fmt.Errorf("check playback file: it is damaged at byte %d", d[0].Offset)
	}
	for kind, want := range written {
		c := choose(counters, kind)
		if c == nil {
			// Pictures none of which is a key frame: the track was copied for completeness, and no player will show it.
			if kind == container.Video {
				continue
			}
			return result, fmt.Errorf("check playback file: its %s track is missing", kind)
		}
		if c.seen.Packets != want.packets || c.seen.Bytes != want.bytes {
			return result, fmt.Errorf("check playback file: %s has %d packets of %d bytes, but %d of %d were written", kind, c.seen.Packets, c.seen.Bytes, want.packets, want.bytes)
		}
		if kind == container.Video {
			result.Video = c.report()
		} else {
			result.Audio = c.report()
		}
		result.Duration = max(result.Duration, c.seen.End)
	}
	if stated := in.Duration(); absolute(stated-result.Duration) > lastPacketSlack {
		return result, fmt.Errorf("check playback file: it states %v, but its packets last %v", stated, result.Duration)
	}
	result.MIME = mimeType(result)
	return result, nil
}

// withoutReason keeps a reader's refusal of our own output from being told to the sender as a fault of the upload.
func withoutReason(err error) error { return errors.New(err.Error()) }

func absolute(d time.Duration) time.Duration { return max(d, -d) }

func mimeType(f PlaybackFile) string {
	major, format := "video", "webm"
	if f.Video == nil {
		major = "audio"
	}
	if f.Format == container.MP4 {
		format = "mp4"
	}
	var codecs []string
	for _, t := range []*TrackReport{f.Video, f.Audio} {
		if t != nil {
			codecs = append(codecs, t.MIME)
		}
	}
	list := codecs[0]
	if len(codecs) == 2 {
		list += ", " + codecs[1]
	}
	return fmt.Sprintf("%s/%s; codecs=\"%s\"", major, format, list)
}

// joinLosses sorts losses by time and joins those of one kind that touch: a hundred corrupt packets in a row are one loss.
func joinLosses(all []Loss) []Loss {
	slices.SortStableFunc(all, func(a, b Loss) int { return int(a.From - b.From) })
	var joined []Loss
	for _, l := range all {
		if n := len(joined); n > 0 {
			last := &joined[n-1]
			if last.Media == l.Media && l.From <= last.To+100*time.Millisecond && (last.Cause == l.Cause || l.From < last.To) {
				last.To = max(last.To, l.To)
				last.Bytes += l.Bytes
				continue
			}
		}
		joined = append(joined, l)
	}
	return joined
}

// trackSource gives the packets of one track of a file.
func trackSource(in *File, id int, keep func(container.Packet) bool) Source {
	var buf []byte
	return func() (container.Packet, []byte, error) {
		for {
			p, err := in.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					err = Unreadable(err)
				}
				return p, nil, err
			}
			if p.Track != id || keep != nil && !keep(p) {
				continue
			}
			if buf, err = in.Payload(buf[:0]); err != nil {
				return p, nil, Unreadable(err)
			}
			return p, buf, nil
		}
	}
}
