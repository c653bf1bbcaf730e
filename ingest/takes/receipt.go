package takes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/store"
)

// Answer is what can be said about a take's receipt: one of the three.
type Answer struct {
	Note    string   // the signed receipt
	Missing *Missing // what it still needs
	Damage  *Damage  // why there will be none: the take is to be sent under a new name
}

// Missing is what a receipt still needs.
type Missing struct {
	Length    bool  `json:"length,omitempty"`    // the upload's length was not told
	Bytes     int64 `json:"bytes,omitempty"`     // of media, as far as the length says
	End       bool  `json:"end,omitempty"`       // the chain has no end
	Computing bool  `json:"computing,omitempty"` // everything is here, and is being read once more
}

// Damage says from where on the stored bytes are not what the chain says.
type Damage struct {
	Chunk  int64 `json:"chunk"`  // the first record that does not fit, counted from 0
	Offset int64 `json:"offset"` // in the media, bytes
}

// Receipt gives the receipt of a take; the first time it reads the whole take again. A take that is here whole although nobody was told
// becomes received on the way. Errors: ErrNotFound.
func (s *Service) Receipt(ctx context.Context, grant tus.Grant, takeID string) (Answer, error) {
	take, known, err := s.find(ctx, grant, takeID)
	if err != nil {
		return Answer{}, err
	}
	if known.Receipt != "" {
		return Answer{Note: known.Receipt}, nil
	}
	if known.Damage != nil {
		return Answer{Damage: &Damage{Chunk: known.Damage.Record, Offset: known.Damage.Offset}}, nil
	}
	size, err := s.opts.Uploads.Settle(ctx, take)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Answer{}, ErrNotFound
	case errors.Is(err, tus.ErrUnsafe):
		return s.damaged(ctx, take, Damage{})
	case err != nil:
		return Answer{}, err
	}
	missing, state, err := s.missing(take, known, size)
	if err != nil {
		return Answer{}, err
	}
	if missing != (Missing{}) {
		return Answer{Missing: &missing}, nil
	}
	if state.Bytes != size {
		return s.damaged(ctx, take, Damage{Chunk: state.Records - 1, Offset: state.Bytes})
	}
	return s.computed(ctx, take, state)
}

// missing is what a take of that size still lacks.
func (s *Service) missing(take exam.Take, known store.Chain, size int64) (Missing, chain.State, error) {
	state, err := chainFile{path: s.opts.Uploads.ChainPath(take.UploadID)}.state(take, known)
	if err != nil {
		return Missing{}, state, err
	}
	info, err := os.Stat(s.opts.Uploads.DataPath(take.UploadID))
	if errors.Is(err, os.ErrNotExist) {
		return Missing{}, state, ErrNotFound
	}
	if err != nil {
		return Missing{}, state, fmt.Errorf("look for an upload: %w", err)
	}
	return Missing{Length: size < 0, Bytes: max(size-info.Size(), 0), End: !state.Ended}, state, nil
}

// damaged notes that a take has to be sent again.
func (s *Service) damaged(ctx context.Context, take exam.Take, d Damage) (Answer, error) {
	s.log.Error("a take is not what its chain says; it will be sent again", "take", take.ID, "record", d.Chunk, "offset", d.Offset)
	if err := s.opts.Store.DamageChain(ctx, take.ID, store.ChainDamage{Record: d.Chunk, Offset: d.Offset}); err != nil {
		return Answer{}, fmt.Errorf("note that a take is damaged: %w", err)
	}
	s.opts.Notifier.AttemptChanged(take.AttemptID)
	return Answer{Damage: &d}, nil
}

// job is a take that is being computed. Who asks for it meanwhile waits for the same one.
type job struct {
	done   chan struct{}
	answer Answer // set before done is closed
	err    error
}

