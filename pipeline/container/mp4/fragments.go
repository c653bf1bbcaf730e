package mp4

import "encoding/binary"

// fragmentDefaults is a track's trex box (ISO/IEC 14496-12, 8.8.3).
type fragmentDefaults struct {
	duration, size, flags uint32
}

// run is the samples of one trun, in decoding order.
type run struct {
	track   *track
	samples []sample
}

// Flags of tfhd, trun and samples (8.8.7, 8.8.8, 8.8.3.1).
const (
	tfhdBase          = 0x000001
	tfhdDescription   = 0x000002
	tfhdDuration      = 0x000008
	tfhdSize          = 0x000010
	tfhdFlags         = 0x000020
	tfhdBaseIsMoof    = 0x020000
	trunOffset        = 0x000001
	trunFirstFlags    = 0x000004
	trunDuration      = 0x000100
	trunSize          = 0x000200
	trunFlags         = 0x000400
	trunShift         = 0x000800
	sampleIsNotSync   = 0x010000
	maxFragmentSample = 1 << 20
)

func readTrex(body []byte) (id int, d fragmentDefaults, ok bool) {
	if len(body) < 24 {
		return 0, d, false
	}
	u := binary.BigEndian
	return int(u.Uint32(body[4:])), fragmentDefaults{duration: u.Uint32(body[12:]), size: u.Uint32(body[16:]), flags: u.Uint32(body[20:])}, true
}

// readFragment reads the content of a moof that begins at start. What it cannot understand it leaves out.
func (r *Reader) readFragment(body []byte, start int64) (runs []run, err error) {
	end := start // where the data of the track fragment before ended, for those without a base
	err = each(body, func(kind string, traf []byte) error {
		if kind != "traf" {
			return nil
		}
		f := fragment{base: start, end: end}
		err := each(traf, func(kind string, body []byte) error { return f.child(r, kind, body, start) })
		end = f.end
		runs = append(runs, f.runs...)
		return err
	})
	return runs, err
}

// fragment is one traf while it is read.
type fragment struct {
	track    *track
	defaults fragmentDefaults
	base     int64
	end      int64
	dts      int64
	runs     []run
}

func (f *fragment) child(r *Reader, kind string, body []byte, moof int64) error {
	switch kind {
	case "tfhd":
		f.header(r, body, moof)
	case "tfdt":
		if f.track == nil || len(body) < 8 {
			return nil
		}
		if f.dts = int64(binary.BigEndian.Uint32(body[4:])); body[0] == 1 && len(body) >= 12 {
			f.dts = int64(min(binary.BigEndian.Uint64(body[4:]), 1<<60))
		}
	case "trun":
		if f.track != nil {
			return f.run(body)
		}
	}
	return nil
}

func (f *fragment) header(r *Reader, body []byte, moof int64) {
	if len(body) < 8 {
		return
	}
	u := binary.BigEndian
	flags := u.Uint32(body) & 0xffffff
	if f.track = r.byID[int(u.Uint32(body[4:]))]; f.track == nil {
		return
	}
	f.defaults, f.dts = f.track.defaults, f.track.nextDTS
	body = body[8:]
	take := func(bit uint32, size int) []byte {
		if flags&bit == 0 || len(body) < size {
			return nil
		}
		field := body[:size]
		body = body[size:]
		return field
	}
	if b := take(tfhdBase, 8); b != nil {
		f.base = r.baseOf(int64(min(u.Uint64(b), 1<<60)), moof)
		f.end = f.base
	} else if flags&tfhdBaseIsMoof != 0 {
		f.base, f.end = moof, moof
	} else {
		f.base = f.end
	}
	take(tfhdDescription, 4)
	for _, field := range []struct {
		bit uint32
		to  *uint32
	}{{tfhdDuration, &f.defaults.duration}, {tfhdSize, &f.defaults.size}, {tfhdFlags, &f.defaults.flags}} {
		if b := take(field.bit, 4); b != nil {
			*field.to = u.Uint32(b)
		}
	}
}

// baseOf corrects an absolute base offset. Writers that give one mean the fragment's own beginning; behind bytes that were lost,
// the number that they wrote points beside it.
func (r *Reader) baseOf(stated, moof int64) int64 {
	if stated == moof {
		r.ownBase = true
	}
	if r.ownBase {
		return moof
	}
	return stated
}

// run reads a trun. Its entries lie in the moof itself, so that their number is bounded by the bytes that are there.
func (f *fragment) run(body []byte) error {
	if len(body) < 8 {
		return nil
	}
	u := binary.BigEndian
	flags := u.Uint32(body) & 0xffffff
	count := int(u.Uint32(body[4:]))
	body = body[8:]
	offset := f.end
	if flags&trunOffset != 0 && len(body) >= 4 {
		offset = f.base + int64(int32(u.Uint32(body)))
		body = body[4:]
	}
	first, hasFirst := f.defaults.flags, false
	if flags&trunFirstFlags != 0 && len(body) >= 4 {
		first, hasFirst = u.Uint32(body), true
		body = body[4:]
	}
	entry := 0
	for _, bit := range []uint32{trunDuration, trunSize, trunFlags, trunShift} {
		if flags&bit != 0 {
			entry += 4
		}
	}
	if entry == 0 && count > maxFragmentSample {
		return malformed("a fragment of %d samples", count)
	}
	if entry > 0 {
		count = min(count, len(body)/entry)
	}
	one := run{track: f.track, samples: make([]sample, 0, count)}
	for i := range count {
		s := sample{offset: offset, dts: f.dts, duration: int64(f.defaults.duration), size: int64(f.defaults.size)}
		sampleFlags := f.defaults.flags
		next := func(bit uint32) (uint32, bool) {
			if flags&bit == 0 {
				return 0, false
			}
			v := u.Uint32(body)
			body = body[4:]
			return v, true
		}
		if v, ok := next(trunDuration); ok {
			s.duration = int64(v)
		}
		if v, ok := next(trunSize); ok {
			s.size = int64(v)
		}
		if v, ok := next(trunFlags); ok {
			sampleFlags = v
		} else if i == 0 && hasFirst {
			sampleFlags = first
		}
		if v, ok := next(trunShift); ok {
			// Version 0 is unsigned by the letter; no real shift needs the highest bit.
			s.shift = int64(int32(v))
		}
		s.key = sampleFlags&sampleIsNotSync == 0
		one.samples = append(one.samples, s)
		offset += s.size
		f.dts += s.duration
	}
	f.end, f.track.nextDTS = offset, f.dts
	f.runs = append(f.runs, one)
	return nil
}
