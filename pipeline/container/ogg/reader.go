// Package ogg reads Ogg files (RFC 3533) with Opus (RFC 7845), Vorbis (Vorbis I, appendix A) or FLAC (RFC 9639, 10.1) in them. Every
// page's checksum is checked; what is missing or damaged is stepped over and stated.
package ogg

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// Reader reads one file. It implements container.Reader.
type Reader struct {
	w       *container.Window
	size    int64
	pos     int64
	budget  int64              // of bytes that look like pages and are not
	streams map[uint32]*stream // of the current link
	chained bool               // the current link is not the first
	sound   bool               // it has begun to sound
	tracks  []container.Track
	foreign []container.Foreign
	end     time.Duration // of what was given out so far

	queue   []packet
	current packet
	loss    container.Losses
}

// Open reads up to the first sound. The error is an *container.UnusableError where there is none, or the operating system's.
func Open(r io.ReaderAt, size int64) (*Reader, error) {
	d := &Reader{w: container.NewWindow(r, size), size: size, budget: 8*size + 1<<20, streams: map[uint32]*stream{}}
	for len(d.queue) == 0 && d.pos < d.size && d.w.Err() == nil {
		d.step()
		if len(d.foreign)+len(d.tracks) > container.MaxTracks {
			return nil, &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("it claims to have more than %d tracks", container.MaxTracks)}
		}
	}
	if err := d.w.Err(); err != nil {
		return nil, err
	}
	if len(d.queue) > 0 {
		return d, nil
	}
	if len(d.tracks) > 0 {
		return nil, &container.UnusableError{Reason: container.HeaderOnly, Detail: "it is an Ogg file that has headers and no sound"}
	}
	detail := "it is an Ogg file without the beginning of a stream of Opus, Vorbis or FLAC"
	for _, f := range d.foreign {
		detail += ", but with " + f.Format
	}
	return nil, &container.UnusableError{Reason: container.NoTracks, Detail: detail}
}

// Format implements container.Reader.
func (d *Reader) Format() container.Format { return container.Ogg }

// Tracks implements container.Reader.
func (d *Reader) Tracks() []container.Track { return d.tracks }

// Foreign implements container.Reader.
func (d *Reader) Foreign() []container.Foreign { return d.foreign }

// Duration implements container.Reader. Ogg states none.
func (d *Reader) Duration() time.Duration { return 0 }

// Damage implements container.Reader.
func (d *Reader) Damage() []container.Damage { return d.loss.All() }

// Consumed implements container.Reader.
func (d *Reader) Consumed() int64 { return min(d.pos, d.size) }

// Next implements container.Reader.
func (d *Reader) Next() (container.Packet, error) {
	d.current = packet{}
	for len(d.queue) == 0 {
		if err := d.w.Err(); err != nil {
			return container.Packet{}, fmt.Errorf("read at byte %d: %w", d.pos, err)
		}
		if d.pos >= d.size {
			d.cutOff()
			d.loss.Close(d.end)
			return container.Packet{}, io.EOF
		}
		d.step()
	}
	d.current, d.queue = d.queue[0], d.queue[1:]
	return d.current.Packet, nil
}

// Payload implements container.Reader.
func (d *Reader) Payload(buf []byte) ([]byte, error) {
	if len(d.current.parts) == 0 {
		return buf, errors.New("payload asked for before a packet")
	}
	return d.bytes(buf, d.current.parts, d.current.Size)
}

// bytes appends the first n bytes of a packet.
func (d *Reader) bytes(buf []byte, parts []part, n int) ([]byte, error) {
	var err error
	for _, p := range parts {
		if buf, err = d.w.AppendTo(buf, p.at, min(p.n, n)); err != nil {
			return buf, err
		}
		n -= min(p.n, n)
	}
	return buf, nil
}

// step goes past one page, or past damage. It always moves forward.
func (d *Reader) step() {
	p, k := pageAt(d.w, d.pos, d.size)
	if k == goodPage {
		at := d.pos
		d.pos = p.end
		d.page(p, at)
		return
	}
	next, found := findPage(d.w, d.pos+1, d.size, &d.budget)
	cause := container.Hole
	if !found {
		cause = container.Truncated
	}
	d.damaged(container.Damage{Cause: cause, Offset: d.pos, Bytes: next - d.pos})
	d.pos = next
}

// cutOff notes the packet whose end would be on the page behind the file's end.
func (d *Reader) cutOff() {
	for _, s := range d.streams {
		if !s.given || len(s.open) == 0 {
			continue
		}
		missing := container.Damage{Cause: container.Truncated, Offset: s.open[0].at}
		for _, part := range s.open {
			missing.Bytes += int64(part.n)
		}
		s.open = nil
		d.damaged(missing)
	}
}

// damaged notes that something is missing up to the next packet.
func (d *Reader) damaged(l container.Damage) {
	l.From, l.To = d.end, d.end
	d.loss.Open(l)
}

