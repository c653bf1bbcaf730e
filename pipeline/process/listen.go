package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/align"
	"github.com/trivue/trivue/pipeline/stage"
)

// compare places one take's sound on another's media time. Where the recorders' stamps say roughly where it should be, it is looked
// for there first; but a stamp can be wrong, so that what is not found there is looked for everywhere.
func compare(ctx context.Context, reference, other *Take, prior align.Prior) (align.Answer, error) {
	a, closeA, err := openSound(reference)
	if err != nil {
		return align.Answer{}, err
	}
	defer closeA()
	b, closeB, err := openSound(other)
	if err != nil {
		return align.Answer{}, err
	}
	defer closeB()
	answer, err := align.Place(ctx, a, b, prior)
	if err == nil && answer.Verdict == align.CannotAlign && prior.Known {
		answer, err = align.Place(ctx, a, b, align.Prior{})
	}
	if err != nil {
		return answer, fmt.Errorf("place %s on %s: %w", other.Name, reference.Name, err)
	}
	return answer, nil
}

func openSound(t *Take) (*align.PCM, func(), error) {
	f, err := os.Open(filepath.Join(t.StageDir(exam.Sound), stage.SoundFile))
	if err != nil {
		return nil, nil, fmt.Errorf("sound of %s: %w", t.Name, err)
	}
	return align.NewPCM(f, t.Heard.Samples*2), func() { f.Close() }, nil
}
