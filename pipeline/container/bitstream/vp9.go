package bitstream

import (
	"errors"
	"fmt"
)

// vp9Header is what the uncompressed header of a VP9 frame says (VP9 Bitstream & Decoding Process Specification, 6.2).
type vp9Header struct {
	profile, bitDepth, subsampling int
	showExisting, key              bool
	width, height                  int
}

var errVP9 = errors.New("its VP9 frame header is not one that an encoder writes")

func parseVP9(p []byte) (vp9Header, error) {
	r := bitReader{p: p}
	var h vp9Header
	if r.read(2) != 2 {
		return h, errVP9
	}
	h.profile = int(r.read(1) | r.read(1)<<1)
	if h.profile == 3 && r.read(1) != 0 {
		return h, errVP9
	}
	if h.showExisting = r.read(1) == 1; h.showExisting {
		return h, nil
	}
	h.key = r.read(1) == 0
	r.read(2) // show_frame, error_resilient_mode
	if !h.key {
		return h, r.err()
	}
	if r.read(24) != 0x498342 {
		return h, errVP9
	}
	h.bitDepth = 8
	if h.profile >= 2 {
		h.bitDepth = 10 + 2*int(r.read(1))
	}
	h.subsampling = 1
	if colour := r.read(3); colour == 7 {
		h.subsampling = 3
		if h.profile == 1 || h.profile == 3 {
			r.read(1)
		}
	} else {
		r.read(1)
		if h.profile == 1 || h.profile == 3 {
			h.subsampling = [4]int{3, 2, 1, 1}[r.read(1)<<1|r.read(1)]
			r.read(1)
		}
	}
	h.width, h.height = int(r.read(16))+1, int(r.read(16))+1
	return h, r.err()
}

func verifyVP9(p []byte) error {
	if zeroed(p) {
		return errVP9
	}
	_, err := parseVP9(p)
	return err
}

func isKeyVP9(p []byte) bool {
	h, err := parseVP9(p)
	return err == nil && h.key
}

func dimensionsVP9(p []byte) (width, height int, ok bool) {
	h, err := parseVP9(p)
	return h.width, h.height, err == nil && h.key
}

// codecStringVP9 follows "VP Codec ISO Media File Format Binding", "Codecs Parameter String". The private record is vpcC's; a
// key frame serves where there is none.
func codecStringVP9(private, key []byte) string {
	profile, depth, level := 0, 8, 31
	switch h, err := parseVP9(key); {
	case err == nil && h.key:
		profile, depth = h.profile, h.bitDepth
		level = vp9Level(h.width * h.height)
	case len(private) >= 8:
		profile, level, depth = int(private[4]), int(private[5]), int(private[6]>>4)
	}
	return fmt.Sprintf("vp09.%02d.%02d.%02d", profile, level, depth)
}

// vp9Level is the lowest level whose picture size suffices (VP9 Bitstream specification, annex A), at 30 to 60 frames a second.
func vp9Level(pixels int) int {
	for _, l := range []struct{ pixels, level int }{{36864, 10}, {73728, 11}, {122880, 20}, {245760, 21}, {552960, 30}, {983040, 31}, {2228224, 41}, {8912896, 51}} {
		if pixels <= l.pixels {
			return l.level
		}
	}
	return 61
}

// bitReader reads a big-endian bit string; reading beyond its end gives zeros and an error.
type bitReader struct {
	p    []byte
	at   int
	over bool
}

func (r *bitReader) read(n int) uint32 {
	var v uint32
	for range n {
		if r.at>>3 >= len(r.p) {
			r.over = true
			return 0
		}
		v = v<<1 | uint32(r.p[r.at>>3]>>(7-r.at&7)&1)
		r.at++
	}
	return v
}

func (r *bitReader) err() error {
	if r.over {
		return errors.New("its header is cut off")
	}
	return nil
}
