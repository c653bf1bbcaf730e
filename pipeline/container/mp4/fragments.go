package mp4

import "encoding/binary"

// fragmentDefaults is a track's trex box (ISO/IEC 14496-12, 8.8.3).
type fragmentDefaults struct {
	description, duration, size, flags uint32
}

// run is the samples of one trun, in decoding order. They are read from its entries one by one, so that a fragment costs little
// more memory than it has bytes.
type run struct {
	track    *track
	defaults fragmentDefaults
	flags    uint32 // of trun
	first    uint32 // flags of the first sample
	hasFirst bool
	entries  []byte
	left     int
	offset   int64
	dts      int64
}

// Flags of tfhd, trun and samples (8.8.7, 8.8.8, 8.8.3.1).
const (
	tfhdBase        = 0x000001
	tfhdDescription = 0x000002
	tfhdDuration    = 0x000008
	tfhdSize        = 0x000010
	tfhdFlags       = 0x000020
	tfhdBaseIsMoof  = 0x020000
	trunOffset      = 0x000001
	trunFirstFlags  = 0x000004
	trunDuration    = 0x000100
	trunSize        = 0x000200
	trunFlags       = 0x000400
	trunShift       = 0x000800
	sampleIsNotSync = 0x010000
)

func readTrex(body []byte) (id int, d fragmentDefaults, ok bool) {
	if len(body) < 24 {
		return 0, d, false
	}
	u := binary.BigEndian
	return int(u.Uint32(body[4:])), fragmentDefaults{description: u.Uint32(body[8:]), duration: u.Uint32(body[12:]), size: u.Uint32(body[16:]), flags: u.Uint32(body[20:])}, true
}

// readExtendsHeader gives the whole duration in ticks of the movie's timescale, 0 where mehd states none (8.8.2).
func readExtendsHeader(body []byte) int64 {
	switch {
	case len(body) >= 12 && body[0] == 1:
		return int64(min(binary.BigEndian.Uint64(body[4:]), 1<<60))
	case len(body) >= 8:
		return int64(binary.BigEndian.Uint32(body[4:]))
	default:
		return 0
	}
}

// readFragment reads the content of a moof that begins at start. What it cannot understand it leaves out. Sequence is the
// fragment's number.
func (r *Reader) readFragment(body []byte, start int64) (sequence uint32, runs []run) {
	end := start // where the data of the track fragment before ended, for those without a base
	_ = each(body, func(kind string, content []byte) error {
		switch kind {
		case "mfhd":
			if len(content) >= 8 {
				sequence = binary.BigEndian.Uint32(content[4:])
			}
		case "traf":
			f := fragment{base: start, end: end}
			_ = each(content, func(kind string, body []byte) error {
				f.child(r, kind, body, start)
				return nil
			})
			end = f.end
			runs = append(runs, f.runs...)
		}
		return nil
	})
	return sequence, runs
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

func (f *fragment) child(r *Reader, kind string, body []byte, moof int64) {
	switch kind {
	case "tfhd":
		f.header(r, body, moof)
	case "tfdt":
		if f.track == nil || len(body) < 8 {
			return
		}
		if f.dts = int64(binary.BigEndian.Uint32(body[4:])); body[0] == 1 && len(body) >= 12 {
			f.dts = int64(min(binary.BigEndian.Uint64(body[4:]), 1<<60))
		}
	case "trun":
		if f.track != nil {
			f.run(body)
		}
	}
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
	for _, field := range []struct {
		bit uint32
		to  *uint32
	}{{tfhdDescription, &f.defaults.description}, {tfhdDuration, &f.defaults.duration}, {tfhdSize, &f.defaults.size}, {tfhdFlags, &f.defaults.flags}} {
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

// run reads the head of a trun and where its samples end.
func (f *fragment) run(body []byte) {
	if len(body) < 8 {
		return
	}
	u := binary.BigEndian
	r := run{track: f.track, defaults: f.defaults, flags: u.Uint32(body) & 0xffffff, left: int(min(u.Uint32(body[4:]), maxSamples)), offset: f.end, dts: f.dts}
	body = body[8:]
	if r.flags&trunOffset != 0 && len(body) >= 4 {
		r.offset = f.base + int64(int32(u.Uint32(body)))
		body = body[4:]
	}
	if r.flags&trunFirstFlags != 0 && len(body) >= 4 {
		r.first, r.hasFirst = u.Uint32(body), true
		body = body[4:]
	}
	entry := 0
	for _, bit := range []uint32{trunDuration, trunSize, trunFlags, trunShift} {
		if r.flags&bit != 0 {
			entry += 4
		}
	}
	r.entries = body
	if entry > 0 {
		r.left = min(r.left, len(body)/entry)
	}
	f.runs = append(f.runs, r)
	f.end, f.dts = r.ends()
	f.track.nextDTS = f.dts
}

// ends gives the offset and the decoding time behind the last sample.
func (r run) ends() (offset, dts int64) {
	if r.flags&(trunDuration|trunSize|trunFlags|trunShift) == 0 { // all samples are alike
		return r.offset + int64(r.left)*int64(r.defaults.size), r.dts + int64(r.left)*int64(r.defaults.duration)
	}
	for {
		if _, ok := r.next(); !ok {
			return r.offset, r.dts
		}
	}
}

// next gives the next sample; false after the last.
func (r *run) next() (sample, bool) {
	if r.left == 0 {
		return sample{}, false
	}
	s := sample{offset: r.offset, dts: r.dts, description: r.defaults.description, duration: int64(r.defaults.duration), size: int64(r.defaults.size)}
	flags := r.defaults.flags
	if r.hasFirst {
		flags, r.hasFirst = r.first, false
	}
	if v, ok := r.field(trunDuration); ok {
		s.duration = int64(v)
	}
	if v, ok := r.field(trunSize); ok {
		s.size = int64(v)
	}
	if v, ok := r.field(trunFlags); ok {
		flags = v
	}
	if v, ok := r.field(trunShift); ok {
		// Version 0 is unsigned by the letter; no real shift needs the highest bit.
		s.shift = int64(int32(v))
	}
	s.key = flags&sampleIsNotSync == 0
	r.left--
	r.offset += s.size
	r.dts += s.duration
	return s, true
}

func (r *run) field(bit uint32) (uint32, bool) {
	if r.flags&bit == 0 {
		return 0, false
	}
	v := binary.BigEndian.Uint32(r.entries)
	r.entries = r.entries[4:]
	return v, true
}
