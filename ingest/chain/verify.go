// Package chain says whether stored bytes are what a browser recorded, and signs that they are: the chain over a take's chunks
// and the receipt under a whole take, as docs/interview.md defines them. It knows no database and no requests.
//
// web/src/capture/chain.ts computes the same in the browser; testdata/vectors.json holds both to it.
package chain

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// State is how far a chain was found right: what Advance needs to go on without reading the beginning again.
type State struct {
	Records int64 // how many, with the end
	Bytes   int64 // of media that they speak of
	Link    Link  // the last one
	Ms      uint32
	Ended   bool // the last record was the end
}

// Begin is the state of a take of which nothing was seen yet.
func Begin(take, kind, mime string) State { return State{Link: First(take, kind, mime)} }

// Chunks is how many chunks the records speak of: all but the end.
func (s State) Chunks() int64 {
	if s.Ended {
		return s.Records - 1
	}
	return s.Records
}

// Mismatch means that media and chain do not fit together.
type Mismatch struct {
	Record int64 // the first that is wrong, counted from 0
	Offset int64 // in the media, of the first byte that it speaks of
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("record %d of the chain does not fit the media from byte %d on", m.Record, m.Offset)
}

// ErrShort means that the media ended before the chain did.
var ErrShort = errors.New("the chain speaks of media that is not here")

// Advance checks records that follow on the state, against media whose next byte is at State.Bytes. It reads what they speak of and
// no more. The state that it gives covers the records that were right, also with an error: *Mismatch, ErrShort, or what reading
// failed with.
func (s State) Advance(media io.Reader, records []Record) (State, error) {
	for _, r := range records {
		if s.Ended {
			return s, &Mismatch{Record: s.Records, Offset: s.Bytes}
		}
		hash := sha256.New()
		n, err := io.CopyN(hash, media, int64(r.Size))
		switch {
		case errors.Is(err, io.EOF):
			return s, fmt.Errorf("%w: record %d needs %d bytes more", ErrShort, s.Records, int64(r.Size)-n)
		case err != nil:
			return s, fmt.Errorf("read the media of record %d: %w", s.Records, err)
		}
		if Next(s.Link, r.Size, r.Ms, [sha256.Size]byte(hash.Sum(nil))) != r.Link {
			return s, &Mismatch{Record: s.Records, Offset: s.Bytes}
		}
		s = State{Records: s.Records + 1, Bytes: s.Bytes + int64(r.Size), Link: r.Link, Ms: r.Ms, Ended: r.IsEnd()}
	}
	return s, nil
}

// Verify checks a whole take: every record against every byte, an end, and nothing behind it in either. It reads both once, in
// order, and keeps neither. Errors are *Mismatch where they do not fit, and what reading failed with; a take that merely is not
// whole does not fit.
func Verify(take, kind, mime string, media, records io.Reader) (State, error) {
	s := Begin(take, kind, mime)
	lines := bufio.NewReaderSize(records, 1024*RecordSize)
	raw := make([]byte, RecordSize)
	for !s.Ended {
		if _, err := io.ReadFull(lines, raw); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return s, &Mismatch{Record: s.Records, Offset: s.Bytes}
		} else if err != nil {
			return s, fmt.Errorf("read record %d of the chain: %w", s.Records, err)
		}
		next, err := ParseRecords(raw)
		if err != nil {
			return s, err
		}
		if s, err = s.Advance(media, next); errors.Is(err, ErrShort) {
			return s, &Mismatch{Record: s.Records, Offset: s.Bytes}
		} else if err != nil {
			return s, err
		}
	}
	for name, r := range map[string]io.Reader{"chain": lines, "media": media} {
		switch _, err := io.ReadFull(r, raw[:1]); {
		case err == nil:
			return s, &Mismatch{Record: s.Records - 1, Offset: s.Bytes}
		case !errors.Is(err, io.EOF):
			return s, fmt.Errorf("read the end of the %s: %w", name, err)
		}
	}
	return s, nil
}

// Extend makes the record of the chunk that comes next, as a browser does; no bytes make the end. Tests and tools need it.
func (s State) Extend(chunk []byte, ms uint32) (State, Record) {
	r := Record{Size: uint32(len(chunk)), Ms: ms, Link: Next(s.Link, uint32(len(chunk)), ms, sha256.Sum256(chunk))}
	return State{Records: s.Records + 1, Bytes: s.Bytes + int64(r.Size), Link: r.Link, Ms: ms, Ended: r.IsEnd()}, r
}
