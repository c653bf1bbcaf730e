package timeline

import (
	"errors"
	"fmt"
)

// Piece maps an interval of media time to interview time: t is Start + Rate·t for From ≤ t < To, all in seconds.
type Piece struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Start float64 `json:"start"`
	Rate  float64 `json:"rate"`
}

func (p Piece) at(t float64) float64 { return p.Start + p.Rate*t }

// Map says where on the timeline a take's media time lies. It has one piece, unless the recorder lost time without noticing it:
// then interview time jumps ahead from one piece to the next; or unless what it was placed on did: then some of its own media
// time, between two pieces, has no interview time of its own, and is mapped to the moment of the jump.
type Map []Piece

// Line is a map of one piece.
func Line(start, rate, duration float64) Map {
	return Map{{From: 0, To: duration, Start: start, Rate: rate}}
}

// At is the interview time of a media time. The first and the last piece hold beyond their ends.
func (m Map) At(media float64) float64 {
	for i, p := range m {
		switch {
		case media >= p.To && i < len(m)-1:
			continue
		case media < p.From && i > 0:
			return p.at(p.From)
		default:
			return p.at(media)
		}
	}
	return media
}

// Media is the media time of an interview time; in a jump, where there is no media, it is that of the jump.
func (m Map) Media(interview float64) float64 {
	for i, p := range m {
		switch {
		case interview >= p.at(p.To) && i < len(m)-1:
			continue
		case interview < p.at(p.From) && i > 0:
			return p.From
		default:
			return (interview - p.Start) / p.Rate
		}
	}
	return interview
}

// Over puts one map behind another: if inner leads from a take's media time to another take's, and m from there to interview time,
// the result leads from the first to interview time.
func (m Map) Over(inner Map) Map {
	var out Map
	for _, p := range inner {
		for k, q := range m {
			from, to := p.From, p.To
			if k > 0 {
				from = max(from, (q.From-p.Start)/p.Rate)
			}
			if k < len(m)-1 {
				to = min(to, (q.To-p.Start)/p.Rate)
			}
			// Beyond the ends of m its first and last piece go on; so do the inner's.
			if to > from {
				out = append(out, Piece{From: from, To: to, Start: q.Start + q.Rate*p.Start, Rate: q.Rate * p.Rate})
			}
		}
	}
	if len(out) == 0 && len(inner) > 0 && len(m) > 0 {
		p, q := inner[0], m[0]
		return Map{{From: p.From, To: p.To, Start: q.Start + q.Rate*p.Start, Rate: q.Rate * p.Rate}}
	}
	return out
}

// validate checks what At and Media rely on.
func (m Map) validate() error {
	for i, p := range m {
		switch {
		case !finite(p.From, p.To, p.Start, p.Rate):
			return errors.New("has a time that is not a number")
		case p.Rate < 0.5 || p.Rate > 2:
			return fmt.Errorf("has a rate of %g; clocks do not differ that much", p.Rate)
		case p.To < p.From, i > 0 && p.From < m[i-1].To:
			return fmt.Errorf("has pieces that are not in order (%g–%g s)", p.From, p.To)
		case i > 0 && p.at(p.From) < m[i-1].at(m[i-1].To)-mapTolerance:
			return fmt.Errorf("has pieces that run back in interview time at %g s", p.From)
		}
	}
	return nil
}

// mapTolerance is how far, in seconds, a piece may begin before its predecessor's end on the timeline: both ends are measured.
const mapTolerance = 1.0
