// Package amr reads the files that telephones record speech in: AMR and AMR-WB, frame after frame (RFC 4867, 5).
package amr

import (
	"bytes"
	"io"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/elementary"
)

// The files' first bytes.
var (
	narrowMagic = []byte("#!AMR\n")
	wideMagic   = []byte("#!AMR-WB\n")
)

// Sizes of frames by their type, header included (3GPP TS 26.101 and 26.201); 0 for types that are not in use. The last is a
// frame without data, the one before it in AMR-WB a frame that was lost.
var (
	narrowSizes = [16]int{13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1}
	wideSizes   = [16]int{18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1}
)

// confirm is how many frames must follow one another: a header has eight bits, of which three are fixed.
const confirm = 12

// perSecond is how many frames a second has.
const perSecond = 50

func syntax(sizes [16]int, rate int) elementary.Syntax {
	parse := func(b []byte) (elementary.Frame, bool) {
		const fixed = 0x83 // bits that are zero
		if len(b) == 0 || b[0]&fixed != 0 {
			return elementary.Frame{}, false
		}
		size := sizes[b[0]>>3&15]
		return elementary.Frame{Size: size, Samples: rate / perSecond}, size > 0
	}
	return elementary.Syntax{Header: 1, Parse: parse, Confirm: confirm}
}

// Open reads the head. The error is an *container.UnusableError where nothing follows that can be played, or the operating system's.
func Open(r io.ReaderAt, size int64) (container.Reader, error) {
	w := container.NewWindow(r, size)
	head := w.Peek(0, len(wideMagic))
	magic, sizes := wideMagic, wideSizes
	track := container.Track{ID: 1, Kind: container.Audio, Codec: container.AMRWB, SampleRate: 16000, Channels: 1}
	if bytes.HasPrefix(head, narrowMagic) {
		magic, sizes = narrowMagic, narrowSizes
		track.Codec, track.SampleRate = container.AMRNB, 8000
	}
	if w.Err() != nil {
		return nil, w.Err()
	}
	if !bytes.HasPrefix(head, magic) {
		return nil, &container.UnusableError{Reason: container.Unsupported, Detail: "it is an AMR file of several channels, which no telephone records"}
	}
	from := int64(len(magic))
	s := elementary.Stream{Format: container.AMRFile, Syntax: syntax(sizes, track.SampleRate), Track: track, From: from, Start: from, End: size}
	f, ok := s.Syntax.Parse(w.Peek(from, 1))
	if !ok || from+int64(f.Size) > size { // damaged, or nothing
		if s.Start, _, ok = elementary.Find(w, s.Syntax, from, size); !ok {
			return nil, &container.UnusableError{Reason: container.HeaderOnly, Detail: "it is an AMR file without sound"}
		}
	}
	return elementary.Open(w, s)
}
