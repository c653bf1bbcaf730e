package mp4

import (
	"errors"
	"slices"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// jump is how far a fragment's time may lie behind the end of the one before without a loss being stated. Recorders write
// fragments that follow each other to the tick.
const jump = 500 * time.Millisecond

// nextBox goes past one top-level box of a fragmented file, or past damage. It always moves forward.
func (d *Reader) nextBox() error {
	start := d.pos
	b, err := d.src.header(start, d.src.size)
	if errors.Is(err, errMalformed) {
		return d.resync(start)
	}
	if err != nil {
		return err
	}
	switch {
	case b.kind == "moof" && b.end > d.src.size, !topLevel[b.kind]:
		return d.resync(start)
	case b.kind != "moof":
		d.pos = min(b.end, d.src.size)
		d.consumed = max(d.consumed, d.pos)
		if b.end > d.src.size {
			d.lost(container.Truncated, nil, 0)
		}
		return nil
	}
	body, err := d.src.leaf(b, maxFragment)
	if err != nil {
		return err
	}
	runs, err := d.readFragment(body, start)
	if err != nil {
		return err
	}
	d.pos, d.consumed = b.end, max(d.consumed, b.end)
	limit, err := d.trusted(b, runs)
	if err != nil {
		return err
	}
	d.enqueue(runs, limit)
	return nil
}

// topLevel are the boxes that may stand beside fragments.
var topLevel = map[string]bool{"ftyp": true, "styp": true, "moov": true, "moof": true, "mdat": true, "mfra": true, "sidx": true, "ssix": true,
	"free": true, "skip": true, "wide": true, "uuid": true, "emsg": true, "prft": true, "meta": true, "pdin": true, "udta": true}

// resync looks for the next fragment behind damage that begins at start.
func (d *Reader) resync(start int64) error {
	found, err := d.src.scan(start+1, "moof", "mfhd")
	if err != nil {
		return err
	}
	cause := container.Hole
	if found >= d.src.size {
		cause = container.Truncated
	}
	d.consumed = max(d.consumed, start)
	d.lost(cause, nil, found-start)
	d.pos, d.consumed = found, found
	return nil
}

// trusted gives the offset up to which a fragment's data can be believed. Behind the data of an undamaged fragment another box
// begins; where none does, bytes were lost within, and everything behind the first packet that is not what its codec writes has
// been shifted.
func (d *Reader) trusted(moof box, runs []run) (int64, error) {
	b, err := d.src.header(moof.end, d.src.size)
	if err == nil && b.kind == "mdat" {
		if b.end >= d.src.size {
			return d.src.size, nil
		}
		next, err := d.src.header(b.end, d.src.size)
		if err == nil && topLevel[next.kind] {
			return d.src.size, nil
		}
	}
	if err != nil && !errors.Is(err, errMalformed) {
		return 0, err
	}
	limit := d.src.size
	for _, r := range runs {
		for _, s := range r.samples {
			if s.offset >= limit || s.size <= 0 || s.size > container.MaxPacketSize || s.offset > d.src.size-s.size {
				continue
			}
			payload, err := d.src.read(s.offset, s.size)
			if err != nil {
				return 0, err
			}
			if bitstream.Verify(r.track.Track, payload) != nil {
				limit = s.offset
			}
		}
	}
	return limit, nil
}

// enqueue puts a fragment's samples in file order.
func (d *Reader) enqueue(runs []run, limit int64) {
	seen := map[*track]bool{}
	for _, r := range runs {
		if len(r.samples) == 0 {
			continue
		}
		if !seen[r.track] {
			d.noteJump(r)
			seen[r.track] = true
		}
		for _, s := range r.samples {
			d.queue = append(d.queue, pending{track: r.track, sample: s, shifted: limit < d.src.size && s.offset+s.size > limit})
		}
	}
	slices.SortStableFunc(d.queue, func(a, b pending) int {
		switch {
		case a.offset < b.offset:
			return -1
		case a.offset > b.offset:
			return 1
		default:
			return 0
		}
	})
}

// noteJump states a loss where a whole fragment is missing without a trace but in the time stamps.
func (d *Reader) noteJump(r run) {
	t := r.track
	begins := t.edits.presentation(r.samples[0].dts, t.timescale)
	if t.started && !t.afterLoss && begins-t.end > jump {
		d.loss.Add(container.Damage{Cause: container.Hole, Track: t.ID, From: t.end, To: begins, Offset: r.samples[0].offset})
		t.afterLoss = true
	}
}
