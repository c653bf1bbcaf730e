package mp4

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// movieScale is the timescale of edit lists: fine enough that an empty edit does not shift sound against picture.
const movieScale = videoScale

// index makes the moov box.
func (w *Writer) index(large bool) []byte {
	var traks []byte
	var duration uint64
	for i, t := range w.tracks {
		if len(t.sizes) == 0 {
			continue
		}
		trak, length := t.trak(uint32(i+1), large)
		traks = append(traks, trak...)
		duration = max(duration, length)
	}
	return boxOf("moov", movieHeader(duration, uint32(len(w.tracks)+1)), traks)
}

// times is a track's clock in ticks of its timescale.
type times struct {
	dts    []int64
	shifts []int64
	last   int64 // length of the last sample
	start  int64 // presentation time of media time 0; below zero: media that is decoded and not shown
	end    int64 // presentation time at which the last sample ends
}

// clock derives decoding times and their distance to presentation times.
//
// Where the source states no decoding times (Matroska has none), they are the presentation times in their order, early enough
// that none lies behind its own presentation time.
func (t *written) clock() times {
	if c := t.clockIn(t.scale); c.fits() {
		return c
	}
	t.scale = coarseScale
	return t.clockIn(t.scale)
}

// coarseScale has room for a pause of a day between two packets, and milliseconds as whole ticks.
const coarseScale = 40_000

// fits reports whether the distances between samples have room in the 32 bits of their tables.
func (c times) fits() bool {
	for i := range c.dts {
		if i > 0 && c.dts[i]-c.dts[i-1] > math.MaxUint32 || c.shifts[i] > math.MaxInt32 || c.shifts[i] < math.MinInt32 {
			return false
		}
	}
	return c.last <= math.MaxUint32
}

func (t *written) clockIn(scale uint32) times {
	ticks := make([]int64, len(t.pts))
	for i, at := range t.pts {
		ticks[i] = toTicks(at, scale)
	}
	c := times{dts: make([]int64, len(ticks)), shifts: make([]int64, len(ticks))}
	if len(t.dts) == len(t.pts) {
		for i, at := range t.dts {
			c.dts[i] = toTicks(at, scale)
		}
	} else {
		copy(c.dts, ticks)
		slices.Sort(c.dts)
		var early int64
		for i := range ticks {
			early = max(early, c.dts[i]-ticks[i])
		}
		for i := range c.dts {
			c.dts[i] -= early
		}
	}
	c.start = c.dts[0]
	for i := range c.dts {
		c.dts[i] -= c.start
		if i > 0 && c.dts[i] < c.dts[i-1] {
			c.dts[i] = c.dts[i-1]
		}
		c.shifts[i] = ticks[i] - c.start - c.dts[i]
	}
	n := len(ticks)
	c.last = toTicks(t.last, scale)
	if c.last <= 0 && n > 1 {
		c.last = min(c.dts[n-1]-c.dts[n-2], toTicks(longestGuess, scale))
	}
	for i := range ticks {
		length := c.last
		if i+1 < n {
			length = c.dts[i+1] - c.dts[i]
		}
		c.end = max(c.end, ticks[i]+length)
	}
	return c
}

// longestGuess bounds what is assumed of the last picture's length from the distance to the one before.
const longestGuess = 100 * time.Millisecond

func (t *written) trak(number uint32, large bool) (trak []byte, duration uint64) {
	c := t.clock()
	duration = uint64(max(scaleTo(c.end, t.scale, movieScale), 0))
	media := uint64(c.dts[len(c.dts)-1] + c.last)
	entry, _ := sampleEntry(t.Track) // NewWriter has made sure that it can be made

	stbl := boxOf("stbl",
		fullBox("stsd", 0, 0, binary.BigEndian.AppendUint32(nil, 1), entry),
		t.decodingTimes(c), t.compositionShifts(c), t.syncSamples(), t.samplesPerChunk(), t.sampleSizes(), t.chunkOffsets(large))
	information := fullBox("smhd", 0, 0, make([]byte, 4))
	handler := "soun"
	if t.Kind == container.Video {
		information, handler = fullBox("vmhd", 0, 1, make([]byte, 8)), "vide"
	}
	dinf := boxOf("dinf", fullBox("dref", 0, 0, binary.BigEndian.AppendUint32(nil, 1), fullBox("url ", 0, 1)))
	mdia := boxOf("mdia", mediaHeader(t.scale, media, t.Language),
		fullBox("hdlr", 0, 0, make([]byte, 4), []byte(handler), make([]byte, 12), []byte("Trivue\x00")),
		boxOf("minf", information, dinf, stbl))
	return boxOf("trak", trackHeader(number, duration, t.Track), editList(c, t.scale), mdia), duration
}

