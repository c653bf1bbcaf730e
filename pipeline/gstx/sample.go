package gstx

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// sample is a buffer that was pulled from a graph. It holds memory of C and must be released.
type sample struct {
	raw    *gst.Sample
	buffer *gst.Buffer
	mapped bool
}

func newSample(raw *gst.Sample) *sample { return &sample{raw: raw, buffer: raw.GetBuffer()} }

// at is the media time; ok is false where an element has left it out.
func (s *sample) at() (at time.Duration, ok bool) {
	t := s.buffer.PresentationTimestamp()
	if t == gst.ClockTimeNone {
		return 0, false
	}
	return time.Duration(t) - shift, true
}

func (s *sample) duration() time.Duration {
	d := s.buffer.Duration()
	if d == gst.ClockTimeNone {
		return 0
	}
	return time.Duration(d)
}

// bytes gives the content without copying; it is valid until release.
func (s *sample) bytes() []byte {
	m := s.buffer.Map(gst.MapRead)
	if m == nil || m.Data() == nil {
		return nil
	}
	s.mapped = true
	return unsafe.Slice((*byte)(m.Data()), int(m.Size()))
}

// floats gives the content as samples of type F32LE, valid until release.
func (s *sample) floats() []float32 {
	data := s.bytes()
	if len(data) < 4 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&data[0])), len(data)/4)
}

// key reports whether the buffer can be decoded without any earlier one.
func (s *sample) key() bool { return !s.buffer.HasFlags(gst.BufferFlagDeltaUnit) }

// release gives the memory back now. The binding leaves that to finalizers, but Go's collector runs by the size of Go's heap and
// does not see how much C holds behind a small wrapper: raw pictures would pile up.
func (s *sample) release() {
	if s.mapped {
		s.buffer.Unmap()
	}
	releaseBuffer(s.buffer)
	runtime.SetFinalizer(s.raw, nil)
	s.raw.Unref()
}

// releaseBuffer takes the reference that the wrapper's finalizer would drop, and drops it.
func releaseBuffer(b *gst.Buffer) {
	runtime.SetFinalizer(b, nil)
	b.Unref()
}

// format reads fields of the sample's caps.
type format struct {
	width, height  int
	rate, channels int
}

func (s *sample) format() (format, error) {
	caps := s.raw.GetCaps()
	if caps == nil || caps.GetSize() == 0 {
		return format{}, fmt.Errorf("a buffer came without caps")
	}
	st := caps.GetStructureAt(0)
	var f format
	for name, field := range map[string]*int{"width": &f.width, "height": &f.height, "rate": &f.rate, "channels": &f.channels} {
		if v, err := st.GetValue(name); err == nil {
			*field, _ = v.(int)
		}
	}
	runtime.KeepAlive(caps)
	return f, nil
}
