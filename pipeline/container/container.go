// Package container reads the files that recorders write: WebM and Matroska, MP4 and QuickTime, and files of sound alone. It writes
// WebM and MP4.
//
// It is pure Go and looks only at structure; nothing is decoded here. Readers are made for damaged files: they give every
// packet that is whole, say which bytes they could not use, and never allocate more than the file's own size warrants.
// The formats themselves are in the sub-packages; this package holds what they have in common.
package container

import (
	"errors"
	"time"
)

// Format is a family of container files.
type Format string

// The families that Sniff tells apart.
const (
	WebM     Format = "webm"     // EBML DocType "webm"
	Matroska Format = "matroska" // EBML DocType "matroska" (Chrome's "webm;codecs=h264" is one)
	MP4      Format = "mp4"      // ISO base media file (ISO/IEC 14496-12), and QuickTime
	WAV      Format = "wav"      // RIFF/WAVE, RF64 and BW64
	MP3File  Format = "mp3"      // MPEG audio layer III, frame after frame
	Ogg      Format = "ogg"      // RFC 3533
	FLACFile Format = "flac"     // RFC 9639
	ADTS     Format = "adts"     // AAC, frame after frame (ISO/IEC 13818-7, 6.2)
	AMRFile  Format = "amr"      // RFC 4867, 5
)

// Kind says what a track carries.
type Kind string

// The kinds of track that a recording is made of. Tracks of metadata, time codes and subtitles are not reported.
const (
	Video Kind = "video"
	Audio Kind = "audio"
)

// Codec names a coding format, independent of the container that carries it.
type Codec string

// The codecs that browsers and phones record, and some that older phones did.
const (
	VP8    Codec = "vp8"
	VP9    Codec = "vp9"
	AV1    Codec = "av1"
	H264   Codec = "h264"
	HEVC   Codec = "hevc"
	MPEG4  Codec = "mpeg4" // MPEG-4 Part 2
	H263   Codec = "h263"
	MJPEG  Codec = "mjpeg"
	Opus   Codec = "opus"
	AAC    Codec = "aac"
	Vorbis Codec = "vorbis"
	MP3    Codec = "mp3"
	AMRNB  Codec = "amr-nb"
	AMRWB  Codec = "amr-wb"
	ALAC   Codec = "alac"
	FLAC   Codec = "flac"
	AC3    Codec = "ac-3"
	EAC3   Codec = "ec-3"
	MuLaw  Codec = "mulaw" // ITU-T G.711
	ALaw   Codec = "alaw"
	GSM    Codec = "gsm" // GSM 06.10 in Microsoft's blocks of 65 bytes
	PCM    Codec = "pcm" // Track.Samples says how
)

// Track describes one elementary stream.
type Track struct {
	ID    int // unique in the file, as the file numbers it
	Kind  Kind
	Codec Codec
	// Private is the codec's configuration in the form that Matroska's CodecPrivate has: the avcC, hvcC or av1C record, the
	// AudioSpecificConfig, the OpusHead packet, Vorbis headers in Xiph lacing, ALACSpecificConfig, FLAC's first metadata blocks. May
	// be empty for VP8 and VP9.
	Private []byte
	// SampleEntry is the whole sample entry box (stsd child) where the file was an MP4, so that a remux to MP4 keeps colour,
	// aspect ratio and whatever else it says. Empty otherwise.
	SampleEntry []byte

	Width, Height int // coded picture size in pixels, before rotation
	// Changing is set where the configuration changes in the middle: key pictures then carry their parameter sets, which no
	// playback file may rely on.
	Changing bool
	Rotation int // clockwise degrees to show the picture upright: 0, 90, 180 or 270

	SampleRate int // audio samples per second
	Channels   int
	Samples    SampleFormat // of PCM
	// Delay is the decoder's delay (Matroska CodecDelay): already subtracted from the time stamps that a Reader gives, and to
	// be added again by a writer.
	Delay    time.Duration
	PreRoll  time.Duration // Matroska SeekPreRoll
	Language string        // BCP 47 or ISO 639-2, may be empty
}

// Foreign is a track of picture or sound that a Reader does not give: its format is not known here.
type Foreign struct {
	ID     int
	Kind   Kind
	Format string // as the file names it: a sample entry's type, a CodecID
}

// Packet is one coded picture or one run of coded sound.
type Packet struct {
	Track int           // Track.ID
	PTS   time.Duration // media time at which it is shown; below zero: decoded but not shown (edit lists, priming)
	// DTS is the decoding time where the container states one (MP4), otherwise NoTime.
	DTS      time.Duration
	Duration time.Duration // 0 where unknown
	Key      bool          // can be decoded without any earlier packet
	Size     int           // bytes of payload
	Offset   int64         // where the payload lies in the file, for messages
	// AfterLoss is set on the first packet of a track that follows lost data: what it refers to may be missing.
	AfterLoss bool
}

