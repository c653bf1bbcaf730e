package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/trivue/trivue/exam"
	"github.com/uptrace/bun"
)

type stageRow struct {
	bun.BaseModel `bun:"table:stages,alias:s"`

	AttemptID string `bun:",pk"`
	TakeID    string `bun:",pk"`
	Name      string `bun:",pk"`
	Revision  int64
	State     string
	Progress  float64
	Problem   *string // JSON
	Result    *string // JSON
	Tries     int
	// Owner has the stage while it runs, and nobody else may until LeaseUntil.
	Owner      string
	LeaseUntil instant
	StartedAt  instant
	FinishedAt instant
}

func (r stageRow) stage() (exam.Stage, error) {
	problem, err := decodeProblem(r.Problem)
	if err != nil {
		return exam.Stage{}, fmt.Errorf("stage %s: %w", r.Name, err)
	}
	s := exam.Stage{
		AttemptID: r.AttemptID, TakeID: r.TakeID, Name: exam.StageName(r.Name), Revision: r.Revision,
		State: exam.StageState(r.State), Progress: r.Progress, Problem: problem, Tries: r.Tries,
		StartedAt: r.StartedAt.Time, FinishedAt: r.FinishedAt.Time,
	}
	if r.Result != nil {
		s.Result = []byte(*r.Result)
	}
	return s, nil
}

const stageKeyIs = "s.attempt_id = ? AND s.take_id = ? AND s.name = ?"

func keyArgs(k exam.StageKey) []any { return lookup(k.AttemptID, k.TakeID, string(k.Name)) }

func describe(k exam.StageKey) string {
	if k.TakeID == "" {
		return fmt.Sprintf("stage %s of attempt %s", k.Name, k.AttemptID)
	}
	return fmt.Sprintf("stage %s of take %s", k.Name, k.TakeID)
}

// What a stage forgets: how it ended, when it is begun or pending anew; and who began it, when it is pending.
const (
	noOutcome = "progress = 0, problem = NULL, result = NULL, finished_at = NULL"
	afresh    = noOutcome + ", owner = '', lease_until = NULL, started_at = NULL"
)

// EnsureStage inserts a pending row where there is none. One that was asked for at an older revision and does not run becomes
// pending at the new one, with its tries forgotten. Any other is left as it is.
func (s *Store) EnsureStage(ctx context.Context, st exam.Stage) error {
	key := exam.StageKey{AttemptID: st.AttemptID, TakeID: st.TakeID, Name: st.Name}
	if err := identified("attempt ID", st.AttemptID, "take ID", st.TakeID, "stage", string(st.Name)); err != nil {
		return fmt.Errorf("ensure stage: %w", err)
	}
	row := stageRow{AttemptID: st.AttemptID, TakeID: st.TakeID, Name: string(st.Name), Revision: st.Revision, State: string(exam.Pending)}
	_, err := s.write.NewInsert().Model(&row).
		On("CONFLICT (attempt_id, take_id, name) DO UPDATE").
		Set("state = EXCLUDED.state, revision = EXCLUDED.revision, tries = 0, "+afresh).
		Where("s.revision < EXCLUDED.revision AND s.state <> ?", string(exam.Running)).
		Exec(ctx)
	if err != nil {
		return fmt.Errorf("ensure %s: %w", describe(key), translate(err))
	}
	return nil
}

// Stage gives a stage, or ErrNotFound.
func (s *Store) Stage(ctx context.Context, key exam.StageKey) (exam.Stage, error) {
	var row stageRow
	if err := s.get(ctx, &row, describe(key), stageKeyIs, keyArgs(key)...); err != nil {
		return exam.Stage{}, err
	}
	return row.stage()
}

// Stages gives all stages of an attempt and of its takes, in a fixed order.
func (s *Store) Stages(ctx context.Context, attemptID string) ([]exam.Stage, error) {
	var rows []stageRow
	if err := s.list(ctx, &rows, "stages of attempt "+attemptID, "take_id, name", "attempt_id = ?", attemptID); err != nil {
		return nil, err
	}
	list := make([]exam.Stage, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.stage(); err != nil {
			return nil, fmt.Errorf("list stages of attempt %s: %w", attemptID, err)
		}
	}
	return list, nil
}

