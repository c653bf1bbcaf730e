package align

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Samples is a Sound in memory.
type Samples []int16

// Len implements Sound.
func (s Samples) Len() int { return len(s) }

// ReadAt implements Sound.
func (s Samples) ReadAt(dst []int16, at int) error {
	copy(dst, s[at:at+len(dst)])
	return nil
}

// PCM is a Sound of raw samples elsewhere, most often a file: 16 bits each, little endian, no header.
type PCM struct {
	r   io.ReaderAt
	n   int
	buf []byte
}

// NewPCM makes a Sound of size bytes at the start of r.
func NewPCM(r io.ReaderAt, size int64) *PCM { return &PCM{r: r, n: int(size / 2)} }

// Len implements Sound.
func (p *PCM) Len() int { return p.n }

// ReadAt implements Sound.
func (p *PCM) ReadAt(dst []int16, at int) error {
	if need := 2 * len(dst); cap(p.buf) < need {
		p.buf = make([]byte, need)
	}
	buf := p.buf[:2*len(dst)]
	// Whatever a reader says beside all the bytes (an end of file, most often) is no error here.
	if n, err := p.r.ReadAt(buf, 2*int64(at)); n < len(buf) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read sound at sample %d: %w", at, err)
	}
	for i := range dst {
		dst[i] = int16(binary.LittleEndian.Uint16(buf[2*i:]))
	}
	return nil
}
