package bitstream

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/Eyevinn/mp4ff/bits"
)

// NAL unit types of H.264 (ISO/IEC 14496-10, table 7-1) that matter here.
const (
	avcSlice      = 1
	avcPartitionA = 2
	avcIDR        = 5
	avcSEI        = 6
	avcSPS        = 7
	avcLastKnown  = 21 // 22 and 23 are reserved, 24 to 31 belong to other layers (RTP)
)

// avcLengthSize is the number of bytes of each NAL unit's length, by the avcC record (ISO/IEC 14496-15, 5.3.3.1.2).
func avcLengthSize(avcC []byte) int {
	if len(avcC) < 5 {
		return 4
	}
	return int(avcC[4]&3) + 1
}

func verifyAVC(avcC, payload []byte) error {
	pictures := 0
	err := forEachNAL(payload, avcLengthSize(avcC), func(nal []byte) (bool, error) {
		kind := nal[0] & 0x1f
		if nal[0]&0x80 != 0 {
			return false, errors.New("its forbidden bit is set")
		}
		if kind == 0 || kind > avcLastKnown {
			return false, fmt.Errorf("type %d does not occur in a file", kind)
		}
		if kind != avcSlice && kind != avcIDR && kind != avcPartitionA {
			return true, nil
		}
		pictures++
		return true, verifyAVCSlice(nal)
	})
	if err == nil && pictures == 0 {
		err = errNoPicture
	}
	return err
}

// verifyAVCSlice checks the start of a slice header (ISO/IEC 14496-10, 7.3.3).
func verifyAVCSlice(nal []byte) error {
	if endsInZeros(nal) {
		return errZeroedTail
	}
	r := bits.NewEBSPReader(bytes.NewReader(nal[1:min(len(nal), 16)]))
	firstMacroblock, sliceType := r.ReadExpGolomb(), r.ReadExpGolomb()
	if r.AccError() != nil {
		return errors.New("cut in its slice header")
	}
	if firstMacroblock > 139264 { // MaxFS of level 6.2 (ISO/IEC 14496-10, table A-1)
		return fmt.Errorf("slice begins at macroblock %d", firstMacroblock)
	}
	if sliceType > 9 {
		return fmt.Errorf("slice type %d does not exist", sliceType)
	}
	intra := sliceType%5 == 2 || sliceType%5 == 4
	if nal[0]&0x1f == avcIDR && (!intra || nal[0]&0x60 == 0) {
		return errors.New("instantaneous refresh that refers to other pictures")
	}
	return nil
}

func isKeyAVC(avcC, payload []byte) bool {
	key := false
	err := forEachNAL(payload, avcLengthSize(avcC), func(nal []byte) (bool, error) {
		switch nal[0] & 0x1f {
		case avcIDR:
			key = true
		case avcSEI:
			key = recoversAtOnce(nal[1:])
		case avcSlice, avcPartitionA:
			return false, nil
		}
		return !key, nil
	})
	return err == nil && key
}

// recoversAtOnce finds a recovery point message whose recovery_frame_cnt is 0 (ISO/IEC 14496-10, D.1.8): how encoders with
// open groups of pictures mark where decoding may begin.
func recoversAtOnce(sei []byte) bool {
	const recoveryPoint = 6
	for len(sei) > 2 {
		var kind, size int
		kind, sei = seiNumber(sei)
		size, sei = seiNumber(sei)
		if size > len(sei) {
			return false
		}
		if kind == recoveryPoint && size > 0 {
			return sei[0]&0x80 != 0 // ue(v) of 0 is a single 1
		}
		sei = sei[size:]
	}
	return false
}

// seiNumber reads a number that is coded as a sum of bytes, of which all but the last are 255 (ISO/IEC 14496-10, 7.3.2.3.1).
func seiNumber(b []byte) (int, []byte) {
	n := 0
	for i, v := range b {
		n += int(v)
		if v != 0xff {
			return n, b[i+1:]
		}
	}
	return n, nil
}

