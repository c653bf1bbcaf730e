package mp4

import (
	"bytes"
	"encoding/binary"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// maxDescriptions bounds the entries of stsd; recorders write one, and one more for each change of what they record.
const maxDescriptions = 64

// description is what one entry of stsd (ISO/IEC 14496-12, 8.5.2) means for the packets that name it, beside the entry that
// the track is described by.
type description struct {
	foreign bool   // its packets are of another codec, or cannot be decoded with the track's configuration
	sets    []byte // parameter sets to be put before its key pictures, framed like the packets
}

// readDescriptions reads stsd. The first entry of a known codec describes the track. A recorder that changes size or codec in
// the middle adds entries: H.264 and HEVC pictures of another configuration get their parameter sets put before the
// key pictures, so that one decoder takes them all; packets that no decoder of the track could take are stated as damage.
func (t *track) readDescriptions(body []byte) error {
	if len(body) < 16 {
		return malformed("track %d has no sample description", t.ID)
	}
	var all []*track
	iso, rest := body[0] == 1, body[8:]
	err := each(rest, func(kind string, content []byte) error {
		if len(all) == maxDescriptions {
			return malformed("track %d has more than %d sample descriptions", t.ID, maxDescriptions)
		}
		one := &track{Track: container.Track{ID: t.ID, Kind: t.Kind, Rotation: t.Rotation, Language: t.Language}, timescale: t.timescale}
		entry := rest[:8+len(content)]
		rest = rest[len(entry):]
		all = append(all, one)
		return one.describe(kind, entry, iso)
	})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return malformed("track %d has no sample description", t.ID)
	}
	main := all[0]
	for _, one := range all {
		if err := one.check(); err != nil {
			return err
		}
		if !main.known && one.known {
			main = one
		}
		t.encrypted = t.encrypted || one.encrypted
	}
	t.Track, t.format, t.known = main.Track, main.format, main.known
	t.descriptions = make([]description, len(all))
	for i, one := range all {
		t.descriptions[i].foreign = one.known != main.known || one.Codec != main.Codec || one.Samples != main.Samples ||
			one.SampleRate != main.SampleRate || one.Channels != main.Channels
		if selfContained[t.Codec] || t.descriptions[i].foreign || bytes.Equal(one.Private, main.Private) {
			continue
		}
		if _, ok := bitstream.ParameterSets(one.Track, main.Private); !ok {
			t.descriptions[i].foreign = true
			continue
		}
		t.Changing = true
	}
	for i, one := range all {
		if t.Changing && !t.descriptions[i].foreign {
			t.descriptions[i].sets, _ = bitstream.ParameterSets(one.Track, main.Private)
		}
	}
	return nil
}

// selfContained are the codecs whose key pictures say all that a decoder has to know.
var selfContained = map[container.Codec]bool{container.VP8: true, container.VP9: true, container.AV1: true, container.MJPEG: true}

// description gives what the entry of a number, from 1, means. Writers that leave the number out mean the first.
func (t *track) description(number uint32) description {
	if number == 0 || int64(number) > int64(len(t.descriptions)) {
		return t.descriptions[0]
	}
	return t.descriptions[number-1]
}

// putBefore is what stands before a sample's own bytes in its packet.
func (p pending) putBefore() []byte {
	if !p.key || p.track == nil {
		return nil
	}
	return p.track.description(p.sample.description).sets
}

// descriptionOfRun is the third field of an entry of stsc (8.7.4).
func descriptionOfRun(run []byte) uint32 { return binary.BigEndian.Uint32(run[8:]) }
