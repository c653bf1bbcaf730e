package webm

import (
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// losses notes damage; an open one is still waiting for the good packet that ends it.
type losses struct {
	all  []container.Damage
	last int // index of the open one, plus one
}

// maxLosses bounds the list: a file of nothing but damage has as many entries as fit into a screen or two, and the rest joins
// the last.
const maxLosses = 1000

func (l *losses) add(d container.Damage) {
	if len(l.all) == maxLosses {
		last := &l.all[maxLosses-1]
		last.Bytes, last.To = last.Bytes+d.Bytes, max(last.To, d.To)
		return
	}
	l.all = append(l.all, d)
}

// open notes damage that lasts until the next good packet. Damage that begins before another has ended is one with it.
func (l *losses) open(d container.Damage) {
	if l.last > 0 {
		last := &l.all[l.last-1]
		last.Bytes += d.Bytes
		if d.Cause == container.Truncated {
			last.Cause = container.Truncated
		}
		return
	}
	l.add(d)
	l.last = len(l.all)
}

// close ends the open damage at the time of the next good packet.
func (l *losses) close(at time.Duration) {
	if l.last == 0 {
		return
	}
	l.all[l.last-1].To = max(at, l.all[l.last-1].From)
	l.last = 0
}
