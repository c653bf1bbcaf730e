package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/uptrace/bun"
)

type takeRow struct {
	bun.BaseModel `bun:"table:takes"`

	ID         string `bun:",pk"`
	AttemptID  string
	Kind       string
	Name       string
	UploadID   string `bun:",nullzero"` // unique where there is one
	Size       int64
	Received   int64
	SHA256     string `bun:"sha256"`
	StartedAt  instant
	State      string
	CreatedAt  instant
	ReceivedAt instant
}

func (r takeRow) take() exam.Take {
	return exam.Take{
		ID: r.ID, AttemptID: r.AttemptID, Kind: exam.Kind(r.Kind), Name: r.Name, UploadID: r.UploadID,
		Size: r.Size, Received: r.Received, SHA256: r.SHA256, StartedAt: r.StartedAt.Time,
		State: exam.TakeState(r.State), CreatedAt: r.CreatedAt.Time, ReceivedAt: r.ReceivedAt.Time,
	}
}

// CreateTake adds a take. An ID or upload that exists is ErrConflict, an unknown attempt ErrNotFound. A take that is created as
// received counts as a change to the attempt, like one that becomes it.
func (s *Store) CreateTake(ctx context.Context, t exam.Take) error {
	what := fmt.Sprintf("take %s of attempt %s", t.ID, t.AttemptID)
	if err := identified("take ID", t.ID, "attempt ID", t.AttemptID, "file name", t.Name, "upload ID", t.UploadID, "SHA-256", t.SHA256); err != nil {
		return fmt.Errorf("create take: %w", err)
	}
	row := takeRow{
		ID: t.ID, AttemptID: t.AttemptID, Kind: string(t.Kind), Name: t.Name, UploadID: t.UploadID,
		Size: t.Size, Received: t.Received, SHA256: t.SHA256, StartedAt: instant{t.StartedAt},
		State: string(t.State), CreatedAt: instant{t.CreatedAt}, ReceivedAt: instant{t.ReceivedAt},
	}
	if t.State != exam.Received {
		return s.insert(ctx, &row, what)
	}
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return bumpRevision(ctx, tx, t.ID)
	})
	if err != nil {
		return fmt.Errorf("create %s: %w", what, translate(err))
	}
	return nil
}

// Take gives a take, or ErrNotFound.
func (s *Store) Take(ctx context.Context, id string) (exam.Take, error) {
	var row takeRow
	err := s.get(ctx, &row, "take "+id, "id = ?", id)
	return row.take(), err
}

// TakeByUpload gives the take that a tus upload carries, or ErrNotFound.
func (s *Store) TakeByUpload(ctx context.Context, uploadID string) (exam.Take, error) {
	var row takeRow
	err := s.get(ctx, &row, "take of upload "+uploadID, "upload_id = ?", uploadID)
	return row.take(), err
}

// takesInOrder is the order of exam.Kinds, and then that in which takes were made.
const takesInOrder = "CASE kind WHEN 'camera' THEN 0 WHEN 'screen' THEN 1 ELSE 2 END, created_at, id"

// Takes gives all takes of an attempt, in whatever state, in the order of exam.Kinds and then as they were created.
func (s *Store) Takes(ctx context.Context, attemptID string) ([]exam.Take, error) {
	var rows []takeRow
	err := s.list(ctx, &rows, "takes of attempt "+attemptID, takesInOrder, "attempt_id = ?", attemptID)
	return convert(rows, takeRow.take), err
}

// UploadingTakes gives the takes of all attempts whose upload is not whole, the oldest first.
func (s *Store) UploadingTakes(ctx context.Context) ([]exam.Take, error) {
	var rows []takeRow
	err := s.list(ctx, &rows, "uploading takes", "created_at, id", "state = ?", string(exam.Uploading))
	return convert(rows, takeRow.take), err
}

// progressAtOnce bounds a statement of SetProgress.
const progressAtOnce = 500

// SetProgress notes how many bytes of each take, by its identifier, are stored. The numbers only grow: a smaller one, or one that comes
// after the take was received or discarded, changes nothing. Nor does one for a take that does not exist.
func (s *Store) SetProgress(ctx context.Context, received map[string]int64) error {
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(received)), func(id string) bool { return text("take ID", id) != nil })
	for some := range slices.Chunk(ids, progressAtOnce) {
		rows, values := make([]string, len(some)), make([]any, 0, 2*len(some)+1)
		for n, id := range some {
			rows[n] = "(?, ?)"
			values = append(values, id, received[id])
		}
		if _, err := s.write.NewRaw("WITH next (id, received) AS (VALUES "+strings.Join(rows, ", ")+`)
			UPDATE takes SET received = next.received FROM next WHERE takes.id = next.id AND takes.state = ? AND takes.received < next.received`,
			append(values, string(exam.Uploading))...).Exec(ctx); err != nil {
			return fmt.Errorf("progress of %d takes: %w", len(some), err)
		}
	}
	return nil
}

