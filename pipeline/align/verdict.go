package align

import (
	"math"
)

// What is asked of an answer.
const (
	leastScore  = 50.0  // sum of what agreeing windows stand out by
	leastShare  = 0.55  // of the lively windows, of one side at least, that agree
	improbable  = -12.0 // log10 of the probability that chance agreed as much
	exactShare  = 0.7   // of the windows that agree
	exactMargin = 1.0   // natural logarithm by which no other arrival may be as plausible as the direct path
)

// judge weighs the evidence.
func (t *track) judge() Answer {
	var answer Answer
	e := t.weigh(&answer)
	for _, s := range t.pieces {
		answer.Pieces = append(answer.Pieces, Piece{From: s.from, To: s.to, Start: s.lag, Rate: 1 + s.drift, Residual: s.residual})
	}
	answer.Confidence = e.share()
	switch {
	case e.score < leastScore || chance(e.agree, e.of) > improbable:
		answer.Verdict, answer.Reason = CannotAlign, "the two sound alike in places, but not more than chance allows"
	case e.share() < leastShare:
		answer.Verdict, answer.Reason = CannotAlign, "some of the sound is the same, but most of what is heard in the one is not heard in the other"
	case e.tight < exactShare*float64(e.agree):
		answer.Verdict, answer.Reason = Approximate, "the room or noise blurs the sound: the comparisons agree to some tens of milliseconds only"
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

// evidence counts windows in what the two have in common.
type evidence struct {
	of, agree int        // windows compared; that have a peak at their piece's lag
	tight     float64    // that have it within inlier
	score     float64    // sum of what they stand out by
	lively    [2]float64 // windows in which the reference, the other stood out
	explained [2]float64 // of these, that agree
}

// share is how much of what stood out agrees, by the side of which more does. One side may have heard what the other could not:
// echo cancellation takes the questions out of the laptop's sound, and somebody may talk beside the phone. But where both heard
// things that the other did not for the most part, they were not in one room.
func (e evidence) share() float64 {
	best := 0.0
	for side := range e.lively {
		if e.lively[side] >= 3 {
			best = max(best, e.explained[side]/e.lively[side])
		}
	}
	return best
}

func (t *track) weigh(answer *Answer) (e evidence) {
	for i := range t.windows {
		w := &t.windows[i]
		piece := t.pieceAt(w.t)
		if piece == nil {
			continue
		}
		lag := piece.at(w.t)
		height, at, covered := w.height(lag, mode, t.sign)
		if !covered {
			continue
		}
		agrees := height >= standing
		answer.Evidence = append(answer.Evidence, Point{T: w.t, Lag: at, Agrees: agrees && math.Abs(at-lag) <= inlier})
		e.of++
		if agrees {
			e.agree++
			e.score += min(height, strong)
			if near, _, _ := w.height(lag, inlier, t.sign); near >= standing {
				e.tight++
			}
		}
		for side, lively := range w.lively {
			if lively {
				e.lively[side]++
				if agrees {
					e.explained[side]++
				}
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

// chance bounds the probability, as its logarithm to base 10, that k of n windows fall on one line by luck: Chernoff's bound for
// windows that each fall anywhere in reach, times the number of lines that were tried.
func chance(k, n int) float64 {
	const p = 2 * mode * SampleRate / (2.0 * reach)
	q := float64(k) / float64(n)
	if n == 0 || q <= p {
		return 0
	}
	divergence := q * math.Log(q/p)
	if q < 1 {
		divergence += (1 - q) * math.Log((1-q)/(1-p))
	}
	return (-float64(n)*divergence + 2*math.Log(float64(n))) / math.Ln10
}
