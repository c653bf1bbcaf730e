package ogg

import (
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// maxHeader bounds what is read of a header packet; a comment with a picture in it may be longer.
const maxHeader = 1 << 20

// part is a run of a packet's bytes: a packet that goes on on another page has several.
type part struct {
	at int64
	n  int
}

// packet is a packet and where its bytes lie.
type packet struct {
	container.Packet
	parts []part
}

// stream is a logical bitstream: the pages of one serial number.
type stream struct {
	mapping mapping
	desc    container.Track // once ready
	ready   bool            // its headers are complete
	given   bool            // its packets are given out; otherwise its track is not one of the reader's
	base    time.Duration   // where the link begins that it is of

	started  bool
	over     bool   // its last page was seen
	sequence uint32 // of the next page
	open     []part // a packet that goes on on the next page

	timed  bool  // position is known
	first  int64 // position of the stream's first sample
	next   int64 // position of the next packet
	broken bool  // packets are missing before the next one
}

// at is the media time of a position.
func (s *stream) at(position int64) time.Duration {
	return s.base + container.SamplesToTime(position-s.first-s.mapping.skip(), s.desc.SampleRate)
}

// lost is told that pages of the stream are missing.
func (s *stream) lost() {
	s.open, s.broken = nil, true
	if s.mapping != nil {
		s.mapping.lost()
	}
}

// split takes a page apart: the packets that end on it. A packet that goes on is kept for the next page.
func (s *stream) split(p page) (ended [][]part, dropped bool) {
	if s.started && p.sequence != s.sequence {
		s.lost()
		dropped = true
	}
	s.started, s.sequence = true, p.sequence+1
	headless := p.flags&continues != 0 && len(s.open) == 0 // the end of a packet whose beginning is lost
	if p.flags&continues == 0 && len(s.open) > 0 {
		s.lost()
		dropped = true
	}
	at := p.body
	run := part{at: at}
	for _, n := range p.lacing {
		run.n += int(n)
		at += int64(n)
		if n == 255 {
			continue
		}
		whole := append(s.open, run)
		s.open, run = nil, part{at: at}
		if headless {
			headless = false
			continue
		}
		ended = append(ended, whole)
	}
	if run.n > 0 && !headless {
		s.open = append(s.open, run)
	}
	return ended, dropped
}

// timing is a packet's place among its stream's samples.
type timing struct{ from, to int64 }

// place gives the positions of the packets that end on a page and have so many samples. The page says where the last of them ends; its
// packets lie before that one behind the other. Only the last page says where the recording ends within them, and is counted from
// what came before.
func (s *stream) place(p page, samples []int64) []timing {
	var total int64
	for _, n := range samples {
		total += n
	}
	stated := p.granule != noGranule
	last := p.flags&ends != 0
	from := s.next
	switch {
	case !stated && !s.timed:
		from = 0
	case !stated:
	case s.timed && !s.broken && last && p.granule-total <= s.next:
	case !s.timed && last && p.granule <= total:
		from = 0
	default:
		from = p.granule - total
	}
	if !s.timed {
		if from < 0 && !s.mapping.early() {
			from = 0
		}
		s.timed, s.first = true, max(from, 0)
	}
	places := make([]timing, len(samples))
	for i, n := range samples {
		places[i] = timing{from, from + n}
		from += n
		if last && stated {
			places[i].to = min(places[i].to, max(p.granule, places[i].from))
		}
	}
	s.next = from
	return places
}
