package webm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Options of a Writer.
type Options struct {
	// Live writes what a browser's recorder writes: unknown sizes, no index, no duration. For fixtures and samples.
	Live bool
}

// Geometry of clusters. A block's time is a signed 16-bit number of milliseconds from its cluster's.
const (
	clusterSound = 5 * time.Second // of a file without pictures
	clusterLong  = 30 * time.Second
	clusterBytes = 4 << 20
)

// tick is the unit of all times in the file, the one that every player expects of WebM. Times are rounded to it, which keeps
// them in order.
const tick = time.Millisecond

// Writer writes a WebM file with its index (Cues) in front of the media, so that a player opens it with one request and finds
// any key frame with another. It implements container.Writer.
type Writer struct {
	out    io.WriteSeeker
	w      *bufio.Writer
	opts   Options
	tracks map[int]container.Track
	video  bool
	pos    int64 // bytes written, including those that are buffered

	segment  int64 // offset of the segment's data; what Cues and SeekHead count from
	duration int64 // offset of Duration's value
	seekHead int64 // offset of the room for SeekHead
	cuesRoom int64 // offset of the room for Cues
	room     int64 // its length

	cluster      []byte // blocks of the open cluster
	clusterStart time.Duration
	clusterOpen  bool
	cues         []cue
	seen         map[int]times
	packets      int
}

// cue is an entry of the index: at this time, in this track, look at that cluster.
type cue struct {
	at      time.Duration
	track   int
	cluster int64 // relative to the segment
}

type times struct{ last, end time.Duration }

// names of the codecs that WebM allows.
var names = map[container.Codec]string{
	container.VP8: "V_VP8", container.VP9: "V_VP9", container.AV1: "V_AV1", container.Opus: "A_OPUS", container.Vorbis: "A_VORBIS",
}

// NewWriter writes the headers. Extent says how much room the index will need.
func NewWriter(out io.WriteSeeker, tracks []container.Track, extent container.Extent, opts Options) (*Writer, error) {
	if len(tracks) == 0 {
		return nil, errors.New("a WebM file needs a track")
	}
	w := &Writer{out: out, w: bufio.NewWriterSize(out, 256<<10), opts: opts, tracks: map[int]container.Track{}, seen: map[int]times{}}
	for _, t := range tracks {
		if names[t.Codec] == "" {
			return nil, fmt.Errorf("WebM cannot hold %s", t.Codec)
		}
		if t.ID < 1 || t.ID > 126 {
			return nil, fmt.Errorf("track number %d is not between 1 and 126", t.ID)
		}
		w.tracks[t.ID] = t
		w.video = w.video || t.Kind == container.Video
	}
	return w, w.header(tracks, extent)
}

func (w *Writer) header(tracks []container.Track, extent container.Extent) error {
	head := master(idEBML, join(
		uintElement(0x4286, 1), uintElement(0x42F7, 1), uintElement(0x42F2, 4), uintElement(0x42F3, 8), // versions, longest ID and size
		stringElement(idDocType, "webm"), uintElement(0x4287, 4), uintElement(0x4285, 2)))
	head = appendID(head, idSegment)
	head = append(head, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // unknown until Close
	w.segment = int64(len(head))
	if !w.opts.Live {
		w.seekHead = int64(len(head))
		head = append(head, void(seekHeadRoom)...)
	}
	info := join(uintElement(idScale, uint64(tick)), stringElement(idMuxingApp, "Trivue"), stringElement(idWritingApp, "Trivue"))
	if !w.opts.Live {
		info = append(info, floatElement(idDuration, 0)...)
	}
	head = append(head, master(idInfo, info)...)
	w.duration = int64(len(head)) - 8
	entries := []byte{}
	for _, t := range tracks {
		entries = append(entries, trackEntry(t)...)
	}
	head = append(head, master(idTracks, entries)...)
	if !w.opts.Live {
		w.cuesRoom, w.room = int64(len(head)), cuesRoom(tracks, extent)
		head = append(head, void(w.room)...)
	}
	return w.write(head)
}

func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.pos += int64(n)
	return err
}

