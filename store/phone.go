package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

// PhoneCode binds a phone to an attempt while it is valid.
type PhoneCode struct {
	AttemptID string
	Code      string
	ExpiresAt time.Time
}

type phoneCodeRow struct {
	bun.BaseModel `bun:"table:phone_codes,alias:p"`

	AttemptID string `bun:",pk"`
	Code      string
	ExpiresAt instant
}

func (r phoneCodeRow) code() PhoneCode {
	return PhoneCode{AttemptID: r.AttemptID, Code: r.Code, ExpiresAt: r.ExpiresAt.Time}
}

// EnsurePhoneCode gives the code of an attempt that is still valid at now, or keeps the offered one in its place. An offered code
// that another attempt has is ErrConflict: offer another one.
func (s *Store) EnsurePhoneCode(ctx context.Context, offered PhoneCode, now time.Time) (PhoneCode, error) {
	if err := identified("attempt ID", offered.AttemptID, "code", offered.Code); err != nil {
		return PhoneCode{}, fmt.Errorf("phone code: %w", err)
	}
	row := phoneCodeRow{AttemptID: offered.AttemptID, Code: offered.Code, ExpiresAt: instant{offered.ExpiresAt}}
	_, err := s.write.NewInsert().Model(&row).On("CONFLICT (attempt_id) DO UPDATE").Set("code = EXCLUDED.code, expires_at = EXCLUDED.expires_at").
		Where("p.expires_at <= ?", instant{now}).Exec(ctx)
	if err != nil {
		return PhoneCode{}, fmt.Errorf("phone code of attempt %s: %w", offered.AttemptID, translate(err))
	}
	return s.PhoneCodeOf(ctx, offered.AttemptID, now)
}

// PhoneCodeOf gives an attempt's code that is valid at now, or ErrNotFound.
func (s *Store) PhoneCodeOf(ctx context.Context, attemptID string, now time.Time) (PhoneCode, error) {
	var row phoneCodeRow
	err := s.get(ctx, &row, "phone code of attempt "+attemptID, "attempt_id = ? AND expires_at > ?", attemptID, instant{now})
	return row.code(), err
}

// PhoneCode gives a code that is valid at now, or ErrNotFound.
func (s *Store) PhoneCode(ctx context.Context, code string, now time.Time) (PhoneCode, error) {
	var row phoneCodeRow
	err := s.get(ctx, &row, "phone code", "code = ? AND expires_at > ?", code, instant{now})
	return row.code(), err
}

// PhoneSession is a phone that was bound to an attempt.
type PhoneSession struct {
	AttemptID  string
	TokenHash  string // of the secret in the cookie, which itself is not kept
	Binding    int    // exam.PhoneCourse.Bindings when it was bound
	CreatedAt  time.Time
	ExpiresAt  time.Time
	ReplacedAt time.Time // when another one took over; zero before
}

type phoneSessionRow struct {
	bun.BaseModel `bun:"table:phone_sessions"`

	TokenHash  string `bun:",pk"`
	AttemptID  string
	Binding    int64
	CreatedAt  instant
	ExpiresAt  instant
	ReplacedAt instant
}

func (r phoneSessionRow) session() PhoneSession {
	return PhoneSession{AttemptID: r.AttemptID, TokenHash: r.TokenHash, Binding: int(r.Binding), CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, ReplacedAt: r.ReplacedAt.Time}
}

// BindPhone uses a code up and opens a session in the place of the one that films, together with the change of the course that
// exam.Bind has made: all or nothing. ErrNotFound means that the code is none any more, ErrConflict what it means for ChangeCourse.
func (s *Store) BindPhone(ctx context.Context, code string, session PhoneSession, next exam.Attempt, events []exam.Event) error {
	if err := identified("token hash", session.TokenHash, "attempt ID", session.AttemptID, "code", code); err != nil {
		return fmt.Errorf("bind phone: %w", err)
	}
	now := session.CreatedAt
	row := phoneSessionRow{TokenHash: session.TokenHash, AttemptID: session.AttemptID, Binding: int64(session.Binding), CreatedAt: instant{now}, ExpiresAt: instant{session.ExpiresAt}}
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// First: who comes second waits here, and then finds no row.
		used, err := changed(tx.NewDelete().Model((*phoneCodeRow)(nil)).Where("code = ? AND attempt_id = ? AND expires_at > ?", code, session.AttemptID, instant{now}).Exec(ctx))
		if err != nil {
			return err
		}
		if !used {
			return fmt.Errorf("phone code: %w", ErrNotFound)
		}
		if err := changeCourse(ctx, tx, next, events, now); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*phoneSessionRow)(nil)).Set("replaced_at = ?", instant{now}).Where("attempt_id = ? AND replaced_at IS NULL", session.AttemptID).Exec(ctx); err != nil {
			return err
		}
		// What the one before has said is not of this one.
		if _, err := tx.NewDelete().Model((*phoneStatusRow)(nil)).Where("attempt_id = ?", session.AttemptID).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("bind phone to attempt %s: %w", session.AttemptID, translate(err))
	}
	return nil
}

// PhoneSession gives a session that has not expired at now, or ErrNotFound.
func (s *Store) PhoneSession(ctx context.Context, tokenHash string, now time.Time) (PhoneSession, error) {
	var row phoneSessionRow
	err := s.get(ctx, &row, "phone's session", "token_hash = ? AND expires_at > ?", tokenHash, instant{now})
	return row.session(), err
}

// DeletePhoneSession ends a session. No session is no error.
func (s *Store) DeletePhoneSession(ctx context.Context, tokenHash string) error {
	if _, err := s.write.NewDelete().Model((*phoneSessionRow)(nil)).Where("token_hash = ?", lookup(tokenHash)...).Exec(ctx); err != nil {
		return fmt.Errorf("end phone's session: %w", err)
	}
	return nil
}

// PhoneStatus is what the phone of an attempt has last said of itself.
type PhoneStatus struct {
	AttemptID string
	Status    []byte // JSON
	HeardAt   time.Time
}

type phoneStatusRow struct {
	bun.BaseModel `bun:"table:phone_status"`

	AttemptID string `bun:",pk"`
	Status    string
	HeardAt   instant
}

// SavePhoneStatus keeps what a phone says of itself, in place of what was kept before. An unknown attempt is ErrNotFound.
func (s *Store) SavePhoneStatus(ctx context.Context, p PhoneStatus) error {
	if err := identified("attempt ID", p.AttemptID, "status", string(p.Status)); err != nil {
		return fmt.Errorf("save phone's status: %w", err)
	}
	row := phoneStatusRow{AttemptID: p.AttemptID, Status: string(p.Status), HeardAt: instant{p.HeardAt}}
	_, err := s.write.NewInsert().Model(&row).On("CONFLICT (attempt_id) DO UPDATE").Set("status = EXCLUDED.status, heard_at = EXCLUDED.heard_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("save status of attempt %s's phone: %w", p.AttemptID, translate(err))
	}
	return nil
}

// PhoneStatus gives what SavePhoneStatus kept, or ErrNotFound.
func (s *Store) PhoneStatus(ctx context.Context, attemptID string) (PhoneStatus, error) {
	var row phoneStatusRow
	err := s.get(ctx, &row, "status of attempt "+attemptID+"'s phone", "attempt_id = ?", attemptID)
	return PhoneStatus{AttemptID: row.AttemptID, Status: []byte(row.Status), HeardAt: row.HeardAt.Time}, err
}
