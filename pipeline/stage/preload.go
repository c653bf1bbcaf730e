package stage

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
)

// Needs is what a job asks of Media: nothing for a job that only reads and copies packets.
type Needs struct {
	Decode []container.Codec
	Encode []container.Kind // what Media.Transcode is to write
}

// soundCodecs are those that plan lets into a playback file.
var soundCodecs = []container.Codec{container.Opus, container.AAC, container.MP3, container.Vorbis}

// receivedSoundCodecs are those that a received file may have besides.
var receivedSoundCodecs = []container.Codec{container.AMRNB, container.AMRWB, container.ALAC, container.FLAC, container.AC3, container.EAC3, container.MuLaw, container.ALaw, container.GSM, container.PCM}

// Preload loads what a job needs of media, and no more: a child that copies packets would otherwise spend more time on loading
// decoders than on its work. It goes by the job's parameters, which come from the parent; before the sandbox closes nothing
// reads the recording itself.
func Preload(media Media) func(Job) error {
	return func(job Job) error {
		needs, err := needsOf(job)
		if err != nil {
			return err
		}
		return media.Preload(needs)
	}
}

func needsOf(job Job) (needs Needs, err error) {
	switch job.Stage {
	case exam.Playback:
		var params PlaybackParams
		if err := json.Unmarshal(job.Params, &params); err != nil {
			return needs, fmt.Errorf("playback parameters: %w", err)
		}
		ins := params.Inspection
		if ins.Video != nil && ins.Plan.Video == Transcode {
			needs.Decode, needs.Encode = append(needs.Decode, ins.Video.Codec), append(needs.Encode, container.Video)
		}
		if ins.Audio != nil && ins.Plan.Audio == Transcode {
			needs.Decode, needs.Encode = append(needs.Decode, ins.Audio.Codec), append(needs.Encode, container.Audio)
		}
	case exam.Sound:
		params, err := soundParams(job)
		if err != nil {
			return needs, err
		}
		needs.Decode = soundCodecs
		if params.Received {
			needs.Decode = slices.Concat(soundCodecs, receivedSoundCodecs)
		}
	case exam.Frames:
		var params FramesParams
		if err := json.Unmarshal(job.Params, &params); err != nil {
			return needs, fmt.Errorf("frames parameters: %w", err)
		}
		needs.Decode = []container.Codec{params.Video.Codec}
	}
	return needs, nil
}
