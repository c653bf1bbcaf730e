package bitstream

import (
	"errors"
	"fmt"
)

// OBU types (AV1 Bitstream & Decoding Process Specification, 6.2.2).
const obuSequenceHeader = 1

// verifyAV1 walks the open bitstream units: each states its size, and together they fill the packet.
func verifyAV1(p []byte) error {
	if len(p) == 0 || zeroed(p) {
		return errors.New("an AV1 packet is not empty")
	}
	for len(p) > 0 {
		_, _, rest, err := nextOBU(p)
		if err != nil {
			return err
		}
		p = rest
	}
	return nil
}

func nextOBU(p []byte) (kind int, payload, rest []byte, err error) {
	broken := errors.New("its AV1 units do not fit")
	header := p[0]
	if header&0x80 != 0 {
		return 0, nil, nil, broken
	}
	if kind = int(header >> 3 & 15); kind == 0 {
		return 0, nil, nil, broken // reserved: zeros are not a unit
	}
	p = p[1:]
	if header&4 != 0 {
		if len(p) == 0 {
			return 0, nil, nil, broken
		}
		p = p[1:]
	}
	if header&2 == 0 {
		return kind, p, nil, nil
	}
	var size uint64
	for i := 0; ; i++ {
		if i == 8 || i >= len(p) {
			return 0, nil, nil, broken
		}
		size |= uint64(p[i]&0x7f) << (7 * i)
		if p[i]&0x80 == 0 {
			p = p[i+1:]
			break
		}
	}
	if size > uint64(len(p)) {
		return 0, nil, nil, broken
	}
	return kind, p[:size], p[size:], nil
}

// dimensionsAV1 reads the sequence header's maximum frame size, from the configuration (av1C) or from a key frame
// (AV1 specification, 5.5.1).
func dimensionsAV1(private, key []byte) (width, height int, ok bool) {
	for _, p := range [][]byte{key, configOBUs(private)} {
		for len(p) > 0 {
			kind, payload, rest, err := nextOBU(p)
			if err != nil {
				break
			}
			if kind == obuSequenceHeader {
				if w, h, ok := sequenceSize(payload); ok {
					return w, h, true
				}
			}
			p = rest
		}
	}
	return 0, 0, false
}

func configOBUs(av1C []byte) []byte {
	if len(av1C) < 4 {
		return nil
	}
	return av1C[4:]
}

func sequenceSize(p []byte) (width, height int, ok bool) {
	r := bitReader{p: p}
	r.read(4) // profile, still_picture
	if r.read(1) == 1 {
		r.read(5) // reduced_still_picture_header: level
	} else {
		if r.read(1) == 1 {
			return 0, 0, false // timing information: no recorder writes it
		}
		r.read(1)
		for range r.read(5) + 1 {
			r.read(12)
			if level := r.read(5); level > 7 {
				r.read(1)
			}
		}
	}
	wide, high := int(r.read(4))+1, int(r.read(4))+1
	width, height = int(r.read(wide))+1, int(r.read(high))+1
	return width, height, r.err() == nil
}

// codecStringAV1 follows "AV1 Codec ISO Media File Format Binding", section 5.
func codecStringAV1(av1C []byte) string {
	if len(av1C) < 4 {
		return "av01.0.08M.08"
	}
	profile, level := av1C[1]>>5, av1C[1]&31
	tier, depth := "M", 8
	if av1C[2]&0x80 != 0 {
		tier = "H"
	}
	if av1C[2]&0x40 != 0 {
		depth = 10
		if av1C[2]&0x20 != 0 {
			depth = 12
		}
	}
	return fmt.Sprintf("av01.%d.%02d%s.%02d", profile, level, tier, depth)
}
