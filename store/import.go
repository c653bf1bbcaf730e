package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

// ExamContent is an exam with everything that belongs to it.
type ExamContent struct {
	Exam        exam.Exam // its CreatedAt is not looked at
	Candidates  []exam.Candidate
	Questions   []exam.Question   // in their order
	Attachments []exam.Attachment // in their order; what their keys name is in the archive
}

// Import says how ImportExam works.
type Import struct {
	Now    time.Time
	NewID  func() string // makes the identifier of an attempt
	DryRun bool          // find out what would change, and change nothing
}

// Changes says what an import changed, or would.
type Changes struct {
	Created bool // the exam is new
	// Settings are what changed of an exam that was there: title, starts, rehearsal, policy, pledge.
	Settings    []string
	Candidates  Difference // by ticket
	Questions   Difference // by identifier
	Attachments Difference // by title
	// Orphans are keys of photos and documents in the archive that the exam referred to and now does not.
	Orphans []string
}

// Difference compares a list with what was there before.
type Difference struct {
	Added, Changed, Removed []string
	Unchanged               int
}

// None reports whether nothing differs.
func (d Difference) None() bool { return len(d.Added)+len(d.Changed)+len(d.Removed) == 0 }

// None reports whether everything was there already.
func (c Changes) None() bool {
	return !c.Created && len(c.Settings) == 0 && c.Candidates.None() && c.Questions.None() && c.Attachments.None()
}

// errDryRun rolls a transaction back that has found out what it would do.
var errDryRun = errors.New("dry run")

// ImportExam makes an exam what the content says, all of it or nothing: repeated, it changes nothing. Each new candidate gets an
// attempt, or the one that the exam already has for the ticket; removed candidates lose theirs.
//
// It is ErrState, with everything that stands in the way, to change questions of which one may have been released, to move the
// start or change the timing under candidates who are answering, to change an exam that somebody has entered from or to a
// rehearsal, and to remove a candidate who has entered or whose log has begun. ErrInvalid means that the content can never be stored.
func (s *Store) ImportExam(ctx context.Context, c ExamContent, how Import) (Changes, error) {
	if err := checkContent(c); err != nil {
		return Changes{}, fmt.Errorf("import exam: %w", err)
	}
	var changes Changes
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		i := importing{ExamContent: c, Import: how, tx: tx}
		if err := i.run(ctx); err != nil {
			return err
		}
		changes = i.changes
		if how.DryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return Changes{}, fmt.Errorf("import exam %s: %w", c.Exam.ID, translate(err))
	}
	return changes, nil
}

func checkContent(c ExamContent) error {
	errs := []error{checkExam(c.Exam)}
	known := map[string]bool{}
	once := func(what, id string) {
		if known[what+id] {
			errs = append(errs, fmt.Errorf("%s %s is there twice: %w", what, id, ErrInvalid))
		}
		known[what+id] = true
	}
	for _, p := range c.Candidates {
		once("ticket", p.Ticket)
		errs = append(errs, identified("ticket", p.Ticket, "name", p.Name, "number's tail", p.IDTail, "photo", p.Photo))
	}
	for _, q := range c.Questions {
		once("question", q.ID)
		errs = append(errs, identified("question's identifier", q.ID, "question", q.Text))
	}
	for _, a := range c.Attachments {
		once("attachment", a.ID)
		errs = append(errs, identified("attachment's identifier", a.ID, "title", a.Title, "media type", a.MIME, "SHA-256", a.SHA256, "key", a.Key))
	}
	return errors.Join(errs...)
}

// importing is one import in its transaction.
type importing struct {
	ExamContent
	Import
	tx      bun.Tx
	changes Changes
	dropped []string // keys that were referred to before
	// entered has the tickets of candidates who have entered, or of whom there are takes, discarded ones too.
	entered  map[string]bool
	before   exam.Exam // zero where the exam is new
	refusals []error
}

