package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Chain is what is known of a browser's take besides its file.
type Chain struct {
	TakeID    string
	AttemptID string
	MIME      string // the recorder's, exactly as the upload told it; empty before there is one
	Replaces  string // the take of which it is a copy; empty for none
	Progress  ChainProgress
	Damage    *ChainDamage // where the stored bytes are not what the chain says, if that was found
	Receipt   string       // the signed note; empty before
	ReceiptAt time.Time
}

// ChainProgress is how far a chain was found right over the stored bytes.
type ChainProgress struct {
	Records int64  // with the end
	Bytes   int64  // of media that they speak of
	Link    string // the last one, lower-case hexadecimal; empty before the first
	Ms      int64  // of the last record: milliseconds since the take began
	Whole   bool   // the end is among them
}

// ChainDamage says from which record on a chain does not fit the stored bytes.
type ChainDamage struct {
	Record int64 // counted from 0
	Offset int64 // in the media, bytes
}

type chainRow struct {
	bun.BaseModel `bun:"table:chains,alias:c"`

	TakeID        string `bun:",pk"`
	AttemptID     string
	MIME          string `bun:"mime"`
	Replaces      string
	Records       int64
	Bytes         int64
	Link          string
	Ms            int64
	Whole         bool
	DamagedRecord *int64
	DamagedOffset *int64
	Receipt       string
	ReceiptAt     instant
}

func (r chainRow) chain() Chain {
	c := Chain{
		TakeID: r.TakeID, AttemptID: r.AttemptID, MIME: r.MIME, Replaces: r.Replaces, Receipt: r.Receipt, ReceiptAt: r.ReceiptAt.Time,
		Progress: ChainProgress{Records: r.Records, Bytes: r.Bytes, Link: r.Link, Ms: r.Ms, Whole: r.Whole},
	}
	if r.DamagedRecord != nil && r.DamagedOffset != nil {
		c.Damage = &ChainDamage{Record: *r.DamagedRecord, Offset: *r.DamagedOffset}
	}
	return c
}

// Chain gives what is known of a take, or ErrNotFound.
func (s *Store) Chain(ctx context.Context, takeID string) (Chain, error) {
	var row chainRow
	err := s.get(ctx, &row, "chain of take "+takeID, "take_id = ?", takeID)
	return row.chain(), err
}

// Chains gives what is known of an attempt's takes, by their identifiers.
func (s *Store) Chains(ctx context.Context, attemptID string) ([]Chain, error) {
	var rows []chainRow
	err := s.list(ctx, &rows, "chains of attempt "+attemptID, "take_id", "attempt_id = ?", attemptID)
	return convert(rows, chainRow.chain), err
}

// BeginChain notes what a take's upload says of it: the media type, which its chain is made with, and the take of which it is a copy. What
// was noted first stays. A take of another attempt is ErrConflict, an unknown attempt ErrNotFound.
func (s *Store) BeginChain(ctx context.Context, attemptID, takeID, mime, replaces string) error {
	what := fmt.Sprintf("chain of take %s of attempt %s", takeID, attemptID)
	if err := identified("take ID", takeID, "attempt ID", attemptID, "media type", mime, "replaced take", replaces); err != nil {
		return fmt.Errorf("begin %s: %w", what, err)
	}
	row := chainRow{TakeID: takeID, AttemptID: attemptID, MIME: mime, Replaces: replaces}
	ok, err := changed(s.write.NewInsert().Model(&row).On("CONFLICT (take_id) DO UPDATE").
		Set("mime = CASE WHEN c.mime = '' THEN EXCLUDED.mime ELSE c.mime END").Where("c.attempt_id = EXCLUDED.attempt_id").Exec(ctx))
	if err == nil && !ok {
		err = fmt.Errorf("it is another attempt's: %w", ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("begin %s: %w", what, err)
	}
	return nil
}

// AdvanceChain notes that more of a chain was found right. From is how many records there were before; where there are others now,
// that is ErrConflict. A chain that does not exist is ErrNotFound, one under which there is a receipt ErrState.
func (s *Store) AdvanceChain(ctx context.Context, takeID string, from int64, to ChainProgress) error {
	return s.changeChain(ctx, takeID, "advance", "records = ?, bytes = ?, link = ?, ms = ?, whole = ?",
		[]any{to.Records, to.Bytes, to.Link, to.Ms, to.Whole}, "records = ? AND receipt = ''", from)
}

// ChainAdvance is more of a chain that was found right: From is how many records there were before.
type ChainAdvance struct {
	TakeID string
	From   int64
	To     ChainProgress
}

// advancesAtOnce bounds a statement of AdvanceChains.
const advancesAtOnce = 200

// AdvanceChains does what AdvanceChain does for many takes in few statements, and gives those for which it did. Of the others there
// are other records now, or a receipt, or they do not exist.
func (s *Store) AdvanceChains(ctx context.Context, all []ChainAdvance) (advanced []string, err error) {
	all = slices.DeleteFunc(slices.Clone(all), func(a ChainAdvance) bool { return text("take ID", a.TakeID) != nil })
	for some := range slices.Chunk(all, advancesAtOnce) {
		rows, values := make([]string, len(some)), make([]any, 0, 7*len(some)+1)
		for n, a := range some {
			rows[n] = "(?, ?, ?, ?, ?, ?, ?)"
			values = append(values, a.TakeID, a.From, a.To.Records, a.To.Bytes, a.To.Link, a.To.Ms, a.To.Whole)
		}
		var these []string
		err := s.write.NewRaw("WITH next (id, was, records, bytes, link, ms, whole) AS (VALUES "+strings.Join(rows, ", ")+`)
			UPDATE chains SET records = next.records, bytes = next.bytes, link = next.link, ms = next.ms, whole = next.whole
			FROM next WHERE chains.take_id = next.id AND chains.records = next.was AND chains.receipt = '' RETURNING chains.take_id`, values...).Scan(ctx, &these)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return advanced, fmt.Errorf("advance %d chains: %w", len(some), err)
		}
		advanced = append(advanced, these...)
	}
	return advanced, nil
}

