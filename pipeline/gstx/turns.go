package gstx

import (
	"image"
	"sync"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// turns keeps a caller's callbacks from running at the same time: a pipeline is fed and drained by different goroutines, and a
// caller should not have to know.
type turns struct{ sync.Mutex }

func (t *turns) source(src stage.Source) stage.Source {
	return func() (container.Packet, []byte, error) {
		t.Lock()
		defer t.Unlock()
		return src()
	}
}

func (t *turns) packets(sink func(container.Packet, []byte) error) func(container.Packet, []byte) error {
	return func(p container.Packet, payload []byte) error {
		t.Lock()
		defer t.Unlock()
		return sink(p, payload)
	}
}

func (t *turns) ready(ready func(container.Track) error) func(container.Track) error {
	return func(track container.Track) error {
		t.Lock()
		defer t.Unlock()
		return ready(track)
	}
}

func (t *turns) want(want func(time.Duration) bool) func(time.Duration) bool {
	return func(at time.Duration) bool {
		t.Lock()
		defer t.Unlock()
		return want(at)
	}
}

func (t *turns) pictures(sink func(time.Duration, *image.RGBA) error) func(time.Duration, *image.RGBA) error {
	return func(at time.Duration, picture *image.RGBA) error {
		t.Lock()
		defer t.Unlock()
		return sink(at, picture)
	}
}