func (i *importing) run(ctx context.Context) error {
	steps := []func(context.Context) error{i.readEntered, i.settings, i.questions, i.attachments, i.candidates}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if len(i.refusals) > 0 {
		return errors.Join(i.refusals...)
	}
	kept := map[string]bool{}
	for _, p := range i.Candidates {
		kept[p.Photo] = true
	}
	for _, a := range i.Attachments {
		kept[a.Key] = true
	}
	slices.Sort(i.dropped)
	for _, key := range slices.Compact(i.dropped) {
		if key != "" && !kept[key] {
			i.changes.Orphans = append(i.changes.Orphans, key)
		}
	}
	return nil
}

// refuse notes something that stands in the way. The import goes on, to find the rest, and is then rolled back.
func (i *importing) refuse(format string, args ...any) {
	i.refusals = append(i.refusals, fmt.Errorf(format+": %w", append(args, ErrState)...))
}

// readEntered also locks the exam's row, so that imports of one exam go one after the other on PostgreSQL too.
func (i *importing) readEntered(ctx context.Context) error {
	if _, err := i.tx.NewUpdate().Model((*examRow)(nil)).Set("title = title").Where("id = ?", i.Exam.ID).Exec(ctx); err != nil {
		return err
	}
	var recorded []string
	err := i.tx.NewSelect().Model((*attemptRow)(nil)).Column("ticket").
		Where("exam_id = ? AND id IN (SELECT attempt_id FROM takes)", i.Exam.ID).Scan(ctx, &recorded)
	if err != nil {
		return err
	}
	var attempts []attemptRow
	if err := i.tx.NewSelect().Model(&attempts).Column("ticket", "course").Where("exam_id = ?", i.Exam.ID).Scan(ctx); err != nil {
		return err
	}
	i.entered = map[string]bool{}
	for _, ticket := range recorded {
		i.entered[ticket] = true
	}
	for _, a := range attempts {
		if !a.Course.Done[exam.Entry].IsZero() {
			i.entered[a.Ticket] = true
		}
	}
	return nil
}

func (i *importing) settings(ctx context.Context) error {
	var row examRow
	err := i.tx.NewSelect().Model(&row).Where("id = ?", i.Exam.ID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		i.changes.Created = true
		i.Exam.CreatedAt = i.Now
		row = newExamRow(i.Exam)
		_, err = i.tx.NewInsert().Model(&row).Exec(ctx)
		return err
	}
	if err != nil {
		return err
	}
	i.before = row.exam()
	i.Exam.CreatedAt = i.before.CreatedAt
	i.Exam.StartsAt = i.Exam.StartsAt.Truncate(time.Microsecond)
	for _, setting := range []struct {
		name string
		same bool
	}{
		{"title", i.before.Title == i.Exam.Title},
		{"starts", i.before.StartsAt.Equal(i.Exam.StartsAt)},
		{"rehearsal", i.before.Rehearsal == i.Exam.Rehearsal},
		{"policy", samePolicy(i.before.Policy, i.Exam.Policy)},
		{"pledge", i.before.Pledge == i.Exam.Pledge},
	} {
		if !setting.same {
			i.changes.Settings = append(i.changes.Settings, setting.name)
		}
	}
	if len(i.changes.Settings) == 0 {
		return nil
	}
	changed := func(name string) bool { return slices.Contains(i.changes.Settings, name) }
	if changed("rehearsal") && len(i.entered) > 0 {
		i.refuse("it cannot change between rehearsal and exam once somebody has entered it")
	}
	if i.answering() && (changed("starts") || i.before.Policy.Timing != i.Exam.Policy.Timing) {
		i.refuse("its start and timing cannot change once candidates are answering; grant time to each of them instead")
	}
	row = newExamRow(i.Exam)
	_, err = i.tx.NewUpdate().Model(&row).Column("title", "starts_at", "rehearsal", "policy", "pledge", "pledge_sha256").WherePK().Exec(ctx)
	return err
}

// samePolicy takes no list and an empty one for the same.
func samePolicy(a, b exam.Policy) bool {
	skips := slices.Equal(a.Skip, b.Skip)
	a.Skip, b.Skip = nil, nil
	return skips && reflect.DeepEqual(a, b)
}

