// Package demo generates a sample interview: three recorders' files of one scene that never took place. A drawn candidate
// answers an interviewer with a synthesised voice; every picture carries the scene's time for people to read and for programs,
// and now and then a clap and a white flash happen at the same moment, so that sync can be judged by eye and ear.
//
// The files are as browsers and phones write them: live WebM without duration and index from a laptop's camera and screen,
// with the same microphone sound, and MP4 from a phone that began earlier, was interrupted once, has its own clock and hears
// the scene across the room. Everything follows from the seed.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
)

// Encoder encodes; package gstx has one.
type Encoder interface {
	// EncodePictures encodes the pictures that src gives as RGBA with their media times, io.EOF after the last. Track names
	// Codec, Width and Height; bitrate is in bits per second; there is a key frame every keyEvery pictures at least. Ready is
	// called with the complete track before the first packet. Callbacks are never concurrent.
	EncodePictures(ctx context.Context, track container.Track, bitrate, keyEvery int, src func() (time.Duration, []byte, error), ready func(container.Track) error, sink func(container.Packet, []byte) error) error
	// EncodeSound encodes interleaved samples, of which the first lies at media time 0. Track names Codec, SampleRate and
	// Channels.
	EncodeSound(ctx context.Context, track container.Track, bitrate int, src func() ([]int16, error), ready func(container.Track) error, sink func(container.Packet, []byte) error) error
}

// Options say what to generate.
type Options struct {
	Seconds int    // length of the scene; 0 for 60
	Seed    uint64 // everything follows from it
	Small   bool   // 320 × 180 at 10 pictures a second instead of 640 × 360 at 15, for tests
}

// Shortest and longest scene, in seconds. In a shorter one the phone's takes would not overlap the camera's enough to be placed.
const (
	MinSeconds     = 20
	MaxSeconds     = 4 * 3600
	defaultSeconds = 60
)

// Interview is what was generated, and the truth about it.
type Interview struct {
	Files map[exam.Kind][]string // paths, takes in order of time
	Takes []Take                 // camera, screen, then the phone's
	Claps []time.Duration        // scene times at which a clap is heard and a flash is seen
}

// Take is the truth about one file: media time t is scene time Start + Rate·t.
type Take struct {
	Kind     exam.Kind
	File     string // path
	Start    time.Duration
	Rate     float64
	Duration time.Duration // media time
	// SoundDelay is how much later than its picture the take's sound arrives: the way across the room.
	SoundDelay time.Duration
}

// Scene gives the scene time of a media time.
func (t Take) Scene(media time.Duration) time.Duration {
	return t.Start + time.Duration(t.Rate*float64(media))
}

// phoneFast is how fast the phone's clock runs against the laptop's: 120 ppm, a poor quartz.
const phoneFast = 120e-6

// Generate writes a sample interview into the folder dir, which must exist. Progress takes values that grow from 0 to 1.
func Generate(ctx context.Context, encoder Encoder, dir string, options Options, progress func(float64)) (Interview, error) {
	if options.Seconds == 0 {
		options.Seconds = defaultSeconds
	}
	if options.Seconds < MinSeconds || options.Seconds > MaxSeconds {
		return Interview{}, fmt.Errorf("a sample interview lasts %d to %d seconds, not %d", MinSeconds, MaxSeconds, options.Seconds)
	}
	length := time.Duration(options.Seconds) * time.Second
	s := newScript(options.Seed, length)
	recordings := plan(s, length, options, dir)

	report := &meter{total: len(recordings), done: make(map[string]float64), progress: progress}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for _, r := range recordings {
		group.Go(func() error {
			if err := r.write(ctx, encoder, func(done float64) { report.set(r.File, done) }); err != nil {
				return fmt.Errorf("generate %s: %w", filepath.Base(r.File), errors.Join(err, remove(r.File)))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Interview{}, err
	}
	interview := Interview{Files: make(map[exam.Kind][]string)}
	for _, r := range recordings {
		interview.Takes = append(interview.Takes, r.Take)
		interview.Files[r.Kind] = append(interview.Files[r.Kind], r.File)
	}
	for _, c := range s.claps {
		interview.Claps = append(interview.Claps, time.Duration(c*1e9).Round(time.Millisecond))
	}
	return interview, nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// plan says who records from when to when. The phone is set up first, the camera starts 4 s later, the screen another 2.5 s
// later; the phone is interrupted before the middle.
func plan(s *script, length time.Duration, options Options, dir string) []*recording {
	end := func(before time.Duration) time.Duration { return length - before }
	interrupted := length * 9 / 20
	gap := min(5300*time.Millisecond, length/10)
	near, far := 1.0, 1/(1+phoneFast)
	shape := shape{width: 640, rate: 15, bitrate: 350_000}
	if options.Small {
		shape.width, shape.rate, shape.bitrate = 320, 10, 150_000
	}
	take := func(kind exam.Kind, name string, from, to time.Duration, rate float64) *recording {
		r := &recording{script: s, shape: shape, Take: Take{
			Kind: kind, File: filepath.Join(dir, name), Start: from, Rate: rate, Duration: time.Duration(float64(to-from) / rate),
		}}
		if kind == exam.Phone {
			r.SoundDelay = time.Duration(farDelay * 1e9)
		}
		return r
	}
	return []*recording{
		take(exam.Camera, "camera.webm", 4437*time.Millisecond, end(1200*time.Millisecond), near),
		take(exam.Screen, "screen.webm", 6981*time.Millisecond, end(600*time.Millisecond), near),
		take(exam.Phone, "phone-1.mp4", 350*time.Millisecond, interrupted, far),
		take(exam.Phone, "phone-2.mp4", interrupted+gap, end(200*time.Millisecond), far),
	}
}

// meter adds up the progress of recordings that are written side by side.
type meter struct {
	mu       sync.Mutex
	total    int
	done     map[string]float64
	progress func(float64)
}

func (m *meter) set(file string, done float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done[file] = done
	sum := 0.0
	for _, d := range m.done {
		sum += d
	}
	m.progress(sum / float64(m.total))
}