// MarkReceived notes that all bytes of a take are stored: Uploading becomes Received, and the attempt's revision grows.
// Repeating it changes nothing. A size other than the one received before is ErrConflict; a take that was discarded or replaced
// is ErrState.
func (s *Store) MarkReceived(ctx context.Context, takeID string, size int64, at time.Time) error {
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		ok, err := changed(tx.NewUpdate().Model((*takeRow)(nil)).
			Set("state = ?, size = ?, received = ?, received_at = ?", string(exam.Received), size, size, instant{at}).
			Where("id = ? AND state = ?", lookup(takeID, string(exam.Uploading))...).Exec(ctx))
		if err != nil {
			return err
		}
		if !ok {
			return errUnchanged
		}
		return bumpRevision(ctx, tx, takeID)
	})
	if errors.Is(err, errUnchanged) {
		var take exam.Take
		if take, err = s.Take(ctx, takeID); err == nil {
			switch {
			case take.State != exam.Received:
				err = fmt.Errorf("it is %s: %w", take.State, ErrState)
			case take.Size != size:
				err = fmt.Errorf("it was received with %d bytes, not %d: %w", take.Size, size, ErrConflict)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("mark take %s received: %w", takeID, err)
	}
	return nil
}

// ChangeTakeState moves a take on. What exam.TakeState.CanBecome does not allow is ErrState; so is Received, which needs the
// size and time that MarkReceived takes. The attempt's revision grows when a received take is replaced.
func (s *Store) ChangeTakeState(ctx context.Context, takeID string, to exam.TakeState) error {
	from := []string{""} // never empty, for IN () is no SQL; no row has this state
	for _, state := range []exam.TakeState{exam.Uploading, exam.Received, exam.Replaced, exam.Discarded} {
		if state.CanBecome(to) && to != exam.Received {
			from = append(from, string(state))
		}
	}
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		ok, err := changed(tx.NewUpdate().Model((*takeRow)(nil)).Set("state = ?", string(to)).
			Where("id = ? AND state IN (?)", lookup(takeID, bun.List(from))...).Exec(ctx))
		switch {
		case err != nil:
			return err
		case !ok:
			return errUnchanged
		case to == exam.Replaced:
			return bumpRevision(ctx, tx, takeID)
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		var take exam.Take
		if take, err = s.Take(ctx, takeID); err == nil {
			err = fmt.Errorf("it is %s: %w", take.State, ErrState)
		}
	}
	if err != nil {
		return fmt.Errorf("make take %s %s: %w", takeID, to, err)
	}
	return nil
}

// SetSHA256 notes the checksum of a take's bytes, in lower-case hexadecimal. It is set once: another one later is ErrConflict,
// because it means that the received bytes have changed.
func (s *Store) SetSHA256(ctx context.Context, takeID, sum string) error {
	ok, err := changed(s.write.NewUpdate().Model((*takeRow)(nil)).Set("sha256 = ?", sum).
		Where("id = ? AND sha256 IN ('', ?)", lookup(takeID, sum)...).Exec(ctx))
	if err == nil && !ok {
		var take exam.Take
		if take, err = s.Take(ctx, takeID); err == nil {
			err = fmt.Errorf("it had %s before, and now %s: %w", take.SHA256, sum, ErrConflict)
		}
	}
	if err != nil {
		return fmt.Errorf("checksum of take %s: %w", takeID, err)
	}
	return nil
}

// errUnchanged rolls a transaction back whose conditional UPDATE found no row to change.
var errUnchanged = errors.New("unchanged")

// bumpRevision makes everything stale that was derived from the takes of an attempt.
func bumpRevision(ctx context.Context, tx bun.Tx, takeID string) error {
	_, err := tx.NewUpdate().Model((*attemptRow)(nil)).Set("revision = revision + 1").
		Where("id = (SELECT attempt_id FROM takes WHERE id = ?)", takeID).Exec(ctx)
	return err
}
