package align

import (
	"math"
)

// What is asked of an answer. docs/alignment.md shows how far right and wrong answers lie apart.
const (
	leastZ      = 12.0 // standard deviations of the evidence from none
	leastShare  = 0.7  // of what stood out on one side at least, that the other heard too
	exactMargin = 1.3  // natural logarithm by which no other arrival may be as plausible as the direct path
	exactZ      = 20.0

	mostContradiction = 0.2  // of what somebody says on either side, that is not the same
	contradictions    = 3    // half seconds that are not chance
	fewContradiction  = 0.05 // the same where what is said agrees in little but its phase: music that both hear does
	leastLikeness     = 0.5  // mean correlation of the features below which that is so
	leastConfidence   = 0.7
	leastVoices       = 8    // half seconds of agreeing voices for each of several pieces
	longPiece         = 20.0 // seconds of a piece, on average, from which on that is not asked
	longEnd           = 12.0 // seconds of a claim beyond all that agrees, in which
	endContradictions = 5    // half seconds of other voices show that the two are not in one room
	leastOverlap      = 10.0 // seconds, where both go on for much longer: a single question that was played to both is no evidence
)

// judge weighs the evidence.
func (t *track) judge(heard []voices) Answer {
	var answer Answer
	for _, s := range t.pieces {
		answer.Pieces = append(answer.Pieces, Piece{From: s.from, To: s.to, Start: s.lag, Rate: 1 + s.drift, Residual: s.residual})
	}
	e := t.weigh(&answer)
	contradicted, surely := contradiction(heard)
	answer.Confidence = e.share() * (1 - contradicted)
	switch {
	case t.overlap() < min(leastOverlap, t.span[0]/2, t.span[1]/2):
		answer.Verdict, answer.Reason = CannotAlign, "what is the same in the two lasts less than ten seconds"
	case e.z() < leastZ:
		answer.Verdict, answer.Reason = CannotAlign, "the two sound alike in places, but not more than chance allows"
	case e.share() < leastShare:
		answer.Verdict, answer.Reason = CannotAlign, "some of the sound is the same, but most of what is heard in the one is not heard in the other"
	case surely && (contradicted > mostContradiction || contradicted > fewContradiction && likeness(heard) < leastLikeness):
		answer.Verdict, answer.Reason = CannotAlign, "some of the sound is the same, but different voices speak at the same time"
	case t.broken(heard):
		answer.Verdict, answer.Reason = CannotAlign, "some of the sound is the same, but at lags that change more often than losses explain"
	case answer.Confidence < leastConfidence:
		answer.Verdict, answer.Reason = CannotAlign, "too much of what is heard in the one is not heard in the other, or contradicts it"
	case t.partsWays(heard):
		answer.Verdict, answer.Reason = CannotAlign, "some of the sound is the same, but before or behind it different voices speak"
	case e.z() < exactZ:
		answer.Verdict, answer.Reason = Approximate, "there is little sound to compare, or much noise over it"
	case t.margin < exactMargin:
		answer.Verdict, answer.Reason = Approximate, "the room reflects the sound so strongly that its direct path is not certain"
	default:
		answer.Verdict = Exact
	}
	if answer.Verdict == CannotAlign {
		answer.Pieces = nil
	}
	return answer
}

// contradiction is the share of half seconds in which both sides should have heard the same and did not, and whether there are so many
// that they are not chance.
func contradiction(heard []voices) (share float64, surely bool) {
	agree, contradict := 0, 0
	for _, v := range heard {
		agree += v.agree
		contradict += v.contradict
	}
	return float64(contradict) / max(float64(agree+contradict), 1), contradict >= contradictions
}

// likeness is how alike the features are where somebody speaks.
func likeness(heard []voices) float64 {
	sum := 0.0
	for _, v := range heard {
		sum += v.likeness
	}
	return sum / max(float64(len(heard)), 1)
}

// broken reports whether there are many pieces and little in each: that is how recordings fit of which one plays at other times what the
// other played, a question at a time.
func (t *track) broken(heard []voices) bool {
	agree, n := 0, len(t.pieces)
	for _, v := range heard {
		agree += v.agree
	}
	claimed := 0.0
	for _, s := range t.pieces {
		claimed += s.to - s.from
	}
	return n > 1 && agree < n*leastVoices && claimed < float64(n)*longPiece
}

