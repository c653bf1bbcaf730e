package mp4

import (
	"encoding/binary"
	"fmt"
	"time"
)

// edits is what an edit list (ISO/IEC 14496-12, 8.6.6) does to a track's times, as far as a time per packet can express it:
// presentation time = (media time − shift) + delay. What lies before shift gets times below the delay, and where there is no
// delay below zero, which players decode and do not show.
type edits struct {
	shift int64         // ticks of the media's timescale
	delay time.Duration // empty edits at the start
	note  string        // what could not be expressed
}

// presentation maps a media time to presentation time.
func (e edits) presentation(ticks int64, scale uint32) time.Duration {
	return toDuration(ticks-e.shift, scale) + e.delay
}

type edit struct {
	duration int64 // ticks of the movie's timescale; 0 reaches to the end
	media    int64 // ticks of the media's timescale; −1 shows nothing
	rate     int32 // 16.16
}

func readEdits(src *source, trak []box, movieScale, scale uint32) (edits, error) {
	edts, ok := find(trak, "edts")
	if !ok {
		return edits{}, nil
	}
	parts, err := src.children(edts)
	if err != nil {
		return edits{}, err
	}
	elst, ok := find(parts, "elst")
	if !ok {
		return edits{}, nil
	}
	body, err := src.leaf(elst, maxLeaf)
	if err != nil {
		return edits{}, err
	}
	return applyEdits(parseEdits(body), movieScale, scale), nil
}

func parseEdits(body []byte) []edit {
	if len(body) < 8 {
		return nil
	}
	size := 12
	if body[0] == 1 {
		size = 20
	}
	count := min(int(binary.BigEndian.Uint32(body[4:])), (len(body)-8)/size)
	list := make([]edit, 0, count)
	for b := body[8:]; count > 0; count, b = count-1, b[size:] {
		e := edit{
			duration: int64(binary.BigEndian.Uint32(b)),
			media:    int64(int32(binary.BigEndian.Uint32(b[4:]))),
			rate:     int32(binary.BigEndian.Uint32(b[size-4:])),
		}
		if size == 20 {
			e.duration, e.media = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
		}
		list = append(list, e)
	}
	return list
}

// applyEdits takes the empty edits at the start and the first that shows media. Edits after it are followed only where they go
// on seamlessly (some editors split one run into several), since a cut in the middle has no place in times per packet.
func applyEdits(list []edit, movieScale, scale uint32) edits {
	var e edits
	var shown *edit
	for i := range list {
		next := list[i]
		switch {
		case next.media == -1 && shown == nil:
			e.delay += max(toDuration(next.duration, movieScale), 0)
		case next.media < 0 || next.media/int64(scale) > maxTicksSeconds:
			e.note = fmt.Sprintf("edit %d of %d shows nothing in the middle of the recording; ignored", i+1, len(list))
		case shown == nil:
			shown, e.shift = &list[i], next.media
			if next.rate != 1<<16 {
				e.note = fmt.Sprintf("edit %d of %d plays at another speed; ignored", i+1, len(list))
			}
		default:
			end := toDuration(shown.media, scale) + toDuration(shown.duration, movieScale)
			if gap := toDuration(next.media, scale) - end; gap > time.Millisecond || gap < -time.Millisecond {
				e.note = fmt.Sprintf("edit %d of %d cuts or repeats %v of the recording; it is given whole instead", i+1, len(list), gap)
			}
			shown = &list[i]
		}
	}
	return e
}
