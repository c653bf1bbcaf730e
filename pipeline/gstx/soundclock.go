package gstx

import "time"

// jump is how far a packet's time may lie from where the samples before it end before that is taken for a hole (or an overlap)
// and not for the rounding of time stamps: Matroska rounds to 1 ms, and Chromium was seen to lose 10 ms at a time.
const jump = 5 * time.Millisecond

// settling is over how many packets the deviation of time stamps from samples is smoothed.
const settling = 64

// soundClock knows at which media time decoded samples lie. Within a run without holes the samples are the measure; the time
// stamps of packets, which are rounded, only lead it slowly, as two clocks drift apart in a long recording.
type soundClock struct {
	rate    int // samples per second
	running bool
	start   time.Duration // media time of the run's first sample
	samples int           // in this run
	lean    time.Duration // by how much packets lie later than the run's samples, smoothed
}

// next is the media time at which the samples so far end.
func (c *soundClock) next() time.Duration {
	return c.start + c.lean + span(c.samples, c.rate)
}

// span is how long a number of samples lasts. Whole seconds are taken apart first: a day of samples in nanoseconds times the rate
// does not fit into 64 bits.
func span(samples, rate int) time.Duration {
	return time.Duration(samples/rate)*time.Second + time.Duration(samples%rate)*time.Second/time.Duration(rate)
}

// continues reports whether a packet at that time follows without a hole or an overlap.
func (c *soundClock) continues(at time.Duration) bool { return (at - c.next()).Abs() <= jump }

// advance counts n samples of a packet that begins at a time, if it states one, beginning a run if none is running.
func (c *soundClock) advance(at time.Duration, stated bool, n int) {
	switch {
	case !c.running:
		c.running, c.start, c.samples, c.lean = true, at, 0, 0
	case stated:
		c.lean += (at - c.next()) / settling
	}
	c.samples += n
}

// end ends the run: the next packet begins a new one.
func (c *soundClock) end() { c.running = false }
