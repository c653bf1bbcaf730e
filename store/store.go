// Package store is the database: exams, attempts, takes, stages and what surrounds them, as rows of SQLite or PostgreSQL. Both
// run the same statements and the same migrations.
//
// Every change of state is one conditional UPDATE (compare-and-swap) or one short transaction, so that any number of processes
// may share a database without locking rows across round trips: whoever comes second changes no row and is told so.
//
// Times are kept in UTC with microseconds; anything finer is cut off. A zero time.Time is kept as "none". Methods are safe for
// concurrent use.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// Errors that callers tell apart with errors.Is. What methods return wraps them with the operation and the row.
var (
	// ErrNotFound means that the row, or one that it refers to, does not exist (or has expired).
	ErrNotFound = errors.New("not found")
	// ErrConflict means that another row or another owner is in the way: a ticket twice in an exam, a lease that was lost.
	ErrConflict = errors.New("conflict")
	// ErrState means that the row is in a state from which the change is not allowed.
	ErrState = errors.New("not possible in this state")
	// ErrInvalid means that a value can never be stored: it is not valid UTF-8, contains NUL, or breaks a rule of its column.
	ErrInvalid = errors.New("invalid value")
)

// Store is a database that is open. Make one with Open.
type Store struct {
	write *bun.DB // on SQLite a single connection: its writers queue here instead of failing in the database
	read  *bun.DB // on PostgreSQL the same as write
}

// Close ends all connections.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.read.NewRaw("SELECT 1").Scan(ctx, &one); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// insert adds a row. What names it in errors.
func (s *Store) insert(ctx context.Context, row any, what string) error {
	if _, err := s.write.NewInsert().Model(row).Exec(ctx); err != nil {
		return fmt.Errorf("create %s: %w", what, translate(err))
	}
	return nil
}

// get reads the single row of a model for which the condition holds, or gives ErrNotFound. What names it in errors.
func (s *Store) get(ctx context.Context, row any, what, where string, args ...any) error {
	err := s.read.NewSelect().Model(row).Where(where, lookup(args...)...).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

// list reads all rows of a model for which the condition holds.
func (s *Store) list(ctx context.Context, rows any, what, order, where string, args ...any) error {
	if err := s.read.NewSelect().Model(rows).Where(where, lookup(args...)...).OrderExpr(order).Scan(ctx); err != nil {
		return fmt.Errorf("list %s: %w", what, err)
	}
	return nil
}

// changed reports whether a conditional UPDATE found its row in the state that it asked for.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, translate(err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
