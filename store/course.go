package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

type eventRow struct {
	bun.BaseModel `bun:"table:events"`

	AttemptID string `bun:",pk"`
	N         int64  `bun:",pk"`
	At        instant
	Source    string
	Kind      string
	Data      string
	Previous  []byte
	Report    *string
	Wall      instant
	Server    instant
}

func (r eventRow) event() exam.Event {
	e := exam.Event{AttemptID: r.AttemptID, N: r.N, At: r.At.Time, Source: r.Source, Kind: exam.EventKind(r.Kind), Data: json.RawMessage(r.Data),
		Wall: r.Wall.Time, Server: r.Server.Time}
	copy(e.Previous[:], r.Previous)
	if r.Report != nil {
		e.ID = *r.Report
	}
	return e
}

func rowOfEvent(e exam.Event) eventRow {
	row := eventRow{AttemptID: e.AttemptID, N: e.N, At: instant{e.At}, Source: e.Source, Kind: string(e.Kind), Data: string(e.Data), Previous: e.Previous[:],
		Wall: instant{e.Wall}, Server: instant{e.Server}}
	if e.ID != "" {
		row.Report = &e.ID
	}
	return row
}

// ChangeCourse keeps an attempt's course as Interview.Apply has changed it, and adds the events to its log, both or neither. The
// attempt's version must be the next one after what is stored: ErrConflict means that somebody else was faster, and that the command
// is to be applied to what is there now.
func (s *Store) ChangeCourse(ctx context.Context, next exam.Attempt, events []exam.Event, now time.Time) error {
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return changeCourse(ctx, tx, next, events, now)
	})
	if err != nil {
		return fmt.Errorf("change course of attempt %s: %w", next.ID, err)
	}
	return nil
}

func changeCourse(ctx context.Context, tx bun.Tx, next exam.Attempt, events []exam.Event, now time.Time) error {
	row := attemptRow{ID: next.ID, Course: next.Course, Version: next.Version, Ongoing: next.Course.Ongoing()}
	ok, err := changed(tx.NewUpdate().Model(&row).Column("course", "version", "ongoing").
		Where("id = ? AND version = ?", lookup(next.ID, next.Version-1)...).Exec(ctx))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("version %d is not the next one: %w", next.Version, ErrConflict)
	}
	_, err = appendEvents(ctx, tx, next.ID, events, now)
	return err
}

// OngoingAttempts gives the attempts whose candidates have entered and have not ended.
func (s *Store) OngoingAttempts(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.read.NewSelect().Model((*attemptRow)(nil)).Column("id").Where("ongoing").Order("id").Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list ongoing attempts: %w", err)
	}
	return ids, nil
}

// Log adds events to an attempt's log, in their order. One whose ID is in the log already is left out. It gives those that were added,
// with their places. An unknown attempt is ErrNotFound.
func (s *Store) Log(ctx context.Context, attemptID string, events []exam.Event, now time.Time) ([]exam.Event, error) {
	var added []exam.Event
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		added, err = appendEvents(ctx, tx, attemptID, events, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("log of attempt %s: %w", attemptID, err)
	}
	return added, nil
}

func appendEvents(ctx context.Context, tx bun.Tx, attemptID string, events []exam.Event, now time.Time) ([]exam.Event, error) {
	// The lock on this row is held until the transaction ends.
	ok, err := changed(tx.NewUpdate().Model((*attemptRow)(nil)).Set("log_length = log_length + ?", len(events)).Where("id = ?", lookup(attemptID)...).Exec(ctx))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNotFound
	}
	var last *exam.Event
	var row eventRow
	switch err := tx.NewSelect().Model(&row).Where("attempt_id = ?", attemptID).OrderExpr("n DESC").Limit(1).Scan(ctx); {
	case err == nil:
		e := row.event()
		last = &e
	case !errors.Is(err, sql.ErrNoRows):
		return nil, err
	}
	var added []exam.Event
	known := map[string]bool{}
	for _, e := range events {
		if err := text("source of an event", e.Source, "kind of an event", string(e.Kind), "data of an event", string(e.Data), "identifier of an event", e.ID); err != nil {
			return nil, err
		}
		if e.ID != "" {
			exists, err := tx.NewSelect().Model((*eventRow)(nil)).Where("attempt_id = ? AND report = ?", attemptID, e.ID).Exists(ctx)
			if err != nil {
				return nil, err
			}
			if exists || known[e.ID] {
				continue
			}
			known[e.ID] = true
		}
		e.AttemptID = attemptID
		if e, err = e.Follow(last, now); err != nil {
			return nil, err
		}
		added, last = append(added, e), &e
	}
	if len(added) == 0 {
		return nil, nil
	}
	rows := convert(added, rowOfEvent)
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return nil, translate(err)
	}
	return added, nil
}

// Events gives an attempt's log from event n on; nothing for an unknown attempt.
func (s *Store) Events(ctx context.Context, attemptID string, n int64) ([]exam.Event, error) {
	var rows []eventRow
	err := s.list(ctx, &rows, "events of attempt "+attemptID, "n", "attempt_id = ? AND n >= ?", attemptID, n)
	return convert(rows, eventRow.event), err
}

// EventsOf gives those events of an attempt's log that are of the kinds, in their order.
func (s *Store) EventsOf(ctx context.Context, attemptID string, kinds ...exam.EventKind) ([]exam.Event, error) {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	var rows []eventRow
	err := s.list(ctx, &rows, "events of attempt "+attemptID, "n", "attempt_id = ? AND kind IN (?)", attemptID, bun.List(names))
	return convert(rows, eventRow.event), err
}
