package store

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/trivue/trivue/exam"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// instant is a time as it is kept: microseconds since 1970 UTC, NULL for the zero time.
type instant struct{ time.Time }

func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.UnixMicro(), nil
}

func (i *instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		i.Time = time.Time{}
	case int64:
		i.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("a time is kept as an integer, not as %T", src)
	}
	return nil
}

// text refuses what one of the two databases would refuse or cut: PostgreSQL takes neither NUL nor invalid UTF-8, and SQLite
// ends a statement at NUL. Arguments are pairs of a field's name and its value.
func text(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		switch name, value := pairs[i], pairs[i+1]; {
		case !utf8.ValidString(value):
			return fmt.Errorf("%s is not valid UTF-8: %w", name, ErrInvalid)
		case strings.ContainsRune(value, 0):
			return fmt.Errorf("%s contains a NUL character: %w", name, ErrInvalid)
		}
	}
	return nil
}

// lookup makes values fit to look rows up by. A request may ask for anything; where a value could not be kept, there is no such
// row, and all values become NULL, which equals nothing.
func lookup(values ...any) []any {
	for _, v := range values {
		if s, ok := v.(string); ok && text("value", s) != nil {
			return make([]any, len(values))
		}
	}
	return values
}

// identified is text that also refuses an empty first value, the key of the row.
func identified(pairs ...string) error {
	if pairs[1] == "" {
		return fmt.Errorf("%s is empty: %w", pairs[0], ErrInvalid)
	}
	return text(pairs...)
}

// encodeProblem gives a problem as JSON, nil for none.
func encodeProblem(p *exam.Problem) (*string, error) {
	if p == nil {
		return nil, nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode problem: %w", err)
	}
	s := string(b)
	return &s, nil
}

func decodeProblem(s *string) (*exam.Problem, error) {
	if s == nil {
		return nil, nil
	}
	p := new(exam.Problem)
	if err := json.Unmarshal([]byte(*s), p); err != nil {
		return nil, fmt.Errorf("decode problem: %w", err)
	}
	return p, nil
}

// translate turns the constraint errors of both databases into the exported errors. The database's own words are kept.
//
// Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html and https://www.sqlite.org/rescode.html
func translate(err error) error {
	var kind error
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg):
		switch pg.Code {
		case "23505": // unique_violation
			kind = ErrConflict
		case "23503": // foreign_key_violation
			kind = ErrNotFound
		case "23514", "23502": // check_violation, not_null_violation
			kind = ErrInvalid
		}
	case errors.As(err, &lite):
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			kind = ErrConflict
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			kind = ErrNotFound
		case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL:
			kind = ErrInvalid
		}
	}
	if kind == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", kind, err)
}
