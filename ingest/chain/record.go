package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// RecordSize is how many bytes a record has in the file `chain` and on its way to the server.
const RecordSize = 40

// Link is one link of a chain: it stands for every byte, cut and time up to it.
type Link [sha256.Size]byte

// String gives the link in lower-case hexadecimal.
func (l Link) String() string { return hex.EncodeToString(l[:]) }

// ParseLink reads what String gives.
func ParseLink(s string) (Link, error) {
	var l Link
	if n, err := hex.Decode(l[:], []byte(s[:min(len(s), 2*len(l))])); err != nil || n != len(l) || l.String() != s {
		return Link{}, fmt.Errorf("%.80q is no link: it must be %d lower-case hexadecimal digits", s, 2*len(l))
	}
	return l, nil
}

// Record says of one chunk what the browser wrote down when it recorded it.
type Record struct {
	Size uint32 // bytes of the chunk; 0 marks the end of the take
	Ms   uint32 // milliseconds since the take began; of the end, its length
	Link Link
}

// IsEnd reports whether the record is the last one of its take.
func (r Record) IsEnd() bool { return r.Size == 0 }

// AppendTo adds the record's bytes: size and milliseconds little-endian, then the link.
func (r Record) AppendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, r.Size)
	b = binary.LittleEndian.AppendUint32(b, r.Ms)
	return append(b, r.Link[:]...)
}

// ErrMalformed is what ParseRecords returns for bytes that are no records, whatever chain they may belong to.
var ErrMalformed = errors.New("these are no records of a chain")

// ParseRecords reads whole records. Nothing may follow an end.
func ParseRecords(b []byte) ([]Record, error) {
	if len(b)%RecordSize != 0 {
		return nil, fmt.Errorf("%w: %d bytes, but a record has %d", ErrMalformed, len(b), RecordSize)
	}
	records := make([]Record, len(b)/RecordSize)
	for n := range records {
		raw := b[n*RecordSize : (n+1)*RecordSize]
		records[n] = Record{Size: binary.LittleEndian.Uint32(raw), Ms: binary.LittleEndian.Uint32(raw[4:]), Link: Link(raw[8:])}
		if records[n].IsEnd() && n+1 < len(records) {
			return nil, fmt.Errorf("%w: record %d is an end, and %d follow it", ErrMalformed, n, len(records)-n-1)
		}
	}
	return records, nil
}

// EncodeRecords gives the bytes that ParseRecords reads.
func EncodeRecords(records []Record) []byte {
	b := make([]byte, 0, len(records)*RecordSize)
	for _, r := range records {
		b = r.AppendTo(b)
	}
	return b
}

// Differ gives the first record in which two runs of whole records differ, as far as both go; −1 where they do not.
func Differ(a, b []byte) int {
	for n := 0; (n+1)*RecordSize <= min(len(a), len(b)); n++ {
		if !bytes.Equal(a[n*RecordSize:(n+1)*RecordSize], b[n*RecordSize:(n+1)*RecordSize]) {
			return n
		}
	}
	return -1
}

// First gives the link that stands before a take's first chunk. MIME is the recorder's type, exactly as it was sent.
func First(take, kind, mime string) Link {
	return sha256.Sum256([]byte("trivue chain 1\n" + take + "\n" + kind + "\n" + mime + "\n"))
}

// Next gives the link after a chunk of that size, time and SHA-256. The end's has size 0 and the SHA-256 of nothing.
func Next(previous Link, size, ms uint32, sum [sha256.Size]byte) Link {
	b := make([]byte, 0, len(previous)+8+len(sum))
	b = append(b, previous[:]...)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = binary.LittleEndian.AppendUint32(b, ms)
	return sha256.Sum256(append(b, sum[:]...))
}
