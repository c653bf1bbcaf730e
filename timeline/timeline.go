// Package timeline is the map of an interview: where on one common axis each piece of each recording lies, what is missing,
// and how well all that is known. It is what the contract calls timeline.json.
//
// The axis is interview time, in seconds. With a server its zero is the exam's scheduled start; without one it is the first
// frame of the first camera take. Media is never altered to align it: players map interview time to media time with this.
package timeline

import "github.com/trivue/trivue/exam"

// Version is the version of the file format that this package writes.
const Version = 1

// Placed says by which method a take was put on the timeline.
type Placed string

// The methods, best first.
const (
	ByReference Placed = "reference" // the take defines the axis
	BySound     Placed = "sound"     // the same sound was found in the reference
	ByClock     Placed = "clock"     // clock stamps, or for lack of anything better the file's own start
	Unplaced    Placed = "unplaced"  // nothing is known; Start is where the player shows it, not where it was
)

// Heard is the verdict of comparing two recordings' sound.
type Heard string

// The verdicts.
const (
	HeardExactly       Heard = "exact"        // the same scene, placed to a few milliseconds
	HeardApproximately Heard = "approximate"  // the same scene, placed to some tens of milliseconds
	HeardNothingAlike  Heard = "cannot-align" // sound on both sides, and nothing that ties them together
)

// Timeline is the whole map.
type Timeline struct {
	Version int `json:"version"`
	// Start is the interview time at which the earliest take begins; 0 or less. It is the zero of waveforms and thumbnails.
	Start float64 `json:"start,omitempty"`
	// Duration is the interview time, in seconds, at which the last take ends.
	Duration   float64     `json:"duration"`
	Recordings []Recording `json:"recordings"`
	// Missing lists recordings of which there is no take at all.
	Missing []exam.Kind `json:"missing,omitempty"`
}

// Recording is one of camera, screen and phone: its takes in order of time.
type Recording struct {
	Kind  exam.Kind `json:"kind"`
	Takes []Take    `json:"takes"`
	Gaps  []Gap     `json:"gaps,omitempty"`
	// Waveform names a file of peaks in BBC audiowaveform's binary format, version 2, 8 bit, one channel. Its first point is
	// at interview time Start. Empty where the recording has no sound.
	Waveform string `json:"waveform,omitempty"`
	// Thumbnails names a WebVTT file whose cues point into a sprite by media fragments (#xywh=). Cue time 0 is interview time
	// Start. Empty where the recording has no picture.
	Thumbnails string `json:"thumbnails,omitempty"`
}

// Take is one uninterrupted run of a recorder.
type Take struct {
	File string `json:"file"` // playback file, beside timeline.json
	MIME string `json:"mime"` // with codecs parameter (RFC 6381), as a browser's canPlayType takes it
	// Start and Rate map media time t of the playback file, in seconds, to interview time: Start + Rate·t.
	// Where the take has Pieces, they say so instead, and Start and Rate are the first one's.
	Start      float64 `json:"start"`
	Rate       float64 `json:"rate"`
	Pieces     Map     `json:"pieces,omitempty"`
	Duration   float64 `json:"duration"` // of the playback file, in seconds of media time
	Placed     Placed  `json:"placed"`
	Residual   float64 `json:"residual"`   // seconds; median distance of the evidence from the map
	Confidence float64 `json:"confidence"` // 0 to 1
	// Heard says what comparing its sound with another recording's gave; empty where one of them had nothing to be heard.
	// Cannot-align is a finding of its own: two devices in one room hear the same.
	Heard Heard `json:"heard,omitempty"`
	// Reason says in plain English why a take could not be placed by sound, or not exactly; empty where it was.
	Reason     string `json:"reason,omitempty"`
	Source     Source `json:"source"`
	Transcoded bool   `json:"transcoded"`
	// TranscodedWhy says in plain English why anything was transcoded.
	TranscodedWhy string   `json:"transcodedWhy,omitempty"`
	Video         bool     `json:"video"`            // has a picture
	Audio         bool     `json:"audio"`            // has sound
	Width         int      `json:"width,omitempty"`  // coded pixels, before rotation
	Height        int      `json:"height,omitempty"` // coded pixels, before rotation
	Rotation      int      `json:"rotation"`         // clockwise degrees to show it upright; players do it by themselves
	Damage        []Damage `json:"damage,omitempty"`
}

// Source identifies the file as it was received.
type Source struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // lower-case hexadecimal
	Size   int64  `json:"size"`   // bytes
}

// Damage is an interval for which a take's file holds no usable data.
type Damage struct {
	From  float64 `json:"from"`  // seconds of media time of the playback file
	To    float64 `json:"to"`    // equal to From where it is not known how much is missing
	Cause string  `json:"cause"` // truncated, hole, corrupt, undecodable
	Media string  `json:"media"` // video, audio or both
	// Codec is what could not be decoded, where Cause is undecodable.
	Codec string `json:"codec,omitempty"`
	Bytes int64  `json:"bytes"` // unusable bytes of the source
}

// Gap is an interval of interview time between two takes of a recording.
type Gap struct {
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	Cause string  `json:"cause,omitempty"` // as the recorder told it; empty where it is not known
}

// Map leads from the playback file's media time to interview time.
func (t Take) Map() Map {
	if len(t.Pieces) > 0 {
		return t.Pieces
	}
	return Line(t.Start, t.Rate, t.Duration)
}

// End is the interview time at which the take ends.
func (t Take) End() float64 { return t.Map().At(t.Duration) }

// Media maps interview time to media time of the playback file, in seconds. Below zero or beyond Duration: not in this take.
func (t Take) Media(interview float64) float64 { return t.Map().Media(interview) }
