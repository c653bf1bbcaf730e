package mp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxSamples bounds the samples of one track: a day of 120 pictures a second, or of PCM in packets, stays below it.
const maxSamples = 1 << 24

// tableWindow is how many bytes of a table are held in memory.
const tableWindow = 1 << 13

// table is an array of fixed-size entries in a sample table box, read as it is walked through. Memory does not grow with it.
type table struct {
	src    *source
	at     int64 // file offset of the first entry
	count  int64 // entries, never more than there are bytes for
	entry  int64 // bytes of one entry
	window []byte
	first  int64 // index of the window's first entry
	held   int64 // entries in the window
}

// openTable opens a full box whose entries follow after skip bytes, preceded by their 32-bit count.
func openTable(src *source, b box, skip, entry int64) (*table, error) {
	if b.end-b.body < skip+4 {
		return nil, malformed("%s at %d is too short", b.kind, b.start)
	}
	head, err := src.read(b.body+skip, 4)
	if err != nil {
		return nil, err
	}
	room := (b.end - b.body - skip - 4) / entry
	return &table{src: src, at: b.body + skip + 4, count: min(int64(binary.BigEndian.Uint32(head)), room), entry: entry}, nil
}

// get gives entry i, or nil where the table has none. The bytes are valid until the next call.
func (t *table) get(i int64) ([]byte, error) {
	if t == nil || i < 0 || i >= t.count {
		return nil, nil
	}
	if i < t.first || i >= t.first+t.held {
		if t.window == nil {
			t.window = make([]byte, min(tableWindow/t.entry, t.count)*t.entry)
		}
		t.first, t.held = i, min(int64(len(t.window))/t.entry, t.count-i)
		n, err := t.src.r.ReadAt(t.window[:t.held*t.entry], t.at+i*t.entry)
		if int64(n) < t.held*t.entry {
			t.held = 0
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("read sample table at %d: %w", t.at+i*t.entry, err)
		}
	}
	at := (i - t.first) * t.entry
	return t.window[at : at+t.entry], nil
}

func (t *table) uint32(i int64) (uint32, bool, error) {
	b, err := t.get(i)
	if b == nil {
		return 0, false, err
	}
	return binary.BigEndian.Uint32(b), true, nil
}

// sample is one access unit as the index describes it. Times are ticks of the media's timescale.
type sample struct {
	offset   int64
	size     int64
	dts      int64
	shift    int64 // from decoding to composition time
	duration int64
	key      bool
	// description is the number of the stsd entry that describes it, from 1.
	description uint32
}

// sampleTable walks through a progressive file's sample tables (ISO/IEC 14496-12, 8.6 and 8.7).
type sampleTable struct {
	sizes     *table
	bits      int64 // of one size in stz2
	fixed     int64 // size of every sample where there is no table of sizes
	count     int64
	times     *table // stts
	shifts    *table // ctts, may be nil
	keys      *table // stss, nil where every sample is key
	chunks    *table // stco or co64
	chunkRuns *table // stsc
	pcm       int64  // bytes of one frame of uncompressed sound; 0 for everything else
	pcmFrames int64  // frames that make up one packet

	i                int64 // index of the next sample
	dts              int64
	timeRun, timeLft int64 // entry of stts, samples left in it
	delta            int64
	shiftRun, shtLft int64
	shift            int64
	keyRun           int64
	chunk            int64 // index of the current chunk
	inChunk          int64 // samples left in it
	chunkRun         int64
	perChunk         int64
	description      uint32 // of the current chunk's samples
	offset           int64
}

// openSampleTable opens a track's stbl. PCM is the number of bytes of one frame of uncompressed sound, or 0.
func openSampleTable(src *source, stbl []box, pcm, pcmFrames int64) (*sampleTable, error) {
	t := &sampleTable{pcm: pcm, pcmFrames: pcmFrames, chunk: -1}
	var err error
	open := func(kind string, skip, entry int64) *table {
		b, ok := find(stbl, kind)
		if !ok || err != nil {
			return nil
		}
		var opened *table
		opened, err = openTable(src, b, skip, entry)
		return opened
	}
	t.times = open("stts", 4, 8)
	t.shifts = open("ctts", 4, 8)
	t.keys = open("stss", 4, 4)
	t.chunkRuns = open("stsc", 4, 12)
	if t.chunks = open("stco", 4, 4); t.chunks == nil {
		t.chunks = open("co64", 4, 8)
	}
	if err != nil {
		return nil, err
	}
	if err := t.openSizes(src, stbl); err != nil {
		return nil, err
	}
	if t.chunks == nil || t.chunkRuns == nil || t.times == nil {
		t.count = 0
	}
	return t, nil
}

func (t *sampleTable) openSizes(src *source, stbl []box) error {
	b, ok := find(stbl, "stsz")
	if !ok {
		if b, ok = find(stbl, "stz2"); ok {
			return t.openCompactSizes(src, b)
		}
		return nil
	}
	if b.end-b.body < 12 {
		return malformed("stsz at %d is too short", b.start)
	}
	head, err := src.read(b.body, 12)
	if err != nil {
		return err
	}
	t.fixed, t.count = int64(binary.BigEndian.Uint32(head[4:])), int64(binary.BigEndian.Uint32(head[8:]))
	if t.pcm > 0 && (t.fixed == 0 || t.fixed > t.pcm) {
		t.pcm = 0 // samples are packets of several frames already, as ISO/IEC 23003-5 allows
	}
	if t.fixed == 0 {
		if t.sizes, err = openTable(src, b, 8, 4); err != nil {
			return err
		}
		t.count = t.sizes.count
	}
	if t.pcm == 0 && t.count > maxSamples {
		return malformed("%d samples in one track", t.count)
	}
	return nil
}