// page takes in one page.
func (d *Reader) page(p page, at int64) {
	s := d.streams[p.serial]
	if p.flags&begins != 0 && (s == nil || s.over || s.ready) {
		d.begin(p)
		return
	}
	if s == nil {
		d.damaged(container.Damage{Cause: container.Hole, Offset: at, Bytes: p.end - at})
		return
	}
	ended, dropped := s.split(p)
	if dropped && s.given {
		d.damaged(container.Damage{Cause: container.Hole, Offset: at})
	}
	s.over = p.flags&ends != 0
	if s.mapping == nil {
		return
	}
	for len(ended) > 0 && !s.ready && s.mapping != nil {
		if !d.header(s, ended[0]) {
			ended = ended[1:]
		}
	}
	if s.ready && len(ended) > 0 {
		d.give(s, p, ended)
	}
}

// begin takes in the first page of a stream. Where the streams before have sounded already it begins a new link of a chain, as a
// recorder leaves it that was stopped and started again: its times begin anew. How long the recorder was off is not known, so
// it follows at once, and the seam is stated.
func (d *Reader) begin(p page) {
	if d.sound {
		d.streams, d.chained, d.sound = map[uint32]*stream{}, true, false
		d.loss.Close(d.end)
		d.loss.Add(container.Damage{Cause: container.Hole, From: d.end, To: d.end, Offset: p.body})
	}
	s := &stream{base: d.end}
	d.streams[p.serial] = s
	ended, _ := s.split(p)
	if len(ended) == 0 {
		return
	}
	first, err := d.bytes(nil, ended[0], maxHeader)
	if err != nil {
		return // the window keeps it
	}
	var kind container.Kind
	var format string
	s.mapping, kind, format = identify(first)
	if s.mapping == nil && kind != "" && !d.chained {
		d.foreign = append(d.foreign, container.Foreign{ID: len(d.foreign) + len(d.tracks) + 1, Kind: kind, Format: format})
	}
}

// header hands a header packet to its stream; true where it was none but the first sound.
func (d *Reader) header(s *stream, parts []part) (isSound bool) {
	content, err := d.bytes(nil, parts, maxHeader)
	if err != nil {
		s.mapping = nil
		return false
	}
	taken, complete := s.mapping.header(content)
	if !complete {
		return false
	}
	t, ok := s.mapping.track()
	if !ok {
		s.mapping = nil
		return false
	}
	s.ready = true
	t.Kind = container.Audio
	d.assign(s, t)
	return !taken
}

// assign gives a stream's packets to a track: a new one in the first link, and in later ones the one whose decoder takes them.
func (d *Reader) assign(s *stream, t container.Track) {
	s.desc = t
	if !d.chained && !d.sound {
		s.desc.ID, s.given = len(d.foreign)+len(d.tracks)+1, true
		d.tracks = append(d.tracks, s.desc)
		return
	}
	for _, old := range d.tracks {
		if !d.taken(old.ID) && goesOn(old, t) {
			s.desc.ID, s.given, s.broken = old.ID, true, true
			return
		}
	}
}

func (d *Reader) taken(id int) bool {
	for _, s := range d.streams {
		if s.given && s.desc.ID == id {
			return true
		}
	}
	return false
}

// give queues the packets that end on a page.
func (d *Reader) give(s *stream, p page, ended [][]part) {
	d.sound = true
	samples := make([]int64, len(ended))
	var head [packetHead]byte
	for i, parts := range ended {
		if b, err := d.bytes(head[:0], parts, packetHead); err == nil {
			samples[i] = s.mapping.samples(b)
		}
	}
	for i, place := range s.place(p, samples) {
		size := 0
		for _, part := range ended[i] {
			size += part.n
		}
		at, until := s.at(place.from), s.at(place.to)
		beyond := p.flags&ends != 0 && samples[i] > 0 && place.to <= place.from // behind the recording's end
		if size == 0 || beyond {
			continue
		}
		damage := container.Damage{Cause: container.Corrupt, Track: s.desc.ID, From: d.end, To: d.end, Offset: ended[i][0].at, Bytes: int64(size)}
		if at > container.MaxDuration || at < -container.MaxDuration || size > container.MaxPacketSize {
			d.loss.Add(damage)
			s.lost()
			continue
		}
		if s.given {
			d.loss.Close(max(at, 0))
			d.queue = append(d.queue, packet{container.Packet{Track: s.desc.ID, PTS: at, DTS: container.NoTime, Duration: max(until-at, 0),
				Key: true, Size: size, Offset: ended[i][0].at, AfterLoss: s.broken}, ended[i]})
			s.broken = false
		} else {
			damage.Cause, damage.Track, damage.From, damage.To = container.Undecodable, 0, at, max(until, at)
			d.loss.Add(damage)
		}
		d.end = max(d.end, until)
	}
}