// ResetChain forgets how far a chain was found right: its file is gone, and will be sent again. A chain that does not exist is
// ErrNotFound, one under which there is a receipt ErrState.
func (s *Store) ResetChain(ctx context.Context, takeID string) error {
	return s.changeChain(ctx, takeID, "reset", "records = 0, bytes = 0, link = '', ms = 0, whole = ?, damaged_record = NULL, damaged_offset = NULL",
		[]any{false}, "receipt = ''")
}

// DamageChain notes that the stored bytes are not what the chain says. A chain that does not exist is ErrNotFound, one under which
// there is a receipt ErrState.
func (s *Store) DamageChain(ctx context.Context, takeID string, d ChainDamage) error {
	return s.changeChain(ctx, takeID, "note damage of", "damaged_record = ?, damaged_offset = ?", []any{d.Record, d.Offset}, "receipt = ''")
}

// SaveReceipt keeps the receipt of a take whose chain is whole, and gives the one that counts: the first. A chain that does not exist
// is ErrNotFound, one that is not whole or damaged ErrState.
func (s *Store) SaveReceipt(ctx context.Context, takeID, note string, at time.Time) (string, error) {
	if err := identified("receipt", note); err != nil {
		return "", fmt.Errorf("keep the receipt of take %s: %w", takeID, err)
	}
	err := s.changeChain(ctx, takeID, "keep the receipt of", "receipt = ?, receipt_at = ?", []any{note, instant{at}},
		"receipt = '' AND whole AND damaged_record IS NULL")
	if err == nil {
		return note, nil
	}
	if errors.Is(err, ErrState) || errors.Is(err, ErrConflict) {
		if kept, readErr := s.Chain(ctx, takeID); readErr == nil && kept.Receipt != "" {
			return kept.Receipt, nil
		}
	}
	return "", err
}

// changeChain is one conditional UPDATE; where it finds no row, it says why.
func (s *Store) changeChain(ctx context.Context, takeID, verb, set string, values []any, where string, args ...any) error {
	ok, err := changed(s.write.NewUpdate().Model((*chainRow)(nil)).Set(set, values...).
		Where("take_id = ? AND "+where, lookup(append([]any{takeID}, args...)...)...).Exec(ctx))
	if err == nil && !ok {
		var row Chain
		if row, err = s.Chain(ctx, takeID); err == nil {
			err = fmt.Errorf("it has %d records, whole: %t, receipt: %t: %w", row.Progress.Records, row.Progress.Whole, row.Receipt != "", ErrState)
			if row.Receipt == "" && len(args) > 0 {
				err = fmt.Errorf("it has %d records now: %w", row.Progress.Records, ErrConflict)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s the chain of take %s: %w", verb, takeID, err)
	}
	return nil
}