// partsWays reports whether other voices speak, and nothing is the same any more, before the first or behind the last of what the two
// have in common: as where two rooms begin with the same questions.
func (t *track) partsWays(heard []voices) bool {
	first, last := &t.pieces[0], &t.pieces[len(t.pieces)-1]
	for _, end := range [2][2]float64{{first.from, first.first}, {last.last, last.to}} {
		agree, contradict := 0, 0
		for _, v := range heard {
			if v.t > end[0] && v.t < end[1] {
				agree += v.agree
				contradict += v.contradict
			}
		}
		if end[1]-end[0] > longEnd && contradict >= endContradictions && contradict > 2*agree {
			return true
		}
	}
	return false
}

// overlap is how many seconds of the other sound the pieces reach over.
func (t *track) overlap() float64 {
	return t.pieces[len(t.pieces)-1].to - t.pieces[0].from
}

// evidence sums up what the windows say of the pieces: all of them, and those in which the reference or the other stood out.
type evidence struct {
	all    tally
	lively [2]tally
	none   moments // of what windows say of lags that are none
}

// tally is what some windows say.
type tally struct {
	moments
	agree float64 // windows that, with their neighbours, plainly have their piece's lag
}

// moments are the number of values, their sum and the sum of their squares.
type moments struct{ n, sum, squares float64 }

func (m *moments) add(v float64) {
	m.n++
	m.sum += v
	m.squares += v * v
}

func (m moments) mean() float64 { return m.sum / max(m.n, 1) }

// spread is the mean square of the distance from a value.
func (m moments) spread(from float64) float64 {
	return m.squares/max(m.n, 1) - 2*from*m.mean() + from*from
}

// z is how many standard deviations the windows' mean is above what chance gives.
func (e evidence) z() float64 {
	none := e.none.mean()
	return (e.all.mean() - none) * math.Sqrt(e.all.n/max(e.none.spread(none), 1e-6))
}

// share is how much of what stood out agrees, by the side of which more does. One side may have heard what the other could not:
// echo cancellation takes the questions out of the laptop's sound, and somebody may talk beside the phone. But where both heard
// things that the other did not for the most part, they were not in one room.
//
// In noise no window agrees plainly; but if a share s of windows has evidence of any one strength, and the others have none, then
// mean² over mean square is s.
func (e evidence) share() float64 {
	const few = 3
	none := e.none.mean()
	noise := e.none.spread(none)
	best := 0.0
	for _, side := range e.lively {
		if side.n < few {
			continue
		}
		mean := side.mean() - none
		strength := max(side.spread(none)-noise, 0.1*noise)
		best = max(best, side.agree/side.n, mean*math.Abs(mean)/strength)
	}
	return min(best, 1)
}

// elsewhere are distances from a window's expected lag, in seconds, at which it has nothing to say.
var elsewhere = [...]float64{-0.14, -0.127, -0.113, -0.1, -0.09, -0.08, -0.07, -0.06, 0.061, 0.072, 0.083, 0.091, 0.1, 0.11, 0.125, 0.138}

// weigh lets all windows speak, and notes them in the answer.
func (t *track) weigh(answer *Answer) (e evidence) {
	const most = 6.0 // a single window's say
	say := func(w *window, lag float64) float64 { return min(max(w.alone(lag), -most), most) }
	for i := range t.windows {
		w := &t.windows[i]
		piece := t.pieceAt(w.t)
		if piece == nil {
			continue
		}
		lag := piece.seen + piece.drift*w.t
		if _, _, covered := w.height(lag, inlier); !covered {
			continue
		}
		for _, off := range elsewhere {
			if other := w.centre() + off; math.Abs(other-lag) > arrivals {
				e.none.add(say(w, other))
			}
		}
		v := say(w, lag)
		height, at, _ := w.height(lag, mode)
		agrees := height >= standing
		answer.Evidence = append(answer.Evidence, Point{T: w.t, Lag: at + piece.lag - piece.seen, Agrees: agrees && math.Abs(at-lag) <= inlier})
		for _, side := range []struct {
			counts bool
			tally  *tally
		}{{true, &e.all}, {w.lively[0], &e.lively[0]}, {w.lively[1], &e.lively[1]}} {
			if !side.counts {
				continue
			}
			side.tally.add(v)
			if agrees {
				side.tally.agree++
			}
		}
	}
	return e
}

func (t *track) pieceAt(at float64) *segment {
	for i := range t.pieces {
		if s := &t.pieces[i]; at >= s.from && at < s.to {
			return s
		}
	}
	return nil
}
