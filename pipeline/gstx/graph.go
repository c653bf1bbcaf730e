package gstx

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-gst/go-gst/gst"
	"github.com/go-gst/go-gst/gst/app"
)

// shift is added to every media time on its way into GStreamer, whose times are unsigned, and subtracted again from what comes
// out: media times below zero (priming, edit lists) are decoded like any other. It is more than the 1,000
// hours that x264enc wants before its first picture, or adds by itself.
const shift = 2000 * time.Hour

// stopDeadline is how long a pipeline may take to stop. The child is killed by its parent when it is not enough.
const stopDeadline = 10 * time.Second

var (
	errStopped = errors.New("pipeline was stopped")
	errStuck   = fmt.Errorf("pipeline did not stop within %v", stopDeadline)
)

// prop is a property of an element, in GStreamer's text form.
type prop struct{ name, value string }

// element is an element to be made.
type element struct {
	factory string
	props   []prop
}

func filter(caps string) element { return element{"capsfilter", []prop{{"caps", caps}}} }

// graph is one running pipeline: packets or samples are pushed in at one end and pulled out at the other. One goroutine pushes,
// one pulls; stop may be called from any.
type graph struct {
	pipeline *gst.Pipeline
	bus      *gst.Bus // asked for once, before there are goroutines: go-gst notes it at the first call, without a lock
	src      *app.Source
	sink     *app.Sink

	failure  atomic.Pointer[error] // the first error message on the bus
	stopped  atomic.Bool
	stopping sync.Once
	stopErr  error         // set within stopping
	watching chan struct{} // closed when the goroutine on the bus has ended
}

// newGraph builds and starts a pipeline. Caps describes what will be pushed, and is empty where samples of another graph will be
// forwarded; queue is how many bytes of it may wait, and out how
// many buffers may wait to be pulled: both ends block, so that memory stays bounded however long the recording is.
func newGraph(caps string, queue uint64, out uint, chain ...element) (*graph, error) {
	if err := initialize(); err != nil {
		return nil, err
	}
	g := &graph{watching: make(chan struct{})}
	if err := g.build(caps, queue, out, chain); err != nil {
		return nil, err
	}
	g.bus = g.pipeline.GetPipelineBus()
	started := make(chan error, 1)
	go func() { started <- g.pipeline.SetState(gst.StatePlaying) }()
	go g.watch()
	select {
	case err := <-started:
		if err != nil {
			err = errors.Join(g.busError(), fmt.Errorf("start pipeline: %w", err))
			return nil, errors.Join(err, g.close())
		}
	case <-time.After(stopDeadline):
		return nil, fmt.Errorf("pipeline did not start within %v", stopDeadline)
	}
	return g, nil
}

func (g *graph) build(caps string, queue uint64, out uint, chain []element) error {
	var err error
	if g.pipeline, err = gst.NewPipeline(""); err != nil {
		return err
	}
	all := append([]element{{"appsrc", []prop{
		{"format", "time"}, {"block", "true"}, {"emit-signals", "false"}, {"max-bytes", fmt.Sprint(queue)},
	}}}, chain...)
	all = append(all, element{"appsink", []prop{
		{"sync", "false"}, {"emit-signals", "false"}, {"max-buffers", fmt.Sprint(out)}, {"enable-last-sample", "false"},
	}})
	made := make([]*gst.Element, len(all))
	for i, e := range all {
		if err := available(e.factory); err != nil {
			return err
		}
		if made[i], err = gst.NewElement(e.factory); err != nil {
			return err
		}
		for _, p := range e.props {
			if _, err := made[i].GetPropertyType(p.name); err != nil {
				return fmt.Errorf("set %s of %s: %w", p.name, e.factory, err)
			}
			made[i].SetArg(p.name, p.value)
		}
	}
	if err := g.pipeline.AddMany(made...); err != nil {
		return err
	}
	if err := gst.ElementLinkMany(made...); err != nil {
		return err
	}
	g.src, g.sink = app.SrcFromElement(made[0]), app.SinkFromElement(made[len(made)-1])
	if caps == "" {
		return nil
	}
	parsed := gst.NewCapsFromString(caps)
	if parsed == nil {
		return fmt.Errorf("caps %q cannot be parsed", caps)
	}
	g.src.SetCaps(parsed)
	return nil
}

// watch reads the bus until the pipeline is stopped. A bus that nobody reads would keep every message.
func (g *graph) watch() {
	defer close(g.watching)
	for {
		m := g.bus.TimedPopFiltered(gst.ClockTimeNone, gst.MessageError|gst.MessageApplication)
		if m == nil {
			continue
		}
		switch m.Type() {
		case gst.MessageApplication:
			return
		case gst.MessageError:
			e := m.ParseError()
			// The last line of the debugging text is the reason; the ones before say where in GStreamer's source.
			debug := e.DebugString()
			err := fmt.Errorf("%s (%s)", e.Error(), debug[strings.LastIndexByte(debug, '\n')+1:])
			g.failure.CompareAndSwap(nil, &err)
			// Whoever pushes or pulls is blocked until the pipeline stops.
			g.stop()
		}
	}
}

// busError is the error that an element has posted, nil if none has.
func (g *graph) busError() error {
	if err := g.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// stop ends the pipeline without draining it; blocked calls of push and pull return.
func (g *graph) stop() {
	g.stopping.Do(func() {
		g.stopped.Store(true)
		stopped := make(chan error, 1)
		go func() { stopped <- g.pipeline.SetState(gst.StateNull) }()
		select {
		case g.stopErr = <-stopped:
		case <-time.After(stopDeadline):
			g.stopErr = errStuck
		}
	})
}

// close stops the pipeline and ends its goroutine. Neither push nor pull may be running. A pipeline that does not stop is left
// behind; the process is not fit for another one then.
func (g *graph) close() error {
	g.stop()
	if g.stopErr != nil {
		return g.stopErr
	}
	g.bus.SetFlushing(false) // a stopped pipeline's bus drops messages
	g.bus.Post(gst.NewApplicationMessage(g.pipeline, gst.NewStructure("stop")))
	<-g.watching
	return nil
}

// unit is something to be pushed.
type unit struct {
	data     []byte
	at       time.Duration
	duration time.Duration // 0 where unknown
	discont  bool          // what came before it is missing
}

// push hands a copy of a unit over, waiting for room. It returns errStopped when the pipeline has ended.
func (g *graph) push(u unit) error {
	if len(u.data) == 0 {
		return nil
	}
	b := gst.NewBufferFromBytes(u.data)
	defer releaseBuffer(b)
	b.SetPresentationTimestamp(gst.ClockTime(u.at + shift))
	if u.duration > 0 {
		b.SetDuration(gst.ClockTime(u.duration))
	}
	if u.discont {
		b.SetFlags(gst.BufferFlagDiscont)
	}
	return flow(g.src.PushBuffer(b))
}

// forward hands over what was pulled from another graph, with its caps.
func (g *graph) forward(s *sample) error { return flow(g.src.PushSample(s.raw)) }

func flow(ret gst.FlowReturn) error {
	if ret != gst.FlowOK {
		return errStopped
	}
	return nil
}

// end says that nothing more will be pushed.
func (g *graph) end() { g.src.EndStream() }

// pull waits for the next thing that comes out. io.EOF when the pipeline is drained, errStopped when it was ended before.
func (g *graph) pull() (*sample, error) {
	raw := g.sink.PullSample()
	if raw != nil {
		return newSample(raw), nil
	}
	if err := g.busError(); err != nil {
		return nil, err
	}
	if g.stopped.Load() {
		return nil, errStopped
	}
	return nil, io.EOF
}
