package stage

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/pipeline/container"
)

// Properties of what the sound stage writes.
const (
	SoundRate = 8000 // samples per second of SoundFile; enough for speech, and what alignment listens to
	PeakRate  = 50   // points per second of PeaksFile
	SoundFile = "sound.pcm"
	PeaksFile = "peaks.raw"
)

// silence is the level below which a recording is called silent: −66 dBFS, under the noise of any microphone that is open.
const silence = 0.0005

// Heard is the result of the sound stage.
//
// SoundFile holds one channel of signed 16-bit little-endian samples at SoundRate from media time 0, holes filled with
// zeros. PeaksFile holds pairs of signed bytes, least and greatest sample, at PeakRate from media time 0.
type Heard struct {
	Duration time.Duration `json:"duration"` // of SoundFile
	Samples  int64         `json:"samples"`
	RMS      float64       `json:"rms"`     // root mean square over the whole recording, full scale is 1
	Silent   bool          `json:"silent"`  // nothing was recorded but silence
	Skipped  int           `json:"skipped"` // packets that the decoder refused
}

// Listener is the sound stage: it decodes a playback file's sound once, for the waveform and for alignment.
type Listener struct {
	Media Media
}

// SoundParams says what kind of file the sound stage is given.
type SoundParams struct {
	// Received files, unlike playback files of our own, may be unreadable or have no sound; what is wrong is the sender's.
	Received bool `json:"received,omitempty"`
}

// soundParams reads a job's parameters; without any the file is a playback file.
func soundParams(job Job) (params SoundParams, err error) {
	if len(job.Params) == 0 {
		return params, nil
	}
	if err := json.Unmarshal(job.Params, &params); err != nil {
		return params, fmt.Errorf("sound parameters: %w", err)
	}
	return params, nil
}

// Run reads the file Inputs[0] and writes SoundFile and PeaksFile into Output; the result is a Heard. A received file without sound is
// silent.
//
// Given more inputs, it listens to all of them at once, and what it makes of number i goes into the folder SoundFolder(Output, i).
// The result is a list of Heard then. Loading a decoder takes as long as decoding a minute, and is done once for them.
func (s Listener) Run(ctx context.Context, job Job, progress func(float64)) (any, error) {
	params, err := soundParams(job)
	if err != nil {
		return nil, err
	}
	if len(job.Inputs) == 1 {
		return s.listen(ctx, job.Inputs[0], job.Output, params, progress)
	}
	all := make([]Heard, len(job.Inputs))
	shares := newShares(len(all), progress)
	group, within := errgroup.WithContext(ctx)
	for i, input := range job.Inputs {
		if err := os.Mkdir(SoundFolder(job.Output, i), 0o750); err != nil {
			return nil, err
		}
		group.Go(func() (err error) {
			all[i], err = s.listen(within, input, SoundFolder(job.Output, i), params, func(done float64) { shares.note(i, done) })
			return err
		})
	}
	return all, group.Wait()
}

// SoundFolder is where the sound stage writes what it heard in one of several inputs.
func SoundFolder(output string, input int) string { return filepath.Join(output, strconv.Itoa(input)) }

// shares is the progress of several files together.
type shares struct {
	mu       sync.Mutex
	done     []float64 // guarded by mu
	progress func(float64)
}

func newShares(n int, progress func(float64)) *shares {
	return &shares{done: make([]float64, n), progress: progress}
}

// note reports under the lock: nobody who is told of progress expects to be told twice at a time.
func (s *shares) note(i int, done float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[i] = done
	sum := 0.0
	for _, d := range s.done {
		sum += d
	}
	s.progress(sum / float64(len(s.done)))
}

func (s Listener) listen(ctx context.Context, input, output string, params SoundParams, progress func(float64)) (Heard, error) {
	in, err := Open(input)
	if err != nil && params.Received {
		return Heard{}, err
	}
	if err != nil {
		return Heard{}, fmt.Errorf("open playback file: %w", withoutReason(err))
	}
	defer in.Close()
	track, ok := firstTrack(in, container.Audio)
	if !ok && params.Received {
		return s.nothing(output)
	}
	if !ok {
		return Heard{}, fmt.Errorf("the playback file has no sound")
	}
	out, err := newSoundWriter(output)
	if err != nil {
		return Heard{}, err
	}
	defer out.close()
	total := max(in.Duration(), time.Second)
	decoded, err := s.Media.DecodeSound(ctx, track, trackSource(in, track.ID, nil), SoundRate, func(at time.Duration, samples []int16) error {
		progress(min(1, at.Seconds()/total.Seconds()))
		return out.write(at, samples)
	})
	if err != nil {
		return Heard{}, fmt.Errorf("decode sound: %w", err)
	}
	heard, err := out.finish()
	heard.Skipped = decoded.Skipped
	return heard, err
}

