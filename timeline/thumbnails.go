package timeline

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"time"
)

// Thumbnail is a small picture of a recording, cut from a sprite.
type Thumbnail struct {
	At, Until  float64 // seconds since the timeline's Start
	Sprite     string  // file beside the WebVTT file
	X, Y, W, H int     // pixels
}

// WriteThumbnails writes WebVTT whose cues point into sprites by media fragments, as players take them
// (W3C WebVTT; Media Fragments URI 1.0, 4.2.2).
func WriteThumbnails(out io.Writer, thumbnails []Thumbnail) error {
	sorted := slices.SortedFunc(slices.Values(thumbnails), func(a, b Thumbnail) int { return int((a.At - b.At) * 1e6) })
	w := bufio.NewWriter(out)
	fmt.Fprint(w, "WEBVTT\n")
	for _, t := range sorted {
		fmt.Fprintf(w, "\n%s --> %s\n%s#xywh=%d,%d,%d,%d\n", vttTime(t.At), vttTime(t.Until), t.Sprite, t.X, t.Y, t.W, t.H)
	}
	return w.Flush()
}

// vttTime writes hours always: cues then sort as text.
func vttTime(seconds float64) string {
	d := time.Duration(max(seconds, 0) * float64(time.Second)).Round(time.Millisecond)
	return fmt.Sprintf("%02d:%02d:%02d.%03d", d/time.Hour, d/time.Minute%60, d/time.Second%60, d/time.Millisecond%1000)
}