// NoTime marks a time stamp that a container does not carry.
const NoTime = time.Duration(-1 << 63)

// Cause says why data is missing from a recording.
type Cause string

// Causes of damage.
const (
	Truncated Cause = "truncated" // the file ends in the middle
	Hole      Cause = "hole"      // bytes in the middle are missing, zeroed or unreadable as structure
	Corrupt   Cause = "corrupt"   // structure is there, but a packet's content cannot be what its codec writes
	// Undecodable is data that is whole, in a format that no decoder here takes.
	Undecodable Cause = "undecodable"
)

// Damage is an interval of media time for which a file holds no usable data.
type Damage struct {
	Cause  Cause
	Track  int           // Track.ID; 0 for the whole file
	From   time.Duration // media time; end of the last good packet
	To     time.Duration // start of the next good one; equal to From where nothing follows (the length is unknown)
	Offset int64         // of the first unusable byte
	Bytes  int64         // number of unusable bytes
}

// Reader gives a file's packets in file order, which is decoding order within a track.
//
// A Reader is made for one goroutine. Its Next skips payloads without reading them, so that looking for key frames or for
// sound only costs what it takes.
type Reader interface {
	Format() Format
	Tracks() []Track
	// Foreign lists the tracks of picture and sound that are not among Tracks. Nobody may leave them out without saying so.
	Foreign() []Foreign
	// Duration is what the file states, 0 where it states nothing (MediaRecorder's WebM).
	Duration() time.Duration
	// Next advances to the next whole packet. io.EOF after the last; other errors are the operating system's. Damage never is
	// an error here: the reader steps over it and notes it.
	Next() (Packet, error)
	// Payload appends the current packet's bytes to buf and returns it. It may be called once, or not at all, after each Next.
	Payload(buf []byte) ([]byte, error)
	// Damage lists what had to be stepped over so far, in file order; complete after io.EOF.
	Damage() []Damage
	// Consumed is the number of bytes accounted for so far: structure, payloads and damage. After io.EOF it is the file's size.
	Consumed() int64
}

// Extent tells a Writer how much index space to reserve at the front of the file, so that the index need not be written at
// its end: a player then opens the file with one request. Too small a number costs a longer file, never a wrong one.
type Extent struct {
	Packets  map[int]int   // packets by Track.ID
	Keys     map[int]int   // key frames by Track.ID
	Duration time.Duration // of the longest track
}

// Writer writes packets to a seekable playback file.
type Writer interface {
	// WritePacket takes a track's packets in decoding order; tracks are interleaved as they come.
	WritePacket(p Packet, payload []byte) error
	// Close writes the index and the duration. The file is complete only when Close has returned nil.
	Close() error
}

// ErrUnusable is wrapped by the errors of Sniff and of the formats' Open functions when a file holds nothing that can be
// played. The text says what was found instead.
var ErrUnusable = errors.New("no usable recording in the file")

// Reason tells the kinds of unusable file apart, so that a message in the reader's language can be chosen.
type Reason string

// Reasons for which a file is refused.
const (
	Empty       Reason = "empty"       // zero bytes, or zeros only
	NotMedia    Reason = "not-media"   // text, random bytes, an archive, a picture…
	HeaderOnly  Reason = "header-only" // a header, and no packet after it
	NoIndex     Reason = "no-index"    // an MP4 without its moov: the recorder never finished it
	NoTracks    Reason = "no-tracks"   // neither picture nor sound in a codec that is known here
	TooLarge    Reason = "too-large"   // absurd dimensions, duration, or number of tracks
	Unsupported Reason = "unsupported" // encrypted, or a codec without a decoder here
	Unreadable  Reason = "unreadable"  // the operating system refused to read it
)

// UnusableError is the error for a file that holds nothing that can be played.
type UnusableError struct {
	Reason Reason
	Detail string // what was found, in plain English, without the file's name
}

func (e *UnusableError) Error() string { return string(e.Reason) + ": " + e.Detail }

// Unwrap lets errors.Is find ErrUnusable.
func (e *UnusableError) Unwrap() error { return ErrUnusable }

// Limits that every reader keeps. A recording of an interview never comes near them.
const (
	MaxDimension  = 8192           // pixels along either side
	MaxPixels     = 8192 * 4320    // 8K
	MaxTracks     = 16             // more are refused
	MaxDuration   = 24 * time.Hour // longer is refused
	MaxPacketSize = 64 << 20       // bytes; a larger packet is damage
)
