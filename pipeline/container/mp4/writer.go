package mp4

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Interleaving: packets of a track are gathered into chunks, so that the index stays small and a player that reads ahead finds
// sound and picture of one moment near each other.
const (
	chunkLength = 500 * time.Millisecond
	chunkBytes  = 1 << 20
)

// Writer writes an MP4 with its index (moov) in front of the media ("faststart"). It implements container.Writer.
type Writer struct {
	out    io.WriteSeeker
	w      *bufio.Writer
	tracks []*written
	byID   map[int]*written
	pos    int64
	room   int64 // bytes kept free for moov, behind ftyp
	media  int64 // offset of mdat
}

// written is a track that is being written.
type written struct {
	container.Track
	scale   uint32
	sizes   []uint32
	pts     []time.Duration
	dts     []time.Duration // as long as pts, or nil where the source states none
	keys    []uint32        // numbers of key samples, from 1
	last    time.Duration   // stated length of the last packet
	chunk   []byte
	begins  time.Duration // of the chunk
	inChunk uint32
	chunks  []chunk
}

type chunk struct {
	offset  int64
	samples uint32
}

// videoScale is a timescale that has 1/1000, 1/600, 1/24000, 1/30000 and 1/90000 of a second as whole ticks, so that the times
// that recorders write are kept to the tick, and all others to 0.7 µs.
const videoScale = 720_000

// NewWriter writes the head of the file. Extent says how much room the index will need.
func NewWriter(out io.WriteSeeker, tracks []container.Track, extent container.Extent) (*Writer, error) {
	if len(tracks) == 0 {
		return nil, errors.New("an MP4 needs a track")
	}
	w := &Writer{out: out, w: bufio.NewWriterSize(out, 256<<10), byID: map[int]*written{}}
	w.room = 1024
	for _, t := range tracks {
		one := &written{Track: t, scale: videoScale}
		if t.Kind == container.Audio {
			one.scale = uint32(max(t.SampleRate, 8000))
		}
		entry, err := sampleEntry(t)
		if err != nil {
			return nil, err
		}
		w.tracks, w.byID[t.ID] = append(w.tracks, one), one
		packets := int64(extent.Packets[t.ID])
		w.room += 1024 + int64(len(entry)) + 20*packets + 4*int64(extent.Keys[t.ID]) + 20*(int64(extent.Duration/chunkLength)*2+packets/256)
	}
	head := fileType()
	head = append(head, free(w.room)...)
	w.media = int64(len(head))
	// The size is not known before Close; 64 bits of it, so that nothing has to be moved then.
	head = binary.BigEndian.AppendUint32(head, 1)
	head = append(head, "mdat"...)
	head = binary.BigEndian.AppendUint64(head, 0)
	return w, w.write(head)
}

func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.pos += int64(n)
	return err
}

// WritePacket implements container.Writer.
func (w *Writer) WritePacket(p container.Packet, payload []byte) error {
	t := w.byID[p.Track]
	if t == nil {
		return fmt.Errorf("there is no track %d", p.Track)
	}
	if len(t.sizes) >= maxSamples {
		return fmt.Errorf("more than %d packets in one track", maxSamples)
	}
	if t.inChunk > 0 && (p.PTS-t.begins >= chunkLength || len(t.chunk)+len(payload) > chunkBytes) {
		if err := w.flush(t); err != nil {
			return err
		}
	}
	if t.inChunk == 0 {
		t.begins = p.PTS
	}
	t.chunk = append(t.chunk, payload...)
	t.inChunk++
	t.sizes = append(t.sizes, uint32(len(payload)))
	if p.DTS != container.NoTime && len(t.dts) == len(t.pts) {
		t.dts = append(t.dts, p.DTS)
	}
	t.pts = append(t.pts, p.PTS)
	t.last = p.Duration
	if p.Key {
		t.keys = append(t.keys, uint32(len(t.sizes)))
	}
	return nil
}

func (w *Writer) flush(t *written) error {
	if t.inChunk == 0 {
		return nil
	}
	t.chunks = append(t.chunks, chunk{w.pos, t.inChunk})
	err := w.write(t.chunk)
	t.chunk, t.inChunk = t.chunk[:0], 0
	return err
}

// Close implements container.Writer.
func (w *Writer) Close() error {
	rest := slices.SortedStableFunc(slices.Values(w.tracks), func(a, b *written) int { return int(a.begins - b.begins) })
	samples := 0
	for _, t := range rest {
		samples += len(t.sizes)
		if err := w.flush(t); err != nil {
			return err
		}
	}
	if samples == 0 {
		return errors.New("an MP4 needs a packet")
	}
	end := w.pos
	index := w.index(end > 1<<32-1)
	left := w.room - int64(len(index))
	inFront := left == 0 || left >= 8
	if !inFront {
		if err := w.write(index); err != nil {
			return err
		}
	}
	if err := w.w.Flush(); err != nil {
		return err
	}
	if inFront {
		if left > 0 {
			index = append(index, free(left)[:8]...)
		}
		if err := w.patch(w.media-w.room, index); err != nil {
			return err
		}
	}
	if err := w.patch(w.media+8, binary.BigEndian.AppendUint64(nil, uint64(end-w.media))); err != nil {
		return err
	}
	_, err := w.out.Seek(0, io.SeekEnd)
	return err
}

func (w *Writer) patch(at int64, b []byte) error {
	if _, err := w.out.Seek(at, io.SeekStart); err != nil {
		return err
	}
	_, err := w.out.Write(b)
	return err
}
