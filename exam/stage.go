package exam

import (
	"slices"
	"time"
)

// StageName names one step of the work on an attempt.
type StageName string

// Stages of a take, in their order, then those of a whole attempt. Frames and sound both follow playback and may run side by
// side; the timeline needs all takes' sound; the archive needs everything.
const (
	Inspect  StageName = "inspect"  // what is in the file, and is it usable
	Playback StageName = "playback" // the seekable file that a browser plays: by stream copy, or transcoded
	Sound    StageName = "sound"    // waveform, and what alignment listens to
	Frames   StageName = "frames"   // thumbnails
	Timeline StageName = "timeline" // places all takes on interview time
	Archive  StageName = "archive"  // copies everything to the object store, with checksums
)

// TakeStages and AttemptStages list the stages in their order.
var (
	TakeStages    = []StageName{Inspect, Playback, Sound, Frames}
	AttemptStages = []StageName{Timeline, Archive}
)

// StageState says how far a stage has come.
type StageState string

// States of a stage. A failed stage may be asked for again, which makes it Pending.
const (
	Pending StageState = "pending"
	Running StageState = "running"
	Done    StageState = "done"
	Failed  StageState = "failed"
	// Skipped is how a stage is shown that waits in vain; no row has it.
	Skipped StageState = "skipped"
)

// needs names the stages without whose results a stage cannot be done.
var needs = map[StageName][]StageName{Playback: {Inspect}, Sound: {Inspect, Playback}, Frames: {Inspect, Playback}, Archive: {Timeline}}

// WaitsInVain reports whether a stage will not run, because one that it needs has failed. State gives the states of the stages of the
// same take or attempt.
func (n StageName) WaitsInVain(state func(StageName) StageState) bool {
	return state(n) == Pending && slices.ContainsFunc(needs[n], func(before StageName) bool { return state(before) == Failed })
}

// Stage is one step of the work, as a row: what was to be done, how far it is, how it ended.
type Stage struct {
	AttemptID string
	TakeID    string // empty for a stage of the whole attempt
	Name      StageName
	// Revision is Attempt.Revision at which the stage was asked for; always 0 for a take's stages, which never go stale.
	Revision int64
	State    StageState
	Progress float64 // 0 to 1
	// Problem says why a failed stage failed, or what a done one had to leave out.
	Problem    *Problem
	Result     []byte // JSON, the stage's own type; nil before it is done
	Tries      int
	StartedAt  time.Time
	FinishedAt time.Time
}

// Problem is a failure as a person is told it: a code that the pages translate, and facts to fill in.
type Problem struct {
	Code   string `json:"code"`   // a container.Reason, or "disk-full", "timeout", "crashed", "memory", "internal"
	Detail string `json:"detail"` // what exactly, in plain English
	// Again says whether the sender can mend it by uploading the file again, and Retry whether staff can by running the stage
	// again.
	Again bool `json:"again,omitempty"`
	Retry bool `json:"retry,omitempty"`
}
