package engine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/pipeline/child/spawn"
)

// pulse is how often a child's memory is looked at while it works.
const pulse = 100 * time.Millisecond

// child is one running child. It belongs to whoever holds its slot; nobody else touches it.
type child struct {
	process *spawn.Process
	hello   greeting
	notes   *bufio.Reader
	tail    spawn.Tail    // owned by the printing goroutine until printed is closed
	printed chan struct{} // closed when all output was read
	asked   int64         // requests so far
}

// startChild starts a child and waits until it is ready. Whatever fails leaves nothing behind.
func (e *Engine) startChild(set models.Set) (*child, error) {
	scratch, err := os.MkdirTemp("", "trivue-faces-")
	if err != nil {
		return nil, err
	}
	// Once the models are loaded nothing in it is needed, and whatever happens to this process, nothing is left behind.
	defer os.RemoveAll(scratch)
	env := append([]string{
		// Several children share the processors; each by itself is to take one.
		"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "DLIB_NUM_THREADS=1",
		fmt.Sprintf("GOMEMLIMIT=%d", e.options.Resident/2),
	}, e.options.Env...)
	p, err := spawn.Start(e.options.Exe, e.options.Args, spawn.Environment(scratch, env), scratch, true)
	if err != nil {
		return nil, err
	}
	c := &child{process: p, notes: bufio.NewReader(p.Notes), printed: make(chan struct{})}
	go func() {
		defer close(c.printed)
		// The error is the deadline that LimitReading sets, or the pipe's end.
		_, _ = io.Copy(&c.tail, p.Output)
	}()
	problem := c.within(e.options.StartDeadline, e.options.Resident, func() error {
		if err := send(p.Stdin, order{Models: set, Scratch: scratch, AddressSpace: e.options.AddressSpace}); err != nil {
			return err
		}
		return receive(c.notes, &c.hello)
	})
	if problem == nil && c.hello.Failure != "" {
		problem = &facematch.Problem{Code: facematch.Unavailable, Detail: c.hello.Failure}
	}
	if problem != nil {
		c.end(0)
		return nil, problem
	}
	e.log.Info("a child that looks for faces is ready", "pid", p.PID, "model", c.hello.Model, "sandbox", c.hello.Sandbox.String())
	return c, nil
}

// ask has the child look at a picture. After an error that is not the picture's, the child is no longer to be used.
func (c *child) ask(data []byte, deadline time.Duration, resident int64) (facematch.Picture, *facematch.Problem) {
	c.asked++
	r := request{ID: c.asked, Bytes: len(data)}
	var a answer
	problem := c.within(deadline, resident, func() error {
		if err := send(c.process.Stdin, r); err != nil {
			return err
		}
		if _, err := c.process.Stdin.Write(data); err != nil {
			return err
		}
		return receive(c.notes, &a)
	})
	switch {
	case problem != nil:
		return facematch.Picture{}, problem
	case a.ID != r.ID || (a.Picture == nil) == (a.Problem == nil) || a.Problem != nil && !a.Problem.OfPicture() || a.Picture != nil && (len(a.Picture.Faces) > maxFaces || a.Picture.Model != c.hello.Model):
		return facematch.Picture{}, &facematch.Problem{Code: facematch.Crashed, Detail: "the program that looks for faces answered nonsense"}
	case a.Problem != nil:
		return facematch.Picture{}, a.Problem
	}
	return *a.Picture, nil
}

// within carries out an exchange with the child. Where that takes too long, or the child too much memory, the child is killed.
func (c *child) within(deadline time.Duration, resident int64, exchange func() error) *facematch.Problem {
	done := make(chan error, 1)
	go func() { done <- exchange() }()
	late := time.NewTimer(deadline)
	defer late.Stop()
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	ended := c.process.Ended
	var killed *facematch.Problem
	kill := func(code, detail string) {
		if killed == nil {
			killed = &facematch.Problem{Code: code, Detail: detail}
			c.process.Kill()
		}
	}
	for {
		select {
		case err := <-done:
			switch {
			case killed != nil:
				return killed
			case err == nil:
				return nil
			}
			return c.diagnose(err)
		case <-late.C:
			kill(facematch.Timeout, fmt.Sprintf("looking for faces was not done after %v", deadline))
		case <-ticker.C:
			if spawn.Resident(c.process.PID) > resident {
				kill(facematch.Memory, fmt.Sprintf("looking for faces took more than %d MiB of memory", resident>>20))
			}
		case <-ended:
			// What it said before is still in the pipe; what is not there will not come.
			ended = nil
			c.process.LimitReading()
			_ = c.process.Stdin.SetWriteDeadline(time.Now())
		}
	}
}

// diagnose says why an exchange failed that was not cut off.
func (c *child) diagnose(err error) *facematch.Problem {
	gone := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrDeadlineExceeded)
	if gone {
		c.await(grace) // how it ends by itself says what happened
	}
	c.kill()
	switch said := c.tail.String(); {
	case !gone:
		return &facematch.Problem{Code: facematch.Crashed, Detail: fmt.Sprintf("the program that looks for faces spoke nonsense: %v", err)}
	case spawn.OutOfMemory(said):
		return &facematch.Problem{Code: facematch.Memory, Detail: "looking for faces needed more memory than it may have"}
	default:
		return &facematch.Problem{Code: facematch.Crashed, Detail: "the program that looks for faces ended by " + c.process.State.String()}
	}
}

// alive reports whether the child has not ended.
func (c *child) alive() bool {
	select {
	case <-c.process.Ended:
		return false
	default:
		return true
	}
}

// await waits for the child's end, no longer than the grace.
func (c *child) await(grace time.Duration) {
	enough := time.NewTimer(grace)
	defer enough.Stop()
	select {
	case <-c.process.Ended:
	case <-enough.C:
	}
}

// kill ends the child by force and hears out what it printed.
func (c *child) kill() {
	c.process.Kill()
	<-c.process.Ended
	c.process.LimitReading()
	<-c.printed
}

// end ends the child, in good order where it goes within the grace. It returns what was printed last.
func (c *child) end(grace time.Duration) string {
	c.process.Stdin.Close()
	c.await(grace)
	c.kill()
	c.process.ClosePipes()
	return c.tail.String()
}
