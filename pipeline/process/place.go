package process

import (
	"context"
	"math"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/align"
	"github.com/trivue/trivue/timeline"
)

// clockUncertainty is how far a recorder's stamp may be off: MediaRecorder's start to its first picture can take up to 8 s.
const clockUncertainty = 15.0 // seconds

// placement is a take and where it lies.
type placement struct {
	take           *Take
	where          timeline.Map
	by             timeline.Placed
	heard          timeline.Heard
	residual       float64
	confidence     float64
	reason         string
	settled        bool // lies where it will lie
	tried          map[*Take]bool
	bestConfidence float64
}

// placeAll puts every take on interview time. One take is the reference: the first camera take that hears something, or what
// comes nearest to that. Every other is placed by sound against one that is placed already, in as many rounds as it takes:
// the phone's second take may overlap nothing but the camera's second, which was placed by the screen's sound. What sound
// cannot place goes by the clock, and what has no clock is shown after its predecessor and called unplaced.
func placeAll(ctx context.Context, takes []*Take, zero time.Time, progress func(float64)) ([]placement, error) {
	all := make([]placement, len(takes))
	for i, t := range takes {
		all[i] = placement{take: t, where: timeline.Line(0, 1, t.seconds()), by: timeline.Unplaced, tried: map[*Take]bool{}}
	}
	reference := chooseReference(all)
	reference.move(referenceStart(reference.take, zero))
	reference.by, reference.confidence, reference.settled = timeline.ByReference, 1, true

	pairs, tried := len(all)*(len(all)-1)/2, 0
	for again := true; again; {
		again = false
		for i := range all {
			p := &all[i]
			if p.settled || !audible(p.take) {
				continue
			}
			found, n, err := placeBySound(ctx, p, all)
			if err != nil {
				return nil, err
			}
			tried += n
			progress(min(1, float64(tried)/float64(max(pairs, 1))))
			again = again || found
		}
	}
	for i := range all {
		if !all[i].settled {
			placeWithoutSound(&all[i], all, reference)
		}
	}
	progress(1)
	return all, nil
}

// chooseReference prefers what others can be heard against, then the camera, then the first.
func chooseReference(all []placement) *placement {
	for _, needsSound := range []bool{true, false} {
		for _, kind := range exam.Kinds {
			for i := range all {
				t := all[i].take
				if t.Kind == kind && (!needsSound || audible(t)) {
					return &all[i]
				}
			}
		}
	}
	return &all[0]
}

func audible(t *Take) bool { return t.Heard != nil && !t.Heard.Silent }

// referenceStart is the interview time of the reference's media time 0. Without a server, interview time zero is the first
// picture of the reference (the first camera frame).
func referenceStart(t *Take, zero time.Time) float64 {
	if !zero.IsZero() && !t.StartedAt.IsZero() {
		return t.StartedAt.Sub(zero).Seconds()
	}
	if t.Playback.Video != nil {
		return -t.Playback.Video.First.Seconds()
	}
	return 0
}

// placeBySound tries a take against every settled one that it was not tried against yet, and settles it by the best answer.
func placeBySound(ctx context.Context, p *placement, all []placement) (found bool, tried int, err error) {
	for i := range all {
		r := &all[i]
		if !r.settled || r.take == p.take || r.take.Kind == p.take.Kind || !audible(r.take) || p.tried[r.take] || r.by == timeline.ByClock {
			continue
		}
		p.tried[r.take] = true
		tried++
		answer, err := compare(ctx, r.take, p.take, clockPrior(r, p.take))
		if err != nil {
			return false, tried, err
		}
		if answer.Verdict == align.CannotAlign {
			if p.heard == "" {
				p.heard, p.reason = timeline.HeardNothingAlike, answer.Reason
			}
			continue
		}
		if answer.Confidence > p.bestConfidence {
			p.bestConfidence = answer.Confidence
			p.where = r.where.Over(answerMap(answer, p.take.seconds()))
			p.by, p.heard, p.reason = timeline.BySound, timeline.Heard(answer.Verdict), answer.Reason
			p.residual, p.confidence = residual(answer)+r.residual, answer.Confidence*r.confidence
			found = true
		}
	}
	p.settled = p.settled || found
	return found, tried, nil
}

// answerMap takes an answer's pieces for the whole take: what lies before the first or behind the last was not heard in the
// reference, but the same clock went on.
func answerMap(answer align.Answer, duration float64) timeline.Map {
	m := make(timeline.Map, len(answer.Pieces))
	for i, p := range answer.Pieces {
		m[i] = timeline.Piece{From: p.From, To: p.To, Start: p.Start, Rate: p.Rate}
	}
	m[0].From = min(0, m[0].From)
	m[len(m)-1].To = max(duration, m[len(m)-1].To)
	return m
}

// blurred is how far off, in seconds, an approximate answer may be.
const blurred = 0.03

func residual(answer align.Answer) float64 {
	most := 0.0
	for _, p := range answer.Pieces {
		most = max(most, p.Residual)
	}
	if answer.Verdict == align.Approximate {
		most = max(most, blurred)
	}
	return most
}

// move puts a take that has no evidence of its own rate where it begins at an interview time.
func (p *placement) move(start float64) { p.where = timeline.Line(start, 1, p.take.seconds()) }

// start and end are the interview times at which the take begins and ends.
func (p *placement) start() float64 { return p.where.At(0) }
func (p *placement) end() float64   { return p.where.At(p.take.seconds()) }

// clockPrior says where a take's start lies on the reference's media time by the recorders' stamps.
func clockPrior(reference *placement, t *Take) align.Prior {
	if reference.take.StartedAt.IsZero() || t.StartedAt.IsZero() {
		return align.Prior{}
	}
	return align.Prior{Known: true, Start: t.StartedAt.Sub(reference.take.StartedAt).Seconds(), Within: clockUncertainty}
}

// placeWithoutSound falls back to the stamps, and without them to the order in which takes of one kind came.
func placeWithoutSound(p *placement, all []placement, reference *placement) {
	if p.reason == "" {
		p.reason = "it has no sound to compare"
		if p.take.Heard != nil && p.take.Heard.Silent {
			p.reason = "its sound is silence"
		}
	}
	p.settled = true
	if !p.take.StartedAt.IsZero() && !reference.take.StartedAt.IsZero() {
		p.move(reference.start() + p.take.StartedAt.Sub(reference.take.StartedAt).Seconds())
		p.by, p.residual, p.confidence = timeline.ByClock, clockUncertainty/2, 0.3
		return
	}
	start := math.Inf(-1)
	for i := range all {
		before := &all[i]
		if before == p {
			break
		}
		if before.take.Kind == p.take.Kind && before.settled {
			start = max(start, before.end())
		}
	}
	if math.IsInf(start, -1) {
		start = reference.start()
	}
	p.move(start)
}
