package bitstream

import "math/bits"

// VorbisBlocks tells how many samples the packets of a Vorbis stream give.
type VorbisBlocks struct {
	sizes    [2]int // samples of a short and of a long block
	long     []bool // by mode
	modeBits int
	before   int // samples of the block before, 0 where there is none
}

// NewVorbisBlocks reads the identification and the setup header (Vorbis I, 4.2.2 and 4.2.4). The modes stand at the very end of the
// setup header, behind tables whose lengths only a decoder knows; as libav does, they are read from behind: each has 41 bits of
// which 32 are zero, and their number stands before them.
func NewVorbisBlocks(identification, setup []byte) (v VorbisBlocks, ok bool) {
	const identificationSize, modeSize, maxModes = 30, 41, 64
	if len(identification) < identificationSize || len(setup) < 7 {
		return v, false
	}
	v.sizes = [2]int{1 << (identification[28] & 15), 1 << (identification[28] >> 4)}
	bit := func(at int) uint { return uint(setup[at/8]) >> (at % 8) & 1 }
	field := func(at, n int) (v uint) { // bits of the setup header, least significant first
		for i := range n {
			v |= bit(at+i) << i
		}
		return v
	}
	end := len(setup)*8 - 1
	for end > 0 && bit(end) == 0 { // the framing bit, and zeros that fill the byte behind it
		end--
	}
	modes := 0
	for n := 1; n <= maxModes; n++ {
		at := end - n*modeSize
		if at < 7*8+6 || field(at+1, 32) != 0 || field(at+33, 8) > 63 {
			break
		}
		if int(field(at-6, 6))+1 == n {
			modes = n // the largest that fits: a smaller one may be chance
		}
	}
	for i := range modes {
		v.long = append(v.long, bit(end-(modes-i)*modeSize) == 1)
	}
	v.modeBits = bits.Len(uint(max(modes-1, 0)))
	return v, modes > 0 && v.sizes[0] >= 64 && v.sizes[1] >= v.sizes[0] && v.sizes[1] <= 8192
}

// Samples is how many samples per channel a decoder gives for the next packet: a quarter of each of two blocks that overlap
// (Vorbis I, 4.3.8), and none for the first.
func (v *VorbisBlocks) Samples(packet []byte) int {
	if len(packet) == 0 || packet[0]&1 != 0 {
		return 0 // no sound
	}
	mode := int(packet[0]) >> 1 & (1<<v.modeBits - 1)
	if mode >= len(v.long) {
		return 0
	}
	size := v.sizes[0]
	if v.long[mode] {
		size = v.sizes[1]
	}
	samples := 0
	if v.before > 0 {
		samples = v.before/4 + size/4
	}
	v.before = size
	return samples
}

// Lost forgets the block before: what follows lost packets begins anew.
func (v *VorbisBlocks) Lost() { v.before = 0 }