// BeginStage takes a stage that is pending, or that runs under a lease that has ended: it runs then, for owner, until
// now + lease, with one try more. Of any number of callers exactly one gets it. It reports false where the stage is not to be
// had, because it runs, is over, or does not exist.
func (s *Store) BeginStage(ctx context.Context, key exam.StageKey, owner string, now time.Time, lease time.Duration) (exam.Stage, bool, error) {
	var rows []stageRow
	err := s.write.NewUpdate().Model(&rows).
		Set("state = ?, tries = tries + 1, "+noOutcome, string(exam.Running)).
		Set("owner = ?, lease_until = ?, started_at = ?", owner, instant{now.Add(lease)}, instant{now}).
		Where(stageKeyIs, keyArgs(key)...).
		Where("s.state = ? OR (s.state = ? AND s.lease_until <= ?)", string(exam.Pending), string(exam.Running), instant{now}).
		Returning("*").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return exam.Stage{}, false, fmt.Errorf("begin %s: %w", describe(key), err)
	}
	if len(rows) == 0 {
		return exam.Stage{}, false, nil
	}
	st, err := rows[0].stage()
	return st, err == nil, err
}

// RenewStage prolongs the lease of a running stage to now + lease and notes its progress (0 to 1), which only grows. It is
// ErrConflict where the stage does not run for owner any more: the work is to be given up.
func (s *Store) RenewStage(ctx context.Context, key exam.StageKey, owner string, now time.Time, lease time.Duration, progress float64) error {
	progress = clamp(progress)
	return s.changeOwn(ctx, "renew", key, owner, s.write.NewUpdate().
		Set("lease_until = ?", instant{now.Add(lease)}).
		Set("progress = CASE WHEN progress < ? THEN ? ELSE progress END", progress, progress))
}

// ReleaseStage gives a running stage back: it is pending again, and where the try does not count, has one try less. It is
// ErrConflict where the stage does not run for owner any more.
func (s *Store) ReleaseStage(ctx context.Context, key exam.StageKey, owner string, counts bool) error {
	q := s.write.NewUpdate().Set("state = ?, "+afresh, string(exam.Pending))
	if !counts {
		q = q.Set("tries = tries - 1")
	}
	return s.changeOwn(ctx, "release", key, owner, q)
}

