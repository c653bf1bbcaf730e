package ogg

import (
	"bytes"
	"encoding/binary"

	"github.com/trivue/trivue/pipeline/container"
)

// pageHead is the length of a page's header without its table of segments (RFC 3533, 6).
const pageHead = 27

// Flags of a page.
const (
	continues = 1 // its first segment goes on with a packet of the page before
	begins    = 2 // the first page of a stream
	ends      = 4 // the last
)

// noGranule is the position of a page on which no packet ends.
const noGranule = -1

// page is what the header of a page says.
type page struct {
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
	lacing   []byte
	body     int64 // offset of its segments
	end      int64 // offset behind it
}

// kind says what stands at an offset.
type kind int

const (
	noPage  kind = iota
	cutPage      // a header that claims more bytes than the file has
	badPage      // a page whose checksum is wrong
	goodPage
)

var capture = []byte("OggS")

// pageAt reads the page at an offset, and checks it.
func pageAt(w *container.Window, at, size int64) (p page, k kind) {
	b := w.Peek(at, pageHead+255)
	if len(b) < pageHead {
		if len(b) > 0 && bytes.HasPrefix(capture, b[:min(len(b), len(capture))]) {
			return p, cutPage
		}
		return p, noPage
	}
	segments := int(b[26])
	if !bytes.HasPrefix(b, capture) || b[4] != 0 {
		return p, noPage
	}
	if len(b) < pageHead+segments {
		return p, cutPage
	}
	u := binary.LittleEndian
	p = page{flags: b[5], granule: int64(u.Uint64(b[6:])), serial: u.Uint32(b[14:]), sequence: u.Uint32(b[18:]),
		lacing: bytes.Clone(b[pageHead : pageHead+segments]), body: at + int64(pageHead+segments)}
	p.end = p.body
	for _, n := range p.lacing {
		p.end += int64(n)
	}
	if p.end > size {
		return p, cutPage
	}
	whole := w.Peek(at, int(p.end-at))
	if len(whole) < int(p.end-at) || checksum(whole) != u.Uint32(whole[22:]) {
		return p, badPage
	}
	return p, goodPage
}

// findPage looks for a good page at or behind an offset. Bytes that look like pages and are not cost their length each: budget bounds how
// many are looked at, or a file of nothing but such beginnings would take hours.
func findPage(w *container.Window, from, size int64, budget *int64) (at int64, ok bool) {
	const view = 8192
	for at = from; at < size; {
		b := w.Peek(at, view)
		i := bytes.Index(b, capture)
		if i < 0 {
			if len(b) < view {
				break
			}
			at += int64(len(b) - len(capture) + 1)
			continue
		}
		at += int64(i)
		p, k := pageAt(w, at, size)
		if k == goodPage {
			return at, true
		}
		if k == badPage {
			if *budget -= p.end - at; *budget < 0 {
				break
			}
		}
		at++
	}
	return size, false
}

// checksums are of single bytes: polynomial 0x04c11db7, most significant bit first, which is not the usual CRC-32.
var checksums = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}()

// checksum is of a whole page, whose own field counts as zeros.
func checksum(b []byte) (crc uint32) {
	const field, behind = 22, 26
	for i, c := range b {
		if i >= field && i < behind {
			c = 0
		}
		crc = crc<<8 ^ checksums[byte(crc>>24)^c]
	}
	return crc
}
