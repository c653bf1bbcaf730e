package timeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Encode gives the file's content, indented: people read it too. It refuses a timeline that Validate refuses.
func Encode(t Timeline) ([]byte, error) {
	if err := t.Validate(); err != nil {
		return nil, fmt.Errorf("encode timeline: %w", err)
	}
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode timeline: %w", err)
	}
	return append(b, '\n'), nil
}

// Decode reads a timeline.json and checks it.
func Decode(data []byte) (Timeline, error) {
	var t Timeline
	if err := json.Unmarshal(data, &t); err != nil {
		return t, fmt.Errorf("decode timeline: %w", err)
	}
	if err := t.Validate(); err != nil {
		return t, fmt.Errorf("decode timeline: %w", err)
	}
	return t, nil
}

// Validate checks what every reader relies on: a known version, numbers that are numbers, files beside the timeline.
func (t Timeline) Validate() error {
	if t.Version != Version {
		return fmt.Errorf("version %d is not known here (this program reads %d)", t.Version, Version)
	}
	if !finite(t.Start, t.Duration) || t.Start > 0 || t.Duration < t.Start {
		return errors.New("start and duration do not make an interval")
	}
	for _, r := range t.Recordings {
		if !r.Kind.Valid() {
			return fmt.Errorf("unknown kind of recording %q", r.Kind)
		}
		for _, take := range r.Takes {
			if err := take.validate(); err != nil {
				return fmt.Errorf("%s take %q: %w", r.Kind, take.File, err)
			}
		}
		for _, name := range []string{r.Waveform, r.Thumbnails} {
			if name != "" && !besides(name) {
				return fmt.Errorf("%s: %q is not a plain file name", r.Kind, name)
			}
		}
	}
	return nil
}

func (t Take) validate() error {
	switch {
	case !besides(t.File):
		return errors.New("is not a plain file name")
	case !finite(t.Start, t.Rate, t.Duration):
		return errors.New("has a time that is not a number")
	case t.Rate < 0.5 || t.Rate > 2:
		return fmt.Errorf("has a rate of %g; clocks do not differ that much", t.Rate)
	case t.Duration < 0:
		return errors.New("has a negative duration")
	case len(t.Pieces) == 1:
		return errors.New("has one piece; that is what start and rate are for")
	default:
		return t.Pieces.validate()
	}
}

// besides reports whether a name means a file in the timeline's own folder: a timeline from elsewhere must not lead a program
// to other places.
func besides(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\\x00")
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
