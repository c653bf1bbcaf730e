package main

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/exam/examfile"
	"github.com/trivue/trivue/store"
)

// importing brings a folder's content into a system.
type importing struct {
	content examfile.Content
	folder  fs.FS
	store   *store.Store
	objects archive.Store
}

// dryRun finds out what run would change.
func (i importing) dryRun(ctx context.Context) (store.Changes, error) { return i.save(ctx, true) }

// run stores the photos and documents, then the exam: no row ever names an object that is not there. Objects that nothing names any
// more are removed last; they are pictures of people.
func (i importing) run(ctx context.Context) (store.Changes, error) {
	// What the database refuses must leave nothing in the archive.
	if changes, err := i.save(ctx, true); err != nil {
		return changes, err
	}
	for _, f := range i.content.Files {
		if err := i.put(ctx, f); err != nil {
			return store.Changes{}, fmt.Errorf("store %s: %w", f.Path, err)
		}
	}
	changes, err := i.save(ctx, false)
	if err != nil {
		return changes, err
	}
	for _, key := range changes.Orphans {
		if err := i.objects.Delete(ctx, key); err != nil {
			return changes, fmt.Errorf("the exam was imported, but a file of before could not be removed: %w", err)
		}
	}
	return changes, nil
}

func (i importing) put(ctx context.Context, f examfile.File) error {
	file, err := i.folder.Open(f.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	return i.objects.Put(ctx, f.Key, file, f.Size, f.SHA256)
}

func (i importing) save(ctx context.Context, dry bool) (store.Changes, error) {
	c := store.ExamContent{Exam: i.content.Exam, Candidates: i.content.Candidates, Questions: i.content.Questions, Attachments: i.content.Attachments}
	return i.store.ImportExam(ctx, c, store.Import{Now: time.Now(), NewID: newID, DryRun: dry})
}