// editList says when the track begins: an empty edit where it begins late, a start within the media where what comes first is
// only there to be decoded. Nothing where it begins at zero.
func editList(c times, scale uint32) []byte {
	if c.start == 0 {
		return nil
	}
	var entries []byte
	count := uint32(1)
	from := int64(0)
	shown := scaleTo(c.end, scale, movieScale)
	if c.start > 0 {
		delay := scaleTo(c.start, scale, movieScale)
		entries = editEntry(delay, -1)
		count, shown = 2, shown-delay
	} else {
		from = -c.start
	}
	entries = append(entries, editEntry(max(shown, 0), from)...)
	return boxOf("edts", fullBox("elst", 1, 0, binary.BigEndian.AppendUint32(nil, count), entries))
}

func editEntry(duration, media int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(duration))
	b = binary.BigEndian.AppendUint64(b, uint64(media))
	return binary.BigEndian.AppendUint32(b, 1<<16)
}

func scaleTo(ticks int64, from, to uint32) int64 { return toTicks(toDuration(ticks, from), to) }

// runs is a table of run lengths: how often a value comes in a row.
type runs struct {
	body  []byte
	count uint32
	n     uint32
	value uint32
}

func (r *runs) add(value uint32) {
	if r.n > 0 && value == r.value {
		r.n++
		return
	}
	r.end()
	r.n, r.value = 1, value
}

func (r *runs) end() {
	if r.n == 0 {
		return
	}
	r.body = binary.BigEndian.AppendUint32(r.body, r.n)
	r.body = binary.BigEndian.AppendUint32(r.body, r.value)
	r.count++
}

func (r *runs) box(kind string, version byte) []byte {
	r.end()
	return fullBox(kind, version, 0, binary.BigEndian.AppendUint32(nil, r.count), r.body)
}

func (t *written) decodingTimes(c times) []byte {
	var r runs
	for i := range c.dts {
		length := c.last
		if i+1 < len(c.dts) {
			length = c.dts[i+1] - c.dts[i]
		}
		r.add(uint32(length))
	}
	return r.box("stts", 0)
}

func (t *written) compositionShifts(c times) []byte {
	if !slices.ContainsFunc(c.shifts, func(s int64) bool { return s != 0 }) {
		return nil
	}
	var r runs
	for _, s := range c.shifts {
		r.add(uint32(int32(s)))
	}
	return r.box("ctts", 1) // version 1: shifts are signed
}

func (t *written) syncSamples() []byte {
	if len(t.keys) == len(t.sizes) {
		return nil
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(len(t.keys)))
	for _, k := range t.keys {
		b = binary.BigEndian.AppendUint32(b, k)
	}
	return fullBox("stss", 0, 0, b)
}

func (t *written) samplesPerChunk() []byte {
	var body []byte
	count, last := uint32(0), uint32(0)
	for i, c := range t.chunks {
		if c.samples == last {
			continue
		}
		last = c.samples
		body = binary.BigEndian.AppendUint32(body, uint32(i+1))
		body = binary.BigEndian.AppendUint32(body, c.samples)
		body = binary.BigEndian.AppendUint32(body, 1)
		count++
	}
	return fullBox("stsc", 0, 0, binary.BigEndian.AppendUint32(nil, count), body)
}

func (t *written) sampleSizes() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(len(t.sizes)))
	for _, s := range t.sizes {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return fullBox("stsz", 0, 0, b)
}

func (t *written) chunkOffsets(large bool) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(t.chunks)))
	for _, c := range t.chunks {
		if large {
			b = binary.BigEndian.AppendUint64(b, uint64(c.offset))
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(c.offset))
		}
	}
	if large {
		return fullBox("co64", 0, 0, b)
	}
	return fullBox("stco", 0, 0, b)
}