// FinishStage ends a running stage well, with its result (JSON) and what it had to leave out, if anything. It is ErrConflict
// where the stage does not run for owner any more: the result is to be thrown away.
func (s *Store) FinishStage(ctx context.Context, key exam.StageKey, owner string, result []byte, problem *exam.Problem, now time.Time) error {
	encoded, err := encodeProblem(problem)
	if err == nil && result != nil && !(json.Valid(result) && utf8.Valid(result)) {
		err = fmt.Errorf("its result is not JSON in UTF-8: %w", ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("finish %s: %w", describe(key), err)
	}
	var kept *string
	if result != nil {
		text := string(result)
		kept = &text
	}
	return s.changeOwn(ctx, "finish", key, owner, s.write.NewUpdate().
		Set("state = ?, progress = 1, owner = '', lease_until = NULL", string(exam.Done)).
		Set("result = ?, problem = ?, finished_at = ?", kept, encoded, instant{now}))
}

// FailStage ends a running stage with the problem that stopped it. It is ErrConflict where the stage does not run for owner any
// more.
func (s *Store) FailStage(ctx context.Context, key exam.StageKey, owner string, problem exam.Problem, now time.Time) error {
	encoded, err := encodeProblem(&problem)
	if err != nil {
		return fmt.Errorf("fail %s: %w", describe(key), err)
	}
	return s.changeOwn(ctx, "fail", key, owner, s.write.NewUpdate().
		Set("state = ?, owner = '', lease_until = NULL", string(exam.Failed)).
		Set("problem = ?, finished_at = ?", encoded, instant{now}))
}

// changeOwn runs an update on a stage that runs for owner.
func (s *Store) changeOwn(ctx context.Context, verb string, key exam.StageKey, owner string, q *bun.UpdateQuery) error {
	ok, err := changed(q.Model((*stageRow)(nil)).
		Where(stageKeyIs, keyArgs(key)...).
		Where("s.state = ? AND s.owner = ?", string(exam.Running), owner).Exec(ctx))
	if err == nil && !ok {
		if _, err = s.Stage(ctx, key); err == nil {
			err = fmt.Errorf("it does not run for %s any more: %w", owner, ErrConflict)
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, describe(key), err)
	}
	return nil
}

// ResetStage makes a stage that is done or failed pending again, with its tries forgotten. One that is pending already is left
// as it is; a running one is ErrState.
func (s *Store) ResetStage(ctx context.Context, key exam.StageKey) error {
	ok, err := changed(s.write.NewUpdate().Model((*stageRow)(nil)).
		Set("state = ?, tries = 0, "+afresh, string(exam.Pending)).
		Where(stageKeyIs, keyArgs(key)...).
		Where("s.state IN (?, ?)", string(exam.Done), string(exam.Failed)).Exec(ctx))
	if err == nil && !ok {
		var st exam.Stage
		if st, err = s.Stage(ctx, key); err == nil && st.State != exam.Pending {
			err = fmt.Errorf("it is %s: %w", st.State, ErrState)
		}
	}
	if err != nil {
		return fmt.Errorf("reset %s: %w", describe(key), err)
	}
	return nil
}

// attemptsWithWork selects attempts in which anything may be left to do: a stage of a received take or of the attempt that is
// pending or running, one that is missing although nothing before it failed, or a timeline or archive that is missing or older
// than the attempt's revision.
const attemptsWithWork = `
SELECT a.id FROM attempts AS a
WHERE EXISTS (
  SELECT 1 FROM takes AS t WHERE t.attempt_id = a.id AND t.state = 'received' AND (
    EXISTS (SELECT 1 FROM stages AS s WHERE s.attempt_id = a.id AND s.take_id = t.id AND s.state IN ('pending', 'running'))
    OR ((SELECT COUNT(*) FROM stages AS s WHERE s.attempt_id = a.id AND s.take_id = t.id) < ?
      AND NOT EXISTS (SELECT 1 FROM stages AS s
        WHERE s.attempt_id = a.id AND s.take_id = t.id AND s.state = 'failed' AND s.name IN ('inspect', 'playback')))
    OR (EXISTS (SELECT 1 FROM stages AS s
        WHERE s.attempt_id = a.id AND s.take_id = t.id AND s.name = 'playback' AND s.state = 'done')
      AND NOT EXISTS (SELECT 1 FROM stages AS s
        WHERE s.attempt_id = a.id AND s.take_id = '' AND s.name = 'timeline' AND s.revision >= a.revision))))
OR EXISTS (SELECT 1 FROM stages AS s WHERE s.attempt_id = a.id AND s.take_id = '' AND s.state IN ('pending', 'running'))
OR (EXISTS (SELECT 1 FROM stages AS s
    WHERE s.attempt_id = a.id AND s.take_id = '' AND s.name = 'timeline' AND s.state = 'done' AND s.revision >= a.revision)
  AND NOT EXISTS (SELECT 1 FROM stages AS s
    WHERE s.attempt_id = a.id AND s.take_id = '' AND s.name = 'archive' AND s.revision >= a.revision))
ORDER BY a.created_at, a.id`

// AttemptsWithWork gives the ids of the attempts of which anything may be left to do, the oldest first. It may give some in
// which nothing is.
func (s *Store) AttemptsWithWork(ctx context.Context) ([]string, error) {
	var ids []string
	if err := s.read.NewRaw(attemptsWithWork, len(exam.TakeStages)).Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("list attempts with work: %w", err)
	}
	return ids, nil
}

// clamp keeps progress in 0…1; what is no number is 0.
func clamp(progress float64) float64 {
	if !(progress > 0) {
		return 0
	}
	return min(progress, 1)
}
