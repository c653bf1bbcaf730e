package container

import "time"

// maxLosses bounds the list: a file of nothing but damage has as many entries, and the rest joins the last.
const maxLosses = 1000

// Losses is a list of damage under construction, for readers. An open entry is still waiting for the good packet that ends it.
type Losses struct {
	all  []Damage
	last int // index of the open one, plus one
}

// All lists what was noted, in file order.
func (l *Losses) All() []Damage { return l.all }

// Add notes damage whose interval is known. What goes on where the last entry ended is one with it.
func (l *Losses) Add(d Damage) {
	if n := len(l.all); n > 0 && l.last != n {
		if last := &l.all[n-1]; last.Cause == d.Cause && last.Track == d.Track && d.From <= last.To && d.From >= last.From {
			last.Bytes, last.To = last.Bytes+d.Bytes, max(last.To, d.To)
			return
		}
	}
	if len(l.all) == maxLosses {
		last := &l.all[maxLosses-1]
		last.Bytes, last.To = last.Bytes+d.Bytes, max(last.To, d.To)
		return
	}
	l.all = append(l.all, d)
}

// Open notes damage that lasts until the next good packet. Damage that begins before another has ended is one with it.
func (l *Losses) Open(d Damage) {
	if l.last > 0 {
		last := &l.all[l.last-1]
		last.Bytes += d.Bytes
		if d.Cause == Truncated {
			last.Cause = Truncated
		}
		return
	}
	l.Add(d)
	l.last = len(l.all)
}

// Close ends the open damage at the time of the next good packet.
func (l *Losses) Close(at time.Duration) {
	if l.last == 0 {
		return
	}
	l.all[l.last-1].To = max(at, l.all[l.last-1].From)
	l.last = 0
}