// computed waits for a take to be computed, as long as patience lasts.
func (s *Service) computed(ctx context.Context, take exam.Take, state chain.State) (Answer, error) {
	s.mu.Lock()
	j := s.jobs[take.ID]
	if j == nil {
		j = &job{done: make(chan struct{})}
		s.jobs[take.ID] = j
		s.working.Go(func() { s.compute(j, take, state) })
	}
	s.mu.Unlock()
	patience := time.NewTimer(max(s.opts.Patience, 0))
	defer patience.Stop()
	select {
	case <-j.done:
		return j.answer, j.err
	case <-patience.C:
		return Answer{Missing: &Missing{Computing: true}}, nil
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

func (s *Service) compute(j *job, take exam.Take, state chain.State) {
	defer func() {
		s.mu.Lock()
		delete(s.jobs, take.ID) // what it found is in the database now, and what failed is tried again
		s.mu.Unlock()
		close(j.done)
	}()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-s.ctx.Done():
		j.err = s.ctx.Err()
		return
	}
	if j.answer, j.err = s.sign(s.ctx, take, state); j.err != nil && s.ctx.Err() == nil {
		s.log.Error("a take's receipt could not be made", "take", take.ID, "error", j.err)
	}
}

// sign reads a whole take and signs for it. State is what the chain was found to be while it came.
func (s *Service) sign(ctx context.Context, take exam.Take, state chain.State) (Answer, error) {
	known, err := s.opts.Store.Chain(ctx, take.ID)
	if err != nil {
		return Answer{}, fmt.Errorf("read what is known of a take: %w", err)
	}
	if _, err := s.opts.Uploads.Sync(ctx, take.UploadID); errors.Is(err, tus.ErrUnsafe) {
		return s.damaged(ctx, take, Damage{})
	} else if err != nil {
		return Answer{}, err
	}
	found, err := s.verify(ctx, take, known.MIME, state.Records)
	var mismatch *chain.Mismatch
	if errors.As(err, &mismatch) {
		return s.damaged(ctx, take, Damage{Chunk: mismatch.Record, Offset: mismatch.Offset})
	}
	if err != nil {
		return Answer{}, err
	}
	if found != state {
		return Answer{}, fmt.Errorf("the chain of take %s changed while it was read", take.ID)
	}
	note, err := s.opts.Signer.Sign(chain.Receipt{Take: take.ID, AttemptID: take.AttemptID, Kind: take.Kind, Bytes: found.Bytes, Chunks: found.Chunks(), End: found.Link})
	if err != nil {
		return Answer{}, err
	}
	kept, err := s.opts.Store.SaveReceipt(ctx, take.ID, string(note), s.opts.Now())
	if err != nil {
		return Answer{}, fmt.Errorf("keep a receipt: %w", err)
	}
	if err := s.retire(ctx, take, known.Replaces); err != nil {
		return Answer{}, err
	}
	s.opts.Uploads.Forget(take.UploadID)
	s.ledger.forget(take.ID)
	s.opts.Notifier.AttemptChanged(take.AttemptID)
	return Answer{Note: kept}, nil
}

// retire puts a take aside whose copy is safe: both hold the same time, and only one is to be played. One that was put aside before stays
// so.
func (s *Service) retire(ctx context.Context, copied exam.Take, takeID string) error {
	if takeID == "" {
		return nil
	}
	old, err := s.opts.Store.Take(ctx, takeID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (old.AttemptID != copied.AttemptID || old.Kind != copied.Kind) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the take that was sent again: %w", err)
	}
	for _, to := range []exam.TakeState{exam.Replaced, exam.Discarded} {
		if old.State.CanBecome(to) {
			if err := s.opts.Store.ChangeTakeState(ctx, takeID, to); err != nil && !errors.Is(err, store.ErrState) {
				return fmt.Errorf("put aside the take that was sent again: %w", err)
			}
			return nil
		}
	}
	return nil
}

// verify computes a chain of so many records over what lies on the disk: what memory still has of it is dropped first.
func (s *Service) verify(ctx context.Context, take exam.Take, mime string, count int64) (chain.State, error) {
	media, err := os.Open(s.opts.Uploads.DataPath(take.UploadID))
	if err != nil {
		return chain.State{}, fmt.Errorf("read an upload: %w", err)
	}
	defer media.Close()
	_ = unix.Fadvise(int(media.Fd()), 0, 0, unix.FADV_DONTNEED) // a wish; not every file system has it
	records, err := os.Open(s.opts.Uploads.ChainPath(take.UploadID))
	if err != nil {
		return chain.State{}, fmt.Errorf("read a chain: %w", err)
	}
	defer records.Close()
	return chain.Verify(take.ID, string(take.Kind), mime, untilDone{ctx, media}, io.LimitReader(records, count*chain.RecordSize))
}

// untilDone ends reading when nobody needs it any more.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
