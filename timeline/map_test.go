package timeline_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/timeline"
)

func TestAMapOfPiecesLeadsThereAndBack(t *testing.T) {
	// The recorder lost five seconds at 20 s; what it was placed on lost two, so that its seconds 40 to 42 have no place of their own.
	m := timeline.Map{{From: 0, To: 20, Start: 10, Rate: 1}, {From: 20, To: 40, Start: 15, Rate: 1}, {From: 42, To: 60, Start: 13, Rate: 1}}
	for _, c := range []struct{ media, interview float64 }{{-1, 9}, {0, 10}, {19, 29}, {20, 35}, {39, 54}, {42, 55}, {61, 74}} {
		assert.InDelta(t, c.interview, m.At(c.media), 1e-9, "media time %v", c.media)
		assert.InDelta(t, c.media, m.Media(c.interview), 1e-9, "interview time %v", c.interview)
	}
	assert.InDelta(t, 55, m.At(41), 1e-9, "between the pieces the timeline stands still")
	assert.InDelta(t, 20, m.Media(32), 1e-9, "in the jump nothing was recorded")
}

func TestMapsFollowEachOther(t *testing.T) {
	outer := timeline.Map{{From: 0, To: 30, Start: 100, Rate: 1}, {From: 30, To: 90, Start: 104, Rate: 1}}
	inner := timeline.Line(10, 1.0001, 50)
	both := outer.Over(inner)
	require.Len(t, both, 2)
	for _, media := range []float64{0, 5, 19, 25, 50} {
		assert.InDelta(t, outer.At(inner.At(media)), both.At(media), 1e-9, "media time %v", media)
	}
}

func TestPiecesThatAreNotInOrderAreRefused(t *testing.T) {
	take := timeline.Take{File: "phone-0.webm", Start: 1, Rate: 1, Duration: 10}
	for name, pieces := range map[string]timeline.Map{
		"one":      {{From: 0, To: 10, Start: 1, Rate: 1}},
		"overlap":  {{From: 0, To: 6, Start: 1, Rate: 1}, {From: 5, To: 10, Start: 3, Rate: 1}},
		"rate":     {{From: 0, To: 5, Start: 1, Rate: 1}, {From: 5, To: 10, Start: 3, Rate: 9}},
		"backward": {{From: 0, To: 5, Start: 10, Rate: 1}, {From: 5, To: 10, Start: 1, Rate: 1}},
	} {
		take.Pieces = pieces
		line := timeline.Timeline{Version: timeline.Version, Duration: 20, Recordings: []timeline.Recording{{Kind: "phone", Takes: []timeline.Take{take}}}}
		assert.Error(t, line.Validate(), name)
	}
}