// openCompactSizes opens stz2 (8.7.3.3): sizes of 4, 8 or 16 bits.
func (t *sampleTable) openCompactSizes(src *source, b box) error {
	if b.end-b.body < 12 {
		return malformed("stz2 at %d is too short", b.start)
	}
	head, err := src.read(b.body, 12)
	if err != nil {
		return err
	}
	t.bits = int64(head[7])
	if t.bits != 4 && t.bits != 8 && t.bits != 16 {
		return malformed("sample sizes of %d bits in the stz2 at %d", t.bits, b.start)
	}
	t.pcm = 0
	t.count = min(int64(binary.BigEndian.Uint32(head[8:])), (b.end-b.body-12)*8/t.bits)
	if t.count > maxSamples {
		return malformed("%d samples in one track", t.count)
	}
	bytes := (t.count*t.bits + 7) / 8
	entry := max(t.bits/8, 1)
	t.sizes = &table{src: src, at: b.body + 12, count: bytes / entry, entry: entry}
	return nil
}

// size is the number of bytes of the next sample.
func (t *sampleTable) size() (int64, error) {
	i := t.i
	if t.bits == 4 {
		i /= 2
	}
	b, err := t.sizes.get(i)
	switch {
	case err != nil:
		return 0, err
	case b == nil:
		return t.fixed, nil
	case t.bits == 4 && t.i%2 == 0:
		return int64(b[0] >> 4), nil
	case t.bits == 4:
		return int64(b[0] & 15), nil
	}
	v := int64(0)
	for _, c := range b {
		v = v<<8 | int64(c)
	}
	return v, nil
}

func (t *sampleTable) next() (sample, bool, error) {
	if t.i >= t.count {
		return sample{}, false, nil
	}
	if ok, err := t.enterChunk(); !ok || err != nil {
		return sample{}, false, err
	}
	s := sample{offset: t.offset, dts: t.dts, description: t.description}
	frames := int64(1)
	if t.pcm > 0 {
		frames = min(t.inChunk, t.pcmFrames, t.count-t.i)
		s.size = frames * t.pcm
	} else if size, err := t.size(); err != nil {
		return sample{}, false, err
	} else {
		s.size = size
	}
	var err error
	if s.duration, err = t.advanceTime(frames); err != nil {
		return sample{}, false, err
	}
	if s.shift, err = t.nextShift(); err != nil {
		return sample{}, false, err
	}
	if s.key, err = t.nextKey(); err != nil {
		return sample{}, false, err
	}
	t.i += frames
	t.inChunk -= frames
	t.offset += s.size
	t.dts += s.duration
	return s, true, nil
}

// enterChunk moves on to the next chunk that holds samples when the current one is used up.
func (t *sampleTable) enterChunk() (bool, error) {
	for t.inChunk == 0 {
		t.chunk++
		b, err := t.chunks.get(t.chunk)
		if b == nil || err != nil {
			return false, err
		}
		if len(b) == 8 {
			offset := binary.BigEndian.Uint64(b)
			t.offset = int64(min(offset, 1<<60))
		} else {
			t.offset = int64(binary.BigEndian.Uint32(b))
		}
		for { // stsc numbers chunks from 1 and names only those where something changes
			run, err := t.chunkRuns.get(t.chunkRun)
			if err != nil {
				return false, err
			}
			if run == nil || int64(binary.BigEndian.Uint32(run)) > t.chunk+1 {
				break
			}
			t.perChunk, t.description = int64(binary.BigEndian.Uint32(run[4:])), descriptionOfRun(run)
			t.chunkRun++
		}
		t.inChunk = t.perChunk
	}
	return true, nil
}

// advanceTime gives the duration of the next n samples together.
func (t *sampleTable) advanceTime(n int64) (int64, error) {
	total := int64(0)
	for n > 0 {
		for t.timeLft == 0 {
			run, err := t.times.get(t.timeRun)
			if err != nil {
				return 0, err
			}
			if run == nil { // a table that is too short: go on with the last duration
				return total + n*t.delta, nil
			}
			t.timeRun++
			t.timeLft, t.delta = int64(binary.BigEndian.Uint32(run)), int64(binary.BigEndian.Uint32(run[4:]))
		}
		k := min(n, t.timeLft)
		total += k * t.delta
		t.timeLft -= k
		n -= k
	}
	return total, nil
}

// nextShift reads ctts. Version 0 is unsigned by the letter, but QuickTime wrote signed values into it, and no real shift
// needs the highest bit.
func (t *sampleTable) nextShift() (int64, error) {
	for t.shtLft == 0 {
		run, err := t.shifts.get(t.shiftRun)
		if run == nil || err != nil {
			return 0, err
		}
		t.shiftRun++
		t.shtLft, t.shift = int64(binary.BigEndian.Uint32(run)), int64(int32(binary.BigEndian.Uint32(run[4:])))
	}
	t.shtLft--
	return t.shift, nil
}

// nextKey reads stss, whose numbers begin at 1 and rise.
func (t *sampleTable) nextKey() (bool, error) {
	if t.keys == nil {
		return true, nil
	}
	for {
		number, ok, err := t.keys.uint32(t.keyRun)
		if !ok || err != nil {
			return false, err
		}
		if int64(number) > t.i+1 {
			return false, nil
		}
		t.keyRun++
		if int64(number) == t.i+1 {
			return true, nil
		}
	}
}