// nothing is what a file without sound comes to.
func (Listener) nothing(dir string) (Heard, error) {
	out, err := newSoundWriter(dir)
	if err != nil {
		return Heard{}, err
	}
	defer out.close()
	return out.finish()
}

// soundWriter writes samples at their places, and peaks of them.
type soundWriter struct {
	pcmFile, peakFile *os.File
	pcm, peaks        *bufio.Writer
	written           int64 // samples
	inBin             int
	low, high         int16
	energy            float64
	raw               []byte // samples on their way to pcm
}

func newSoundWriter(dir string) (*soundWriter, error) {
	w := &soundWriter{}
	var err error
	if w.pcmFile, err = os.Create(filepath.Join(dir, SoundFile)); err != nil {
		return nil, err
	}
	if w.peakFile, err = os.Create(filepath.Join(dir, PeaksFile)); err != nil {
		w.pcmFile.Close()
		return nil, err
	}
	w.pcm, w.peaks = bufio.NewWriterSize(w.pcmFile, 1<<16), bufio.NewWriterSize(w.peakFile, 1<<12)
	return w, nil
}

func (w *soundWriter) close() {
	w.pcmFile.Close()
	w.peakFile.Close()
}

// write places samples at their media time: a hole before them is filled with zeros, an overlap is cut off. Distances of up to
// a millisecond are the rounding of time stamps and are left alone, or every packet would add or lose a sample.
func (w *soundWriter) write(at time.Duration, samples []int16) error {
	place := int64(math.Round(at.Seconds() * SoundRate))
	const rounding = SoundRate / 1000
	switch distance := place - w.written; {
	case distance > rounding:
		if err := w.silence(distance); err != nil {
			return err
		}
	case distance < -rounding:
		samples = samples[min(int64(len(samples)), -distance):]
	}
	return w.put(samples)
}

func (w *soundWriter) silence(samples int64) error {
	if samples > int64(24*time.Hour/time.Second)*SoundRate {
		return fmt.Errorf("sound jumps by %d samples", samples)
	}
	var zeros [SoundRate]int16
	for samples > 0 {
		n := min(samples, SoundRate)
		if err := w.put(zeros[:n]); err != nil {
			return err
		}
		samples -= n
	}
	return nil
}

// put goes through the samples a point of the waveform at a time.
func (w *soundWriter) put(samples []int16) error {
	const perPoint = SoundRate / PeakRate
	for len(samples) > 0 {
		chunk := samples[:min(len(samples), perPoint-w.inBin)]
		samples = samples[len(chunk):]
		w.raw = w.raw[:0]
		var energy int64
		for _, v := range chunk {
			w.raw = binary.LittleEndian.AppendUint16(w.raw, uint16(v))
			w.low, w.high = min(w.low, v), max(w.high, v)
			energy += int64(v) * int64(v)
		}
		if _, err := w.pcm.Write(w.raw); err != nil {
			return err
		}
		w.energy += float64(energy)
		w.written += int64(len(chunk))
		if w.inBin += len(chunk); w.inBin == perPoint {
			if err := w.endBin(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *soundWriter) endBin() error {
	_, err := w.peaks.Write([]byte{byte(int8(w.low >> 8)), byte(int8(w.high >> 8))})
	w.inBin, w.low, w.high = 0, 0, 0
	return err
}

func (w *soundWriter) finish() (Heard, error) {
	if w.inBin > 0 {
		if err := w.endBin(); err != nil {
			return Heard{}, err
		}
	}
	if err := w.pcm.Flush(); err != nil {
		return Heard{}, err
	}
	if err := w.peaks.Flush(); err != nil {
		return Heard{}, err
	}
	h := Heard{Samples: w.written, Duration: time.Duration(w.written) * time.Second / SoundRate}
	if w.written > 0 {
		h.RMS = math.Sqrt(w.energy/float64(w.written)) / 32768
	}
	h.Silent = h.RMS < silence
	return h, nil
}