// WritePacket implements container.Writer. Times below zero cannot be written (a player would not show them either) and become
// zero.
func (w *Writer) WritePacket(p container.Packet, payload []byte) error {
	t, ok := w.tracks[p.Track]
	if !ok {
		return fmt.Errorf("there is no track %d", p.Track)
	}
	at := max(p.PTS+t.Delay, 0).Round(tick)
	if err := w.clusterFor(at, t, p.Key); err != nil {
		return err
	}
	if t.Kind == container.Video && p.Key || !w.video && len(w.cluster) == 0 {
		w.cues = append(w.cues, cue{at: at, track: p.Track, cluster: w.pos - w.segment})
	}
	flags := byte(0)
	if p.Key {
		flags = 0x80
	}
	w.cluster = appendID(w.cluster, idSimpleBlock)
	w.cluster = appendSize(w.cluster, int64(len(payload)+4))
	w.cluster = append(w.cluster, 0x80|byte(p.Track))
	w.cluster = binary.BigEndian.AppendUint16(w.cluster, uint16(int16((at-w.clusterStart)/tick)))
	w.cluster = append(w.cluster, flags)
	w.cluster = append(w.cluster, payload...)
	w.packets++
	w.note(p)
	return nil
}

// note keeps what the duration is made of: the end of the last packet, whose length may have to be guessed from the one before.
func (w *Writer) note(p container.Packet) {
	s, seen := w.seen[p.Track]
	length := p.Duration
	if length == 0 && seen {
		length = min(max(p.PTS-s.last, 0), longestGuess)
	}
	w.seen[p.Track] = times{last: p.PTS, end: max(s.end, p.PTS+length)}
}

// clusterFor begins a new cluster where one is due: at each key frame, so that a seek reads nothing that it does not show.
func (w *Writer) clusterFor(at time.Duration, t container.Track, key bool) error {
	if w.clusterOpen {
		age := at - w.clusterStart
		due := t.Kind == container.Video && key || !w.video && age >= clusterSound || len(w.cluster) > clusterBytes
		if !due && age < clusterLong && age > -clusterLong {
			return nil
		}
		if err := w.endCluster(); err != nil {
			return err
		}
	}
	w.clusterOpen, w.clusterStart = true, at
	return nil
}

func (w *Writer) endCluster() error {
	if len(w.cluster) == 0 {
		return nil
	}
	stamp := uintElement(idTimestamp, uint64(w.clusterStart/tick))
	head := appendID(nil, idCluster)
	if w.opts.Live {
		head = append(head, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	} else {
		head = appendSize(head, int64(len(stamp)+len(w.cluster)))
	}
	if err := w.write(append(head, stamp...)); err != nil {
		return err
	}
	err := w.write(w.cluster)
	w.cluster, w.clusterOpen = w.cluster[:0], false
	return err
}

// Close implements container.Writer.
func (w *Writer) Close() error {
	if w.packets == 0 {
		return errors.New("a WebM file needs a packet")
	}
	if err := w.endCluster(); err != nil {
		return err
	}
	if w.opts.Live {
		return w.w.Flush()
	}
	slices.SortStableFunc(w.cues, func(a, b cue) int { return int(a.at - b.at) })
	index := cuesElement(w.cues)
	cuesAt := w.cuesRoom
	rest := w.room - int64(len(index))
	inFront := rest == 0 || rest >= 2
	if !inFront {
		cuesAt = w.pos
		if err := w.write(index); err != nil {
			return err
		}
	}
	if err := w.w.Flush(); err != nil {
		return err
	}
	if inFront {
		if rest > 0 {
			index = append(index, void(rest)...)
		}
		if err := w.patch(w.cuesRoom, index); err != nil {
			return err
		}
	}
	if err := w.patch(w.seekHead, seekHead(cuesAt, w.segment)); err != nil {
		return err
	}
	if err := w.patch(w.duration, binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(w.end())/float64(tick)))); err != nil {
		return err
	}
	size := binary.BigEndian.AppendUint64(nil, uint64(w.pos-w.segment)|1<<56)
	if err := w.patch(w.segment-8, size); err != nil {
		return err
	}
	_, err := w.out.Seek(0, io.SeekEnd)
	return err
}

func (w *Writer) end() time.Duration {
	var end time.Duration
	for _, s := range w.seen {
		end = max(end, s.end)
	}
	return end
}

func (w *Writer) patch(at int64, b []byte) error {
	if _, err := w.out.Seek(at, io.SeekStart); err != nil {
		return err
	}
	_, err := w.out.Write(b)
	return err
}
