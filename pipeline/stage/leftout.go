package stage

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trivue/trivue/pipeline/container"
)

// LeftOut is a track of picture or sound that was recorded and is not in the playback file.
type LeftOut struct {
	Kind  container.Kind `json:"kind"`
	Codec string         `json:"codec"` // as known here, otherwise as the file names it
	Why   Omission       `json:"why"`
}

// Omission says why a track was left out.
type Omission string

// The reasons.
const (
	NoDecoder Omission = "no-decoder" // there is no decoder for it here
	Broken    Omission = "broken"     // its decoder makes nothing of it
	Spare     Omission = "spare"      // another track of its kind is played
)

// Error says it in a sentence: what was recorded and is not played is worth a warning.
func (l LeftOut) Error() string { return l.String() }

func (l LeftOut) String() string {
	what := "picture"
	if l.Kind == container.Audio {
		what = "sound"
	}
	switch l.Why {
	case Spare:
		return fmt.Sprintf("a second track of %s (%s) is left out: one is played", what, l.Codec)
	case Broken:
		return fmt.Sprintf("its %s (%s) cannot be decoded and is left out", what, l.Codec)
	default:
		return fmt.Sprintf("there is no decoder for its %s (%s) here, and it is left out", what, l.Codec)
	}
}

// leftOut lists what the inspection does not choose, so that nothing that was recorded disappears without a word.
func leftOut(in *File, counters map[int]*trackCounter, chosen ...*TrackReport) []LeftOut {
	var all []LeftOut
	played := map[container.Kind]int{}
	for _, r := range chosen {
		if r != nil {
			played[r.kind()] = r.ID
		}
	}
	for id, c := range counters {
		if c.seen.Packets == 0 || played[c.Kind] == id {
			continue
		}
		l := LeftOut{Kind: c.Kind, Codec: string(c.Codec), Why: Spare}
		switch {
		case played[c.Kind] != 0:
		case c.Kind == container.Video && c.seen.Keys == 0:
			l.Why = Broken // not one picture to begin with
		default:
			l.Why = NoDecoder
		}
		all = append(all, l)
	}
	for _, f := range in.Foreign() {
		all = append(all, LeftOut{Kind: f.Kind, Codec: strings.TrimSpace(f.Format), Why: NoDecoder})
	}
	slices.SortFunc(all, func(a, b LeftOut) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Codec, b.Codec)) })
	return all
}

// undecodable reports whether an error says that a decoder could make nothing of a track.
func undecodable(err error) bool {
	var unusable *container.UnusableError
	return errors.As(err, &unusable) && (unusable.Reason == container.NotMedia || unusable.Reason == container.Unsupported)
}

// silenced gives the losses of kinds that were recorded and of which nothing is played.
func silenced(all []LeftOut, f PlaybackFile) []Loss {
	var losses []Loss
	for _, l := range all {
		absent := l.Kind == container.Video && f.Video == nil || l.Kind == container.Audio && f.Audio == nil
		stated := slices.ContainsFunc(losses, func(o Loss) bool { return o.Media == l.Kind })
		if absent && !stated {
			losses = append(losses, Loss{Cause: container.Undecodable, Media: l.Kind, Codec: l.Codec, To: f.Duration})
		}
	}
	return losses
}
