package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// RehearsalsKept is how long recordings of rehearsals are kept.
const RehearsalsKept = 24 * time.Hour

// Remover is what removing recordings needs of the database.
type Remover interface {
	RehearsedTakes(ctx context.Context, before time.Time) ([]exam.Take, error)
	ForgetTake(ctx context.Context, takeID string) error
	ForgetResults(ctx context.Context, attemptID string) error
	Takes(ctx context.Context, attemptID string) ([]exam.Take, error)
	Objects(ctx context.Context, attemptID string) ([]store.Object, error)
	Stills(ctx context.Context, attemptID string) ([]store.Still, error)
	Log(ctx context.Context, attemptID string, events []exam.Event, now time.Time) ([]exam.Event, error)
}

// Retention removes the recordings of rehearsals when their time is over. Files go before the rows that name them, so that one which was
// interrupted finds at the next run what it has left.
type Retention struct {
	Store   Remover
	Objects interface {
		Delete(ctx context.Context, key string) error
	}
	RemoveUpload func(uploadID string) error
	Work         string // folder in which stages write
	Wake         func(attemptID string)
	Now          func() time.Time
}

// Sweep removes what is due.
func (r Retention) Sweep(ctx context.Context) error {
	due, err := r.Store.RehearsedTakes(ctx, r.Now().Add(-RehearsalsKept))
	if err != nil {
		return err
	}
	removed := map[string]int{}
	var errs []error
	for _, take := range due {
		if err := r.removeTake(ctx, take); err != nil {
			errs = append(errs, fmt.Errorf("take %s: %w", take.ID, err))
			continue
		}
		removed[take.AttemptID]++
	}
	for attemptID, takes := range removed {
		if err := r.settle(ctx, attemptID, takes); err != nil {
			errs = append(errs, fmt.Errorf("attempt %s: %w", attemptID, err))
		}
	}
	return errors.Join(errs...)
}

func (r Retention) removeTake(ctx context.Context, take exam.Take) error {
	if err := r.RemoveUpload(take.UploadID); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(r.Work, take.AttemptID, take.ID)); err != nil {
		return err
	}
	return r.Store.ForgetTake(ctx, take.ID)
}

// settle notes what was removed, and removes an attempt's results with its last take; where there are others, they are made anew, and
// what is outdated goes then.
func (r Retention) settle(ctx context.Context, attemptID string, removed int) error {
	event, err := exam.Happening{Source: "server", Kind: exam.EventRecordingsRemoved, Data: struct {
		Takes int `json:"takes"`
	}{removed}}.Event()
	if err != nil {
		return err
	}
	if _, err := r.Store.Log(ctx, attemptID, []exam.Event{event}, r.Now()); err != nil {
		return err
	}
	left, err := r.Store.Takes(ctx, attemptID)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		r.Wake(attemptID)
		return nil
	}
	objects, err := r.Store.Objects(ctx, attemptID)
	if err != nil {
		return err
	}
	stills, err := r.Store.Stills(ctx, attemptID)
	if err != nil {
		return err
	}
	keys := make([]string, 0, len(objects)+len(stills))
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	for _, s := range stills {
		keys = append(keys, s.Key)
	}
	for _, key := range keys {
		if err := r.Objects.Delete(ctx, key); err != nil && !errors.Is(err, archive.ErrNotFound) {
			return err
		}
	}
	if err := os.RemoveAll(filepath.Join(r.Work, attemptID)); err != nil {
		return err
	}
	return r.Store.ForgetResults(ctx, attemptID)
}
