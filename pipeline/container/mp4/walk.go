package mp4

import (
	"errors"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// jump is how far a fragment's time may lie behind the end of the one before without a loss being stated: the last picture's
// length is often a guess.
const jump = 100 * time.Millisecond

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
	expected, err := d.expected(b)
	if err != nil {
		return err
	}
	switch {
	case b.kind == "moof" && b.end > d.src.size, !expected:
		return d.resync(start)
	case b.kind != "moof":
		d.pos = min(b.end, d.src.size)
		d.consumed = max(d.consumed, d.pos)
		if b.end > d.src.size {
			d.lost(container.Truncated, nil, 0)
		}
		return nil
	}
	if b.end-b.body > maxFragment {
		return d.resync(start)
	}
	body, err := d.src.read(b.body, b.end-b.body)
	if err != nil {
		return err
	}
	sequence, runs := d.readFragment(body, start)
	d.pos, d.consumed = b.end, max(d.consumed, b.end)
	limit, err := d.trusted(b, runs)
	if err != nil {
		return err
	}
	d.enqueue(runs, sequence, limit)
	return nil
}

// topLevel are the boxes that may stand beside fragments.
var topLevel = map[string]bool{"ftyp": true, "styp": true, "moov": true, "moof": true, "mdat": true, "mfra": true, "sidx": true, "ssix": true,
	"free": true, "skip": true, "wide": true, "uuid": true, "emsg": true, "prft": true, "meta": true, "pdin": true, "udta": true}

// expected reports whether a box may stand beside fragments: a known one, or a maker's own that is followed by a known one or by
// the end of the file.
func (d *Reader) expected(b box) (bool, error) {
	if topLevel[b.kind] || b.end == d.src.size {
		return true, nil
	}
	if b.end > d.src.size {
		return false, nil
	}
	next, err := d.src.header(b.end, d.src.size)
	if err != nil && !errors.Is(err, errMalformed) {
		return false, err
	}
	return err == nil && topLevel[next.kind], nil
}

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
// begins. Where none does, the next fragment is looked for; if it lies before the end of this one's data, bytes are missing in
// between, and everything behind the first packet that is not what its codec writes has been shifted.
func (d *Reader) trusted(moof box, runs []run) (int64, error) {
	data, err := d.src.header(moof.end, d.src.size)
	if err != nil && !errors.Is(err, errMalformed) {
		return 0, err
	}
	from, end := moof.end, moof.end
	for _, r := range runs {
		last, _ := r.ends()
		end = max(end, last)
	}
	if err == nil && data.kind == "mdat" {
		if data.end == d.src.size {
			return d.src.size, nil
		}
		next, err := d.src.header(data.end, d.src.size)
		if err != nil && !errors.Is(err, errMalformed) {
			return 0, err
		}
		if err == nil {
			if expected, err := d.expected(next); expected || err != nil {
				return d.src.size, err
			}
		}
		from, end = data.body, max(end, data.end)
	}
	next, err := d.src.scan(from, "moof", "mfhd")
	if err != nil || next == d.src.size || next >= end {
		return d.src.size, err
	}
	limit, err := d.firstForeign(runs, next)
	d.pos = next
	return limit, err
}

// firstForeign gives the offset of the first sample that is not what its codec writes, at most limit.
func (d *Reader) firstForeign(runs []run, limit int64) (int64, error) {
	var buf []byte
	for _, r := range runs {
		for s, ok := r.next(); ok; s, ok = r.next() {
			if s.size <= 0 || s.size > container.MaxPacketSize || s.offset < 0 || s.offset >= limit {
				continue
			}
			if s.size > limit-s.offset {
				limit = s.offset
				continue
			}
			var err error
			if buf, err = d.payload(buf[:0], s); err != nil {
				return 0, err
			}
			if bitstream.Verify(r.track.Track, buf) != nil {
				limit = s.offset
			}
		}
	}
	return limit, nil
}

// enqueue hands a fragment's runs to their tracks.
func (d *Reader) enqueue(runs []run, sequence uint32, limit int64) {
	follows := sequence == d.sequence+1
	d.sequence = sequence
	if limit < d.src.size {
		d.limit = limit
	}
	for _, r := range runs {
		t := r.track
		if len(t.runs) == 0 && r.left > 0 && !follows {
			d.noteJump(r)
		}
		t.runs = append(t.runs, r)
	}
}

// noteJump states a loss where a whole fragment is missing without a trace but in its number and the time stamps. A jump of
// the times alone is a pause.
func (d *Reader) noteJump(r run) {
	t := r.track
	begins := t.edits.presentation(r.dts, t.timescale)
	if t.started && !t.afterLoss && begins-t.end > jump {
		d.loss.Add(container.Damage{Cause: container.Hole, Track: t.ID, From: t.end, To: begins, Offset: r.offset})
		t.afterLoss = true
	}
}
