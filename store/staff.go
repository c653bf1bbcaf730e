package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

// Staff is a person who works with exams.
type Staff struct {
	ID           string
	Name         string // to log in with; unique, case matters
	PasswordHash string // as the server encodes it, with algorithm and salt
	Role         exam.Role
}

// Session is a login of a staff member.
type Session struct {
	TokenHash string // of the secret in the cookie, which itself is not kept
	StaffID   string
	CreatedAt time.Time
	ExpiresAt time.Time
}

type staffRow struct {
	bun.BaseModel `bun:"table:staff"`

	ID           string `bun:",pk"`
	Name         string
	PasswordHash string
	Role         exam.Role
}

func (r staffRow) staff() Staff {
	return Staff{ID: r.ID, Name: r.Name, PasswordHash: r.PasswordHash, Role: r.Role}
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions"`

	TokenHash string `bun:",pk"`
	StaffID   string
	CreatedAt instant
	ExpiresAt instant
}

// CreateStaff adds a staff member. A name that exists is ErrConflict.
func (s *Store) CreateStaff(ctx context.Context, m Staff) error {
	if err := identified("staff ID", m.ID, "name", m.Name, "password hash", m.PasswordHash, "role", string(m.Role)); err != nil {
		return fmt.Errorf("create staff member: %w", err)
	}
	row := staffRow{ID: m.ID, Name: m.Name, PasswordHash: m.PasswordHash, Role: m.Role}
	return s.insert(ctx, &row, "staff member "+m.ID)
}

// StaffByName gives the staff member who logs in with a name, or ErrNotFound.
func (s *Store) StaffByName(ctx context.Context, name string) (Staff, error) {
	var row staffRow
	err := s.get(ctx, &row, "staff member of that name", "name = ?", name)
	return row.staff(), err
}

// StaffCount counts the staff members.
func (s *Store) StaffCount(ctx context.Context) (int, error) {
	n, err := s.read.NewSelect().Model((*staffRow)(nil)).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count staff: %w", err)
	}
	return int(n), nil
}

// CreateSession adds a session. An unknown staff member is ErrNotFound.
func (s *Store) CreateSession(ctx context.Context, session Session) error {
	if err := identified("token hash", session.TokenHash, "staff ID", session.StaffID); err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	row := sessionRow{TokenHash: session.TokenHash, StaffID: session.StaffID, CreatedAt: instant{session.CreatedAt}, ExpiresAt: instant{session.ExpiresAt}}
	return s.insert(ctx, &row, "session of staff member "+session.StaffID)
}

// SessionStaff gives the staff member of a session that has not expired at now, or ErrNotFound.
func (s *Store) SessionStaff(ctx context.Context, tokenHash string, now time.Time) (Staff, error) {
	var row staffRow
	err := s.get(ctx, &row, "session",
		"id = (SELECT staff_id FROM sessions WHERE token_hash = ? AND expires_at > ?)", tokenHash, instant{now})
	return row.staff(), err
}

// DeleteSession ends a session. One that does not exist is no error.
func (s *Store) DeleteSession(ctx context.Context, tokenHash string) error {
	if _, err := s.write.NewDelete().Model((*sessionRow)(nil)).Where("token_hash = ?", lookup(tokenHash)...).Exec(ctx); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}
