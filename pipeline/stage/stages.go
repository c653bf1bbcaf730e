package stage

import "github.com/trivue/trivue/exam"

// Stages lists the stages of a take, for a child to choose from.
func Stages(media Media) map[exam.StageName]Func {
	return map[exam.StageName]Func{
		exam.Inspect:  Inspector{Media: media}.Run,
		exam.Playback: Player{Media: media}.Run,
		exam.Sound:    Listener{Media: media}.Run,
		exam.Frames:   Looker{Media: media}.Run,
	}
}
