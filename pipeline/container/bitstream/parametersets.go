package bitstream

import "github.com/trivue/trivue/pipeline/container"

// ParameterSets gives the parameter sets in a track's configuration record as NAL units framed for a stream whose own record is
// private: put before a key picture they let one decoder go on from one configuration to another. Ok is false for other codecs,
// for torn records, and where the two frame their NAL units differently.
func ParameterSets(t container.Track, private []byte) (framed []byte, ok bool) {
	var sets [][]byte
	var length int
	switch t.Codec {
	case container.H264:
		length = avcLengthSize(t.Private)
		sets, ok = avcParameterSets(t.Private)
		ok = ok && length == avcLengthSize(private)
	case container.HEVC:
		length = hevcLengthSize(t.Private)
		sets, ok = hevcParameterSets(t.Private)
		ok = ok && length == hevcLengthSize(private)
	}
	if !ok || len(sets) == 0 {
		return nil, false
	}
	for _, nal := range sets {
		if len(nal)>>(8*length) != 0 {
			return nil, false
		}
		for shift := 8 * (length - 1); shift >= 0; shift -= 8 {
			framed = append(framed, byte(len(nal)>>shift))
		}
		framed = append(framed, nal...)
	}
	return framed, true
}

// avcParameterSets walks through an avcC record (ISO/IEC 14496-15, 5.3.3.1.2).
func avcParameterSets(avcC []byte) (sets [][]byte, ok bool) {
	if len(avcC) < 7 {
		return nil, false
	}
	rest := avcC[5:]
	for _, mask := range []byte{31, 255} {
		if len(rest) == 0 {
			return nil, false
		}
		count := int(rest[0] & mask)
		if sets, rest, ok = takeSets(sets, rest[1:], count); !ok {
			return nil, false
		}
	}
	return sets, true
}

// hevcParameterSets walks through an hvcC record (ISO/IEC 14496-15, 8.3.3.1.2).
func hevcParameterSets(hvcC []byte) (sets [][]byte, ok bool) {
	if len(hvcC) <= hvcCArrays {
		return nil, false
	}
	rest := hvcC[hvcCArrays+1:]
	for range hvcC[hvcCArrays] {
		if len(rest) < 3 {
			return nil, false
		}
		count := int(rest[1])<<8 | int(rest[2])
		if sets, rest, ok = takeSets(sets, rest[3:], count); !ok {
			return nil, false
		}
	}
	return sets, true
}

func takeSets(sets [][]byte, b []byte, count int) (all [][]byte, rest []byte, ok bool) {
	for range count {
		if len(b) < 2 {
			return nil, nil, false
		}
		n := int(b[0])<<8 | int(b[1])
		if n == 0 || n > len(b)-2 {
			return nil, nil, false
		}
		sets, b = append(sets, b[2:2+n]), b[2+n:]
	}
	return sets, b, true
}