func dimensionsAVC(avcC []byte) (width, height int, ok bool) {
	if len(avcC) < 8 || avcC[0] != 1 || avcC[5]&0x1f == 0 {
		return 0, 0, false
	}
	n := int(avcC[6])<<8 | int(avcC[7])
	if n < 4 || n > len(avcC)-8 {
		return 0, 0, false
	}
	return sizeInAVCSPS(avcC[8 : 8+n])
}

// sizeInAVCSPS reads a sequence parameter set up to its cropping rectangle (ISO/IEC 14496-10, 7.3.2.1.1). The library's own
// parser allocates whatever num_ref_frames_in_pic_order_cnt_cycle says, up to gigabytes.
func sizeInAVCSPS(nal []byte) (width, height int, ok bool) {
	if nal[0]&0x1f != avcSPS {
		return 0, 0, false
	}
	r := bits.NewEBSPReader(bytes.NewReader(nal[1:]))
	profile := r.Read(8)
	r.Read(16) // constraint flags, level
	r.ReadExpGolomb()
	chroma := uint(1)
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		chroma = skipAVCHighProfile(r)
	}
	r.ReadExpGolomb() // log2_max_frame_num_minus4
	skipPictureOrder(r)
	r.ReadExpGolomb() // max_num_ref_frames
	r.ReadFlag()      // gaps_in_frame_num_value_allowed_flag
	columns, rows := uint64(r.ReadExpGolomb())+1, uint64(r.ReadExpGolomb())+1
	fields := uint64(1)
	if !r.ReadFlag() { // frame_mbs_only_flag
		fields = 2
		r.ReadFlag()
	}
	r.ReadFlag() // direct_8x8_inference_flag
	var cropX, cropY uint64
	if r.ReadFlag() {
		unitX, unitY := cropUnits(chroma)
		cropX = uint64(r.ReadExpGolomb()+r.ReadExpGolomb()) * unitX
		cropY = uint64(r.ReadExpGolomb()+r.ReadExpGolomb()) * unitY * fields
	}
	if r.AccError() != nil {
		return 0, 0, false
	}
	width, okX := shown(columns*16, cropX)
	height, okY := shown(rows*16*fields, cropY)
	return width, height, okX && okY
}

// skipAVCHighProfile skips what only High and later profiles have, and gives chroma_format_idc.
func skipAVCHighProfile(r *bits.EBSPReader) uint {
	chroma := r.ReadExpGolomb()
	if chroma == 3 {
		r.ReadFlag() // separate_colour_plane_flag
	}
	r.ReadExpGolomb() // bit depths
	r.ReadExpGolomb()
	r.ReadFlag()       // qpprime_y_zero_transform_bypass_flag
	if !r.ReadFlag() { // seq_scaling_matrix_present_flag
		return chroma
	}
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if !r.ReadFlag() {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		last, next := 8, 8
		for range size {
			if next != 0 {
				next = (last + r.ReadSignedGolomb() + 256) & 0xff
			}
			if next != 0 {
				last = next
			}
		}
	}
	return chroma
}

func skipPictureOrder(r *bits.EBSPReader) {
	switch r.ReadExpGolomb() { // pic_order_cnt_type
	case 0:
		r.ReadExpGolomb()
	case 1:
		r.ReadFlag()
		r.ReadExpGolomb()
		r.ReadExpGolomb()
		for n := min(r.ReadExpGolomb(), 255); n > 0; n-- { // its maximum by 7.4.2.1.1
			r.ReadExpGolomb()
		}
	}
}

// cropUnits gives the size in luma samples of one unit of a cropping rectangle (ISO/IEC 14496-10, table 6-1).
func cropUnits(chromaFormat uint) (x, y uint64) {
	switch chromaFormat {
	case 1:
		return 2, 2
	case 2:
		return 2, 1
	default:
		return 1, 1
	}
}

// codecStringAVC is "avc1." and profile, constraints and level in hexadecimal (RFC 6381, 3.3).
func codecStringAVC(avcC []byte) string {
	if len(avcC) < 4 {
		return "avc1"
	}
	return fmt.Sprintf("avc1.%02X%02X%02X", avcC[1], avcC[2], avcC[3])
}
