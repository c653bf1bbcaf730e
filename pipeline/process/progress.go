package process

import (
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/trivue/trivue/exam"
)

// Progress is how far a run is.
type Progress struct {
	Done float64 // 0 to 1, never falls
	// Left is how long it will still take if it goes on as it went; negative while nothing can be said.
	Left  time.Duration
	File  string         // that was worked on last; empty for the timeline
	Stage exam.StageName // of that file
}

// timelineStep is the index by which the meter knows the one step that belongs to no file.
const timelineStep = -1

// shares are how much of a file's time each stage takes, measured on recordings of 20 minutes.
var shares = map[exam.StageName]float64{exam.Inspect: 0.15, exam.Playback: 0.25, exam.Sound: 0.35, exam.Frames: 0.25}

// timelineShare is the part of the whole that aligning and assembling take.
const timelineShare = 0.1

// meter adds up the progress of all stages of all files, weighted by the files' sizes.
type meter struct {
	mu      sync.Mutex
	report  func(Progress)
	started time.Time
	names   []string
	weights []float64
	done    []map[exam.StageName]float64
	placed  float64
	last    float64
}

func newMeter(inputs []Input, report func(Progress)) *meter {
	m := &meter{report: report, started: time.Now()}
	total := 0.0
	for _, in := range inputs {
		size := 1.0
		if info, err := os.Stat(in.Path); err == nil {
			size += float64(info.Size())
		}
		total += size
		m.names = append(m.names, filepath.Base(in.Path))
		m.weights = append(m.weights, size)
		m.done = append(m.done, map[exam.StageName]float64{})
	}
	for i := range m.weights {
		m.weights[i] *= (1 - timelineShare) / total
	}
	return m
}

func (m *meter) at(index int, name exam.StageName, done float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{Stage: name}
	if index == timelineStep {
		m.placed = max(m.placed, done)
	} else {
		m.done[index][name] = max(m.done[index][name], done)
		p.File = m.names[index]
	}
	m.tell(p)
}

// drop counts a file that cannot be used as done.
func (m *meter) drop(index int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range shares {
		m.done[index][name] = 1
	}
}

func (m *meter) finish() { m.at(timelineStep, exam.Timeline, 1) }

func (m *meter) tell(p Progress) {
	sum := timelineShare * m.placed
	for i, weight := range m.weights {
		for name, share := range shares {
			sum += weight * share * m.done[i][name]
		}
	}
	m.last = max(m.last, min(sum, 1))
	p.Done, p.Left = m.last, -1
	if elapsed := time.Since(m.started); m.last > 0.02 && elapsed > time.Second {
		p.Left = time.Duration(float64(elapsed) * (1 - m.last) / m.last)
	}
	if m.report != nil {
		m.report(p)
	}
}
