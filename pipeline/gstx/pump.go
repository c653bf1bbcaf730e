package gstx

// #cgo pkg-config: gstreamer-1.0
// #cgo CFLAGS: -O2
// #cgo LDFLAGS: -lm
// #include <stdlib.h>
// #include "pump.h"
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// Bounds of what is handed to a pump at once.
const (
	pumpPackets = 64
	pumpBytes   = 256 << 10
)

// pump is a decoder of sound without queues or threads of its own: packets are pushed into its first element, and what they give has
// come out of the last one when that returns.
//
// A pipeline with appsrc and appsink spends half as much time on handing over as on decoding: a packet of sound lasts 20 ms, each
// wakes three threads, and each costs some ten calls from Go into C and wrappers with finalizers. Here dozens of packets are one call.
type pump struct {
	c       *C.pump
	data    []byte
	packets []C.pump_packet
}

// newPump makes a pump of elements that are available. Caps describes the packets.
func newPump(caps string, chain []element) (*pump, error) {
	if err := initialize(); err != nil {
		return nil, err
	}
	var described []string
	for _, e := range chain {
		if err := available(e.factory); err != nil {
			return nil, err
		}
		text := e.factory
		for _, p := range e.props {
			text += fmt.Sprintf(" %s=%q", p.name, p.value)
		}
		described = append(described, text)
	}
	text, packets := C.CString(strings.Join(described, " ! ")), C.CString(caps)
	defer C.free(unsafe.Pointer(text))
	defer C.free(unsafe.Pointer(packets))
	p := &pump{c: C.pump_new(text, packets)}
	if err := p.failure(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// failure is the first error of an element, nil if there was none.
func (p *pump) failure() error {
	if p.c.failure == nil {
		return nil
	}
	return errors.New(C.GoString(p.c.failure))
}

// add copies a packet that is to be decoded; full tells that it is time to push.
func (p *pump) add(u unit) (full bool) {
	if len(u.data) == 0 {
		return false
	}
	packet := C.pump_packet{size: C.uint64_t(len(u.data)), at: C.uint64_t(u.at + shift), duration: C.uint64_t(max(u.duration, 0))}
	if u.discont {
		packet.discont = 1
	}
	p.data, p.packets = append(p.data, u.data...), append(p.packets, packet)
	return len(p.packets) >= pumpPackets || len(p.data) >= pumpBytes
}

// push decodes what was added.
func (p *pump) push(take func(run) error) error {
	if len(p.packets) == 0 {
		return nil
	}
	pushed := C.pump_push(p.c, (*C.uint8_t)(unsafe.Pointer(&p.data[0])), &p.packets[0], C.size_t(len(p.packets)))
	p.data, p.packets = p.data[:0], p.packets[:0]
	if err := p.give(take); err != nil || pushed != 0 {
		return err
	}
	return p.failure()
}

// end decodes what was added and drains the decoder.
func (p *pump) end(take func(run) error) error {
	if err := p.push(take); err != nil {
		return err
	}
	C.pump_end(p.c)
	return p.give(take)
}

func (p *pump) give(take func(run) error) error {
	if p.c.count == 0 {
		return nil
	}
	samples := unsafe.Slice((*float32)(p.c.samples), int(p.c.held))
	for _, r := range unsafe.Slice(p.c.runs, int(p.c.count)) {
		n := int(r.samples)
		next := run{samples: samples[:n], rate: int(r.rate), timed: gst.ClockTime(r.at) != gst.ClockTimeNone}
		if next.timed {
			next.at = time.Duration(r.at) - shift
		}
		if err := take(next); err != nil {
			return err
		}
		samples = samples[n:]
	}
	return nil
}

func (p *pump) close() { C.pump_free(p.c) }

// run is mono samples that came out of a decoder together; they are valid until it is given more.
type run struct {
	samples []float32
	rate    int
	at      time.Duration // media time of the first
	timed   bool          // whether at is known
}

// filterRun fills out with the output samples of a polyphase filter from number next on; see resample in pump.h. All of the input that
// they need has to lie in x.
func filterRun(x, taps []float32, origin, up, down, next int, out []int16) {
	if len(out) == 0 {
		return
	}
	C.resample((*C.float)(&x[0]), (*C.float)(&taps[0]), C.long(len(taps)/up), C.long(origin), C.long(up), C.long(down), C.long(next),
		(*C.int16_t)(&out[0]), C.long(len(out)))
}
