package align

import (
	"context"
)

// Geometry of the search for a piece's end.
const (
	boundaryWindow = 8192 // samples: 1 s
	boundaryStep   = 0.25 // seconds
	boundaryReach  = 14.0 // seconds that the labels of windows may be wrong beside a jump: they are smoothed over their neighbours
	jumpStanding   = 0.7  // above what chance gives, at which a window speaks neither for nor against a piece
)

// bound says how far each piece reaches. The first and the last reach as far as both sounds do. Where one piece follows another
// the lag jumped: upwards where the other lost samples, and the two meet; downwards where the reference did, and as much of the
// other's sound between them has no counterpart. Where exactly is tried in small steps: before it short windows should agree with
// the first piece, behind it with the second.
func (t *track) bound(ctx context.Context, m *measurer) error {
	n := len(t.pieces)
	first, last := &t.pieces[0], &t.pieces[n-1]
	first.from = max(0, -first.lag/(1+first.drift))
	last.to = min(t.span[1], (t.span[0]-last.lag)/(1+last.drift))
	for i := 1; i < n; i++ {
		p, q := &t.pieces[i-1], &t.pieces[i]
		middle := (p.last + q.first) / 2
		missing := max(0, p.at(middle)-q.at(middle)) // of the reference
		at, err := t.jump(ctx, m, p, q, missing)
		if err != nil {
			return err
		}
		p.to, q.from = at, min(at+missing, q.last)
	}
	return nil
}

// jump is the other's time at which piece p ends.
func (t *track) jump(ctx context.Context, m *measurer, p, q *segment, missing float64) (float64, error) {
	from := max(p.first, min(p.last, q.first-missing)-boundaryReach)
	to := max(min(q.last-missing, max(p.last, q.first-missing)+boundaryReach), from+boundaryStep)
	n := int((to-from)/boundaryStep) + 1
	var gain [2][]float64 // of each step, for the piece before and the piece behind
	for side, s := range [2]*segment{p, q} {
		gain[side] = make([]float64, n)
		for i := range n {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			at := from + float64(i)*boundaryStep
			if side == 1 {
				at += missing
			}
			w, ok, err := m.measure(at, s.at(at), boundaryWindow)
			if err != nil {
				return 0, err
			}
			if ok {
				t.match(&w)
				w.curve = w.matched
				within := min(max(2*s.residual, 0.0004), inlier)
				height, _, _ := w.height(s.at(at), within)
				chance := 0.0
				for _, off := range elsewhere {
					h, _, _ := w.height(w.centre()+off, within)
					chance += h / float64(len(elsewhere))
				}
				gain[side][i] = min(height, strong) - chance - jumpStanding
			}
		}
	}
	behind := 0.0
	for _, v := range gain[1] {
		behind += v
	}
	best, top := 0, behind
	before := 0.0
	for i := range n {
		before += gain[0][i]
		behind -= gain[1][i]
		if before+behind > top {
			best, top = i+1, before+behind
		}
	}
	return from + (float64(best)-0.5)*boundaryStep, nil
}