func (i *importing) started() bool {
	return !i.changes.Created && !i.before.Rehearsal && !i.before.StartsAt.IsZero() && !i.Now.Before(i.before.StartsAt)
}

func (i *importing) answering() bool { return i.started() && len(i.entered) > 0 }

// released reports whether a candidate may have seen a question: the start as it was is over, or somebody has entered, perhaps
// before the start was moved.
func (i *importing) released() bool {
	return i.started() || !i.before.Rehearsal && len(i.entered) > 0
}

// questions replaces the questions where one differs. Their texts are compared in the database, not read.
func (i *importing) questions(ctx context.Context) error {
	var before []itemRow
	if err := i.tx.NewSelect().Model(&before).Where("exam_id = ?", i.Exam.ID).OrderExpr("position").Scan(ctx); err != nil {
		return err
	}
	left := make(map[string]bool, len(before))
	for _, r := range before {
		left[r.ID] = true
	}
	d := &i.changes.Questions
	rows := make([]questionRow, len(i.Questions))
	for n, q := range i.Questions {
		rows[n] = questionRow{ExamID: i.Exam.ID, ID: q.ID, Position: int64(n), Prepare: q.Prepare.Microseconds(), Answer: q.Answer.Microseconds(), Text: q.Text}
		if !left[q.ID] {
			d.Added = append(d.Added, q.ID)
			continue
		}
		delete(left, q.ID)
		same, err := i.tx.NewSelect().Model((*itemRow)(nil)).
			Where("exam_id = ? AND id = ? AND position = ? AND prepare = ? AND answer = ? AND text = ?", i.Exam.ID, q.ID, n, rows[n].Prepare, rows[n].Answer, q.Text).Exists(ctx)
		switch {
		case err != nil:
			return err
		case same:
			d.Unchanged++
		default:
			d.Changed = append(d.Changed, q.ID)
		}
	}
	for _, r := range before {
		if left[r.ID] {
			d.Removed = append(d.Removed, r.ID)
		}
	}
	if d.None() {
		return nil
	}
	if len(before) > 0 && i.released() {
		i.refuse("its questions cannot change any more: candidates may have seen one (%s)", d)
	}
	return replace(ctx, i.tx, rows, i.Exam.ID)
}

func (i *importing) attachments(ctx context.Context) error {
	var before []attachmentRow
	if err := i.tx.NewSelect().Model(&before).Where("exam_id = ?", i.Exam.ID).OrderExpr("position").Scan(ctx); err != nil {
		return err
	}
	left := make(map[string]attachmentRow, len(before))
	for _, r := range before {
		left[r.ID] = r
		i.dropped = append(i.dropped, r.ObjectKey)
	}
	d := &i.changes.Attachments
	rows := make([]attachmentRow, len(i.Attachments))
	for n, a := range i.Attachments {
		rows[n] = attachmentRow{ExamID: i.Exam.ID, ID: a.ID, Position: int64(n), Title: a.Title, MIME: a.MIME, Size: a.Size, SHA256: a.SHA256, ObjectKey: a.Key}
		old, was := left[a.ID]
		delete(left, a.ID)
		d.note(a.Title, was, old == rows[n])
	}
	for _, r := range before {
		if _, gone := left[r.ID]; gone {
			d.Removed = append(d.Removed, r.Title)
		}
	}
	if d.None() {
		return nil
	}
	return replace(ctx, i.tx, rows, i.Exam.ID)
}

// replace puts rows in the place of all that the exam has of their model.
func replace[Row any](ctx context.Context, tx bun.Tx, rows []Row, examID string) error {
	if _, err := tx.NewDelete().Model((*Row)(nil)).Where("exam_id = ?", examID).Exec(ctx); err != nil || len(rows) == 0 {
		return err
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

func (d *Difference) note(name string, was, same bool) {
	switch {
	case !was:
		d.Added = append(d.Added, name)
	case same:
		d.Unchanged++
	default:
		d.Changed = append(d.Changed, name)
	}
}

// String gives the difference in words, without what is unchanged.
func (d Difference) String() string {
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"added", d.Added}, {"changed", d.Changed}, {"removed", d.Removed}} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.names, ", "))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}
