package stage

import (
	"fmt"

	"github.com/trivue/trivue/pipeline/container"
)

// Action says how a track gets into the playback file.
type Action string

// The actions.
const (
	None      Action = ""          // there is no such track
	Copy      Action = "copy"      // its packets as they are
	Transcode Action = "transcode" // decoded, and encoded again
)

// Plan says which playback file is made, and how.
type Plan struct {
	Container container.Format `json:"container"` // webm or mp4
	Video     Action           `json:"video,omitempty"`
	Audio     Action           `json:"audio,omitempty"`
	Why       string           `json:"why,omitempty"` // why anything is transcoded or left out
}

// because adds a reason.
func (p *Plan) because(why string) {
	if p.Why != "" {
		p.Why += "; "
	}
	p.Why += why
}

// mention adds what is left out.
func (p *Plan) mention(all []LeftOut) {
	for _, l := range all {
		p.because(l.String())
	}
}

// What is transcoded gets at most this large, lying or upright: a reviewer sees three views beside each other, and larger pictures
// take their encoder more memory and longer than the recording lasts.
const (
	TranscodedLong  = 1920
	TranscodedShort = 1080
)

// plan chooses the playback file. Packets are copied wherever current browsers play them:
//
//   - VP8 and VP9 go to WebM, also out of an MP4: Safari does not play them there.
//   - H.264 of 8 bit and 4:2:0 goes to MP4, also out of Matroska, which only Chrome plays.
//   - AV1 stays in the family it came in.
//   - Pictures whose configuration changes in the middle are transcoded: a file has one.
//   - Sound that no decoder here takes is left out of a recording that has pictures; Inspection.LeftOut says so.
//   - MP3 that begins before time 0, with what its encoder put in front (primed), is transcoded: in an MP4 it takes an edit list, and
//     Chromium 156 was seen to cut the same samples off once more, so that all of the sound came 23 ms early.
//   - Everything else is transcoded to VP8 or Opus, which every browser plays without a licence.
func plan(source container.Format, video, audio *container.Track, primed bool, media Media) (Plan, error) {
	var p Plan
	switch {
	case video == nil:
		p.Container = audioContainer(*audio, primed)
	case video.Codec == container.VP8 || video.Codec == container.VP9:
		p.Container, p.Video = container.WebM, Copy
	case video.Codec == container.AV1:
		p.Container, p.Video = container.WebM, Copy
		if source == container.MP4 {
			p.Container = container.MP4
		}
	case video.Codec == container.H264 && playableAVC(video.Private) && !video.Changing:
		p.Container, p.Video = container.MP4, Copy
	default:
		if !media.CanDecode(*video) {
			return Plan{}, cannotDecode(*video)
		}
		p.Container, p.Video = container.WebM, Transcode
		p.because(fmt.Sprintf("not every browser plays %s pictures", video.Codec))
		if video.Changing {
			p.Why = fmt.Sprintf("the configuration of its %s pictures changes in the middle", video.Codec)
		}
		if long, short := max(video.Width, video.Height), min(video.Width, video.Height); long > TranscodedLong || short > TranscodedShort {
			p.because(fmt.Sprintf("its pictures of %d × %d are made smaller, to fit into %d × %d", video.Width, video.Height, TranscodedLong, TranscodedShort))
		}
	}
	if audio == nil {
		return p, nil
	}
	if playsIn(p.Container, *audio, primed) {
		p.Audio = Copy
		return p, nil
	}
	if !media.CanDecode(*audio) {
		if video != nil {
			return p, nil
		}
		return Plan{}, cannotDecode(*audio)
	}
	p.Audio = Transcode
	if audio.Codec == container.MP3 {
		p.because("browsers do not all begin mp3 sound where its recorder did")
		return p, nil
	}
	p.because(fmt.Sprintf("browsers do not play %s sound in %s", audio.Codec, p.Container))
	return p, nil
}

func audioContainer(audio container.Track, primed bool) container.Format {
	if playsIn(container.WebM, audio, primed) || !playsIn(container.MP4, audio, primed) {
		return container.WebM
	}
	return container.MP4
}

func playsIn(format container.Format, audio container.Track, primed bool) bool {
	switch audio.Codec {
	case container.Opus:
		return true
	case container.Vorbis:
		return format == container.WebM
	case container.AAC:
		return format == container.MP4 && len(audio.Private) > 0
	case container.MP3:
		return format == container.MP4 && !primed
	default:
		return false
	}
}

// playableAVC tells the profiles that browsers decode (Baseline, Main, Extended's common subset, High) from those for
// studios (10 bit, 4:2:2, 4:4:4). The profile is the second byte of the avcC record (ISO/IEC 14496-15, 5.3.3.1).
func playableAVC(avcC []byte) bool {
	if len(avcC) < 4 {
		return false
	}
	switch avcC[1] {
	case 66, 77, 88, 100:
		return true
	default:
		return false
	}
}

func cannotDecode(t container.Track) error {
	return &container.UnusableError{Reason: container.Unsupported, Detail: fmt.Sprintf("there is no decoder for its %s (%s) here", t.Kind, t.Codec)}
}
