package bitstream

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/hevc"
)

// NAL unit types of HEVC (ISO/IEC 23008-2, table 7-1) that matter here.
const (
	hevcLastLeading = 9  // 0 to 9: slices of pictures that are no random access points
	hevcFirstIRAP   = 16 // 16 to 21: slices of random access points
	hevcLastIRAP    = 21
	hevcSPS         = 33
	hevcLastKnown   = 40
	hevcUnspecified = 48 // from here on free for applications; iPhones put Dolby Vision metadata into 62
)

// hvcC's fixed part is 22 bytes, then follow the number of arrays and the arrays (ISO/IEC 14496-15, 8.3.3.1.2).
const hvcCArrays = 22

func hevcLengthSize(hvcC []byte) int {
	if len(hvcC) <= 21 {
		return 4
	}
	return int(hvcC[21]&3) + 1
}

func isHEVCSlice(kind byte) bool {
	return kind <= hevcLastLeading || kind >= hevcFirstIRAP && kind <= hevcLastIRAP
}

func verifyHEVC(hvcC, payload []byte) error {
	pictures := 0
	err := forEachNAL(payload, hevcLengthSize(hvcC), func(nal []byte) (bool, error) {
		if len(nal) < 3 || nal[0]&0x80 != 0 || nal[1]&7 == 0 {
			return false, errors.New("not a NAL unit header")
		}
		kind := nal[0] >> 1 & 0x3f
		if !isHEVCSlice(kind) {
			if kind < 32 || kind > hevcLastKnown && kind < hevcUnspecified {
				return false, fmt.Errorf("type %d is reserved", kind)
			}
			return true, nil
		}
		if endsInZeros(nal) {
			return false, errZeroedTail
		}
		if pictures == 0 && nal[2]&0x80 == 0 {
			return false, errors.New("the picture's first slice is missing")
		}
		pictures++
		return true, nil
	})
	if err == nil && pictures == 0 {
		err = errNoPicture
	}
	return err
}

func isKeyHEVC(hvcC, payload []byte) bool {
	key := false
	err := forEachNAL(payload, hevcLengthSize(hvcC), func(nal []byte) (bool, error) {
		kind := nal[0] >> 1 & 0x3f
		key = kind >= hevcFirstIRAP && kind <= hevcLastIRAP
		return !isHEVCSlice(kind), nil
	})
	return err == nil && key
}

func dimensionsHEVC(hvcC []byte) (width, height int, ok bool) {
	if len(hvcC) <= hvcCArrays || hvcC[0] != 1 {
		return 0, 0, false
	}
	rest := hvcC[hvcCArrays+1:]
	for range hvcC[hvcCArrays] {
		if len(rest) < 3 {
			return 0, 0, false
		}
		kind, count := rest[0]&0x3f, int(rest[1])<<8|int(rest[2])
		rest = rest[3:]
		for range count {
			if len(rest) < 2 {
				return 0, 0, false
			}
			n := int(rest[0])<<8 | int(rest[1])
			if n > len(rest)-2 {
				return 0, 0, false
			}
			if kind == hevcSPS {
				return sizeInHEVCSPS(rest[2 : 2+n])
			}
			rest = rest[2+n:]
		}
	}
	return 0, 0, false
}

// sizeInHEVCSPS reads a sequence parameter set up to its conformance window (ISO/IEC 23008-2, 7.3.2.2). The library's own
// parser reads on into lists whose lengths it does not bound.
func sizeInHEVCSPS(nal []byte) (width, height int, ok bool) {
	r := bits.NewEBSPReader(bytes.NewReader(nal))
	r.Read(16) // NAL unit header
	r.Read(4)  // sps_video_parameter_set_id
	subLayers := int(r.Read(3))
	r.ReadFlag() // sps_temporal_id_nesting_flag
	skipProfileTierLevel(r, subLayers)
	r.ReadExpGolomb() // sps_seq_parameter_set_id
	chroma := r.ReadExpGolomb()
	if chroma == 3 {
		r.ReadFlag() // separate_colour_plane_flag
	}
	codedWidth, codedHeight := uint64(r.ReadExpGolomb()), uint64(r.ReadExpGolomb())
	var cropX, cropY uint64
	if r.ReadFlag() {
		unitX, unitY := cropUnits(chroma)
		cropX = uint64(r.ReadExpGolomb()+r.ReadExpGolomb()) * unitX
		cropY = uint64(r.ReadExpGolomb()+r.ReadExpGolomb()) * unitY
	}
	if r.AccError() != nil {
		return 0, 0, false
	}
	width, okX := shown(codedWidth, cropX)
	height, okY := shown(codedHeight, cropY)
	return width, height, okX && okY
}

// skipProfileTierLevel skips profile_tier_level( 1, subLayers ) (ISO/IEC 23008-2, 7.3.3).
func skipProfileTierLevel(r *bits.EBSPReader, subLayers int) {
	skip := func(octets int) {
		for range octets {
			r.Read(8)
		}
	}
	skip(12)
	if subLayers == 0 {
		return
	}
	present := r.Read(16) // two flags for each of eight sub-layers: profile, level
	for i := range subLayers {
		if present>>(15-2*i)&1 != 0 {
			skip(11)
		}
		if present>>(14-2*i)&1 != 0 {
			skip(1)
		}
	}
}

// codecStringHEVC names profile, compatibility, tier, level and constraints (ISO/IEC 14496-15, annex E.3).
func codecStringHEVC(hvcC []byte) string {
	if len(hvcC) < 13 {
		return "hvc1"
	}
	profile := hevc.ProfileTierLevel{
		GeneralProfileSpace:              hvcC[1] >> 6,
		GeneralTierFlag:                  hvcC[1]&0x20 != 0,
		GeneralProfileIDC:                hvcC[1] & 0x1f,
		GeneralProfileCompatibilityFlags: uint32(hvcC[2])<<24 | uint32(hvcC[3])<<16 | uint32(hvcC[4])<<8 | uint32(hvcC[5]),
		GeneralLevelIDC:                  hvcC[12],
	}
	for _, b := range hvcC[6:12] {
		profile.GeneralConstraintIndicatorFlags = profile.GeneralConstraintIndicatorFlags<<8 | uint64(b)
	}
	return hevc.CodecString("hvc1", &hevc.SPS{ProfileTierLevel: profile})
}
