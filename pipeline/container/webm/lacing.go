package webm

import (
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// Kinds of lacing (RFC 9559, 10.3): several frames in one block.
const (
	laceNone  = 0
	laceXiph  = 1
	laceFixed = 2
	laceEBML  = 3
)

// lace gives the sizes of the frames in a block's body of the given size, of which head is the beginning, and how many bytes of
// lacing stand before them.
func lace(kind byte, head []byte, size int64) (sizes []int64, header int64, ok bool) {
	if kind == laceNone {
		return []int64{size}, 0, size > 0
	}
	if len(head) == 0 {
		return nil, 0, false
	}
	count := int(head[0]) + 1
	b := head[1:]
	switch kind {
	case laceFixed:
		each := (size - 1) / int64(count)
		if each <= 0 || each*int64(count) != size-1 {
			return nil, 0, false
		}
		for range count {
			sizes = append(sizes, each)
		}
		return sizes, 1, true
	case laceXiph:
		for range count - 1 {
			length := int64(0)
			for {
				if len(b) == 0 {
					return nil, 0, false
				}
				c := b[0]
				b = b[1:]
				length += int64(c)
				if c != 255 {
					break
				}
			}
			sizes = append(sizes, length)
		}
	case laceEBML:
		length := int64(0)
		for i := range count - 1 {
			v, n := parseSize(b)
			if n == 0 || v < 0 {
				return nil, 0, false
			}
			if i == 0 {
				length = v
			} else {
				length += v - (int64(1)<<(7*n-1) - 1) // differences are stored with a bias
			}
			if length <= 0 || length > size {
				return nil, 0, false
			}
			sizes, b = append(sizes, length), b[n:]
		}
	}
	header = int64(len(head) - len(b))
	last := size - header
	for _, s := range sizes {
		if s <= 0 || s > last {
			return nil, 0, false
		}
		last -= s
	}
	return append(sizes, last), header, last > 0
}

// soundDuration is how long a packet of sound lasts by its own word, or by the track's.
func (d *Reader) soundDuration(t *track, at, size int64) time.Duration {
	if t.Codec == container.Opus && len(t.stripped) == 0 {
		return bitstream.OpusDuration(d.w.Peek(at, int(min(size, 2))))
	}
	if frame := int64(t.FrameBytes()); frame > 0 {
		return time.Duration(size/frame) * time.Second / time.Duration(max(t.SampleRate, 1))
	}
	return t.frameDur
}
