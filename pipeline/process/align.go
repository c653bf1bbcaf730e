package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/align"
	"github.com/trivue/trivue/pipeline/stage"
)

// Align finds where one media file lies on another's clock, by their sound. Work files go into a folder of their own under the
// system's for temporary ones and are removed. A file that cannot be read is a *stage.Failure, wrapped with its name.
func Align(ctx context.Context, runner stage.Runner, reference, other string, progress func(float64)) (align.Answer, error) {
	dir, err := os.MkdirTemp("", "trivue-align-")
	if err != nil {
		return align.Answer{}, fmt.Errorf("make a work folder: %w", err)
	}
	defer os.RemoveAll(dir)

	takes := [2]*Take{
		{Name: filepath.Base(reference), Path: reference, Dir: filepath.Join(dir, "reference")},
		{Name: filepath.Base(other), Path: other, Dir: filepath.Join(dir, "other")},
	}
	var reports progressOfBoth
	group, within := errgroup.WithContext(ctx)
	for i, t := range takes {
		group.Go(func() error {
			return Steps{Runner: runner}.listenToReceived(within, t, func(done float64) { progress(0.9 * reports.note(i, done)) })
		})
	}
	if err := group.Wait(); err != nil {
		return align.Answer{}, err
	}
	answer, err := compare(ctx, takes[0], takes[1], align.Prior{})
	progress(1)
	return answer, err
}

// progressOfBoth is the mean of two that are reported concurrently.
type progressOfBoth struct {
	mu   sync.Mutex
	done [2]float64
}

func (p *progressOfBoth) note(i int, done float64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[i] = done
	return (p.done[0] + p.done[1]) / 2
}

// listenToReceived decodes the sound of a file as it came.
func (s Steps) listenToReceived(ctx context.Context, t *Take, progress func(float64)) error {
	f, err := os.Open(t.Path)
	if err != nil {
		return fmt.Errorf("%s: %w", t.Name, stage.Explain(stage.Unreadable(err)))
	}
	f.Close()
	t.Heard = new(stage.Heard)
	return s.run(ctx, t, exam.Sound, t.Path, stage.SoundParams{Received: true}, t.Heard, progress)
}

// EncodeAnswer gives the JSON that trivue align prints.
func EncodeAnswer(answer align.Answer) ([]byte, error) {
	if answer.Pieces == nil {
		answer.Pieces = []align.Piece{}
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return append(encoded, '\n'), nil
}
