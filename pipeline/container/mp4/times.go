package mp4

import (
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// maxTicksSeconds bounds every time stamp before it is multiplied, in seconds.
const maxTicksSeconds = int64(container.MaxDuration/time.Second) * 4

// toDuration converts ticks of a timescale to the nearest nanosecond. As long as the timescale is below 10⁹, toTicks gives the
// same ticks back.
func toDuration(ticks int64, scale uint32) time.Duration {
	s := int64(scale)
	seconds, rest := floorDiv(ticks, s)
	seconds = min(max(seconds, -maxTicksSeconds), maxTicksSeconds)
	return time.Duration(seconds*1e9 + (rest*1e9+s/2)/s)
}

// toTicks converts a time to the nearest tick of a timescale.
func toTicks(d time.Duration, scale uint32) int64 {
	seconds, rest := floorDiv(int64(d), 1e9)
	return seconds*int64(scale) + (rest*int64(scale)+5e8)/1e9
}

// floorDiv divides so that the remainder is never negative; times before zero then round like those after it.
func floorDiv(a, b int64) (quotient, remainder int64) {
	quotient, remainder = a/b, a%b
	if remainder < 0 {
		quotient--
		remainder += b
	}
	return quotient, remainder
}
