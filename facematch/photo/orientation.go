package photo

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is EXIF's: how the stored picture must be turned to stand upright (CIPA DC-008, tag 0x0112).
type orientation int

const uprightly orientation = 1

func (o orientation) swapsSides() bool { return o >= 5 }

// orientationOf finds the orientation that a JPEG's EXIF block gives. What is absent or broken is upright: a photo whose EXIF data is
// odd is still a photo.
func orientationOf(data []byte) orientation {
	// Segments follow each other up to the picture itself: FF, a marker, the length of the rest.
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker, length := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xFF { // padding
			at++
			continue
		}
		end := at + 2 + length
		if marker == 0xDA || length < 2 || end > len(data) {
			return uprightly
		}
		if body, is := bytes.CutPrefix(data[at+4:end], []byte("Exif\x00\x00")); marker == 0xE1 && is {
			return orientationIn(body)
		}
		at = end
	}
	return uprightly
}

// orientationIn looks through the first directory of a TIFF structure.
func orientationIn(tiff []byte) orientation {
	if len(tiff) < 8 {
		return uprightly
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	const entrySize, tag, short = 12, 0x0112, 3
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return uprightly
	}
	count := int64(order.Uint16(tiff[at:]))
	for i := range count {
		entry := at + 2 + i*entrySize
		if entry+entrySize > int64(len(tiff)) {
			break
		}
		e := tiff[entry:]
		if order.Uint16(e) != tag || order.Uint16(e[2:]) != short {
			continue
		}
		if o := orientation(order.Uint16(e[8:])); o >= 1 && o <= 8 {
			return o
		}
		break
	}
	return uprightly
}

// apply turns a picture upright.
func (o orientation) apply(src *image.RGBA) *image.RGBA {
	if o == uprightly {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Pt(w, h)
	if o.swapsSides() {
		size = image.Pt(h, w)
	}
	dst := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			sx, sy := o.source(x, y, w, h)
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}

// source is which pixel of a stored picture of w × h comes to x, y of the upright one.
func (o orientation) source(x, y, w, h int) (sx, sy int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	default:
		return x, y
	}
}
