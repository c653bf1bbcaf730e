package exam

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"
)

// entry is an event as it is hashed: JSON, made canonical by RFC 8785. Its fields are a format: logs that exist must stay checkable.
type entry struct {
	N        int64           `json:"n"`
	At       int64           `json:"at"` // microseconds since 1970
	Source   string          `json:"source"`
	Kind     EventKind       `json:"kind"`
	Data     json.RawMessage `json:"data"`
	Previous string          `json:"previous"` // lower-case hexadecimal
	ID       string          `json:"id,omitempty"`
	Wall     int64           `json:"wall,omitempty"`
	Server   int64           `json:"server,omitempty"`
}

// Canonical gives the event as the bytes that are hashed.
func (e Event) Canonical() ([]byte, error) {
	micro := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		return t.UnixMicro()
	}
	plain, err := json.Marshal(entry{N: e.N, At: e.At.UnixMicro(), Source: e.Source, Kind: e.Kind, Data: e.Data, Previous: hex.EncodeToString(e.Previous[:]),
		ID: e.ID, Wall: micro(e.Wall), Server: micro(e.Server)})
	if err != nil {
		return nil, fmt.Errorf("event %d: %w", e.N, err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("event %d: %w", e.N, err)
	}
	return canonical, nil
}

// Hash is the SHA-256 of the canonical event: what the next one names as its previous.
func (e Event) Hash() ([32]byte, error) {
	canonical, err := e.Canonical()
	return sha256.Sum256(canonical), err
}

// Follow gives an event its place behind another (nil for the first) and the time of its logging.
func (e Event) Follow(last *Event, at time.Time) (Event, error) {
	data, err := jcs.Transform(e.Data)
	if err != nil {
		return Event{}, fmt.Errorf("data of event %q: %w", e.Kind, err)
	}
	e.Data, e.At = data, at.UTC().Truncate(time.Microsecond)
	e.N, e.Previous = 0, [32]byte{}
	if last != nil {
		e.N = last.N + 1
		if e.Previous, err = last.Hash(); err != nil {
			return Event{}, err
		}
	}
	return e, nil
}

// Event gives what happened as an event without its place in the log.
func (h Happening) Event() (Event, error) {
	data, err := json.Marshal(h.Data)
	if err != nil {
		return Event{}, fmt.Errorf("data of event %q: %w", h.Kind, err)
	}
	return Event{Source: h.Source, Kind: h.Kind, Data: data}, nil
}

// CheckLog reports the first event of a whole log that is not what it must be after those before it: changed, missing or out of
// order.
func CheckLog(events []Event) error {
	var previous [32]byte
	for n, e := range events {
		switch {
		case e.N != int64(n):
			return fmt.Errorf("event %d is missing: its place holds event %d", n, e.N)
		case e.Previous != previous:
			return fmt.Errorf("event %d (%s) does not follow the one before it: one of them was changed", n, e.Kind)
		}
		var err error
		if previous, err = e.Hash(); err != nil {
			return err
		}
	}
	return nil
}
