// Package containertest is what the tests of all readers have in common.
package containertest

import (
	"errors"
	"io"
	"testing"

	"github.com/trivue/trivue/pipeline/container"
)

// Packet is a packet with its bytes.
type Packet struct {
	container.Packet
	Payload []byte
}

// Drain reads a file of a size to its end and checks what every reader promises whatever the file holds: it ends, accounts for every byte,
// gives no more than is there, and fails for no reason of the file's.
func Drain(t testing.TB, r container.Reader, size int64) (packets []Packet) {
	t.Helper()
	tracks := map[int]bool{}
	for _, track := range r.Tracks() {
		tracks[track.ID] = true
	}
	if len(tracks) == 0 {
		t.Fatal("a reader without tracks")
	}
	var total int64
	for n := int64(0); ; n++ {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("reading from memory fails: %v", err)
		}
		payload, err := r.Payload(nil)
		if err != nil || len(payload) != p.Size || p.Size == 0 {
			t.Fatalf("payload of %d bytes: %d, %v", p.Size, len(payload), err)
		}
		total += int64(p.Size)
		if !tracks[p.Track] || n > size || total > size || p.Duration < 0 {
			t.Fatalf("packet %d: %+v, %d bytes so far out of %d", n, p, total, size)
		}
		packets = append(packets, Packet{p, payload})
	}
	if r.Consumed() != size {
		t.Fatalf("%d of %d bytes are accounted for", r.Consumed(), size)
	}
	for _, d := range r.Damage() {
		if d.To < d.From || d.Bytes < 0 || d.Offset < 0 || d.Offset > size {
			t.Fatalf("damage %+v in a file of %d bytes", d, size)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("behind the end: %v", err)
	}
	return packets
}
