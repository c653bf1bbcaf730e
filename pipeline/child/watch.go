package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/child/spawn"
	"github.com/trivue/trivue/pipeline/stage"
)

// pulse is how often a child's memory and progress are looked at.
const pulse = 100 * time.Millisecond

// maxMessages bounds all messages of a run together, in bytes, so that a child that has been taken over cannot keep its parent
// busy with them. Progress every 50 ms for the longest run comes to 20 MB.
const maxMessages = 4 * maxLine

// ending is why a child was made to end before its time.
type ending int

const (
	byItself ending = iota
	cancelled
	tooLong
	stalled
	tooLarge // resident memory
	babbling // its messages are not messages
)

// heard is what a child said. Its fields are set by the listening goroutine; all but progress may be read once that has ended.
type heard struct {
	progress atomic.Uint64 // math.Float64bits; 0 to 1, only grows
	sandbox  sandbox.Status
	result   json.RawMessage
	failure  *stage.Failure
	err      error // why listening ended early
}

// watcher watches one child from its start to its end.
type watcher struct {
	process  *spawn.Process
	heard    heard
	news     chan struct{} // capacity 1: progress has grown
	babble   chan struct{} // closed when listening ended early
	listened chan struct{} // closed when listening has ended
	printed  chan struct{} // closed when all output was read
	ordered  chan struct{} // closed when the order was written, or could not be
	tail     spawn.Tail    // owned by the printing goroutine until printed is closed
	peak     int64         // highest resident memory seen, in bytes; owned by untilEnd
	reached  float64       // progress that was passed on; owned by untilEnd
}

// watch sends the order and starts to listen.
func watch(p *spawn.Process, o order) *watcher {
	w := &watcher{
		process: p, news: make(chan struct{}, 1), babble: make(chan struct{}),
		listened: make(chan struct{}), printed: make(chan struct{}), ordered: make(chan struct{}),
	}
	go func() {
		defer close(w.ordered)
		// A child that does not take its order says why by how it ends.
		_ = writeLine(p.Stdin, o)
	}()
	go func() {
		defer close(w.listened)
		if w.heard.err = w.listen(); w.heard.err != nil {
			close(w.babble)
		}
	}()
	go func() {
		defer close(w.printed)
		// The error is the deadline that limitReading sets, or the pipe's end.
		_, _ = io.Copy(&w.tail, p.Output)
	}()
	return w
}

// listen reads messages until the child has closed its end; nil if all were in order.
func (w *watcher) listen() error {
	all := &io.LimitedReader{R: w.process.Notes, N: maxMessages}
	lines := bufio.NewReader(all)
	for {
		line, err := readLine(lines)
		switch {
		case errors.Is(err, io.EOF) && all.N > 0:
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF) && all.N > 0:
			return nil // cut off by its death, which says more
		case isTimeout(err):
			return nil
		case err != nil && all.N <= 0:
			return fmt.Errorf("more than %d bytes of messages", maxMessages)
		case err != nil:
			return err
		}
		m, err := decodeMessage(line)
		if err != nil {
			return fmt.Errorf("not a message: %w", err)
		}
		if w.heard.result != nil || w.heard.failure != nil || m.Sandbox != nil && w.heard.sandbox != nil {
			return errors.New("a message after the last of its kind")
		}
		w.take(m)
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

func (w *watcher) take(m message) {
	switch {
	case m.Progress != nil:
		// JSON has no NaN. What does not grow is left out.
		value := min(*m.Progress, 1)
		if value > math.Float64frombits(w.heard.progress.Load()) {
			w.heard.progress.Store(math.Float64bits(value))
			select {
			case w.news <- struct{}{}:
			default:
			}
		}
	case m.Sandbox != nil:
		w.heard.sandbox = m.Sandbox
	case m.Result != nil:
		w.heard.result = m.Result
	case m.Failure != nil:
		w.heard.failure = m.Failure
	}
}

// untilEnd waits for the child's end, and brings it about when ctx ends or a limit is reached: it asks, interrupts, kills. It
// returns when the child is gone and everything that it said was heard.
func (w *watcher) untilEnd(ctx context.Context, limits Limits, grace time.Duration, progress func(float64)) ending {
	var (
		why   ending
		step  <-chan time.Time // the next, harder way to end it
		steps []func()
		moved = time.Now()
	)
	end := func(reason ending, how ...func()) {
		if why != byItself {
			return
		}
		why, steps = reason, how
		steps[0]()
		steps = steps[1:]
		step = time.After(grace)
	}
	p := w.process
	inGoodOrder := []func(){func() { p.AskToEnd(endLine) }, p.Interrupt, p.Kill}
	forward := func() {
		if now := math.Float64frombits(w.heard.progress.Load()); now > w.reached {
			w.reached, moved = now, time.Now()
			if progress != nil && why == byItself {
				progress(now)
			}
		}
	}
	wall := after(limits.Wall)
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	done, babble := ctx.Done(), w.babble
	for running := true; running; {
		select {
		case <-p.Ended:
			running = false
		case <-w.news:
			forward()
		case <-done:
			done = nil
			end(cancelled, inGoodOrder...)
		case <-wall:
			end(tooLong, inGoodOrder...)
		case <-babble:
			babble = nil
			end(babbling, p.Kill)
		case <-step:
			if len(steps) > 0 {
				steps[0]()
				steps = steps[1:]
				step = time.After(grace)
			}
		case <-ticker.C:
			forward()
			now := spawn.Resident(p.PID)
			w.peak = max(w.peak, now)
			if limits.Resident > 0 && now > limits.Resident {
				end(tooLarge, p.Kill)
			}
			if limits.Stall > 0 && time.Since(moved) > limits.Stall {
				end(stalled, inGoodOrder...)
			}
		}
	}
	p.LimitReading()
	<-w.listened
	<-w.printed
	p.ClosePipes()
	<-w.ordered
	forward()
	if why == byItself && w.heard.err != nil {
		why = babbling
	}
	return why
}

// after is time.After, never for a duration that is no limit.
func after(d time.Duration) <-chan time.Time {
	if d <= 0 {
		return nil
	}
	return time.After(d)
}
