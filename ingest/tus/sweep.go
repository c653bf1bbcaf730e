package tus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/trivue/trivue/exam"
)

// Sweep compares disk and database: uploads that are complete although nobody was told (the process was killed at that moment)
// are received, and those that lay still for too long are given up. What is here of a candidate's take is not: nobody can send it again,
// and it ends where its sender stopped.
func (i *Ingest) Sweep(ctx context.Context) error {
	i.accounts.prune(i.opts.Now())
	takes, err := i.opts.Store.UploadingTakes(ctx)
	if err != nil {
		return fmt.Errorf("unfinished uploads: %w", err)
	}
	var errs []error
	for _, take := range takes {
		if err := i.sweepOne(ctx, take); err != nil {
			errs = append(errs, fmt.Errorf("upload %s: %w", take.UploadID, err))
		}
	}
	return errors.Join(errs...)
}

func (i *Ingest) sweepOne(ctx context.Context, take exam.Take) error {
	touched := take.CreatedAt
	stat, err := os.Stat(i.dataPath(take.UploadID))
	if err == nil {
		if stat.ModTime().After(touched) {
			touched = stat.ModTime()
		}
		if size, err := i.Settle(ctx, take); err != nil || size == stat.Size() {
			return err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if i.opts.Now().Sub(touched) < i.opts.Expire {
		return nil
	}
	if owned(take) && err == nil && stat.Size() > 0 {
		i.log.Info("a take whose sender did not come back ends where it stopped", "take", take.ID, "since", touched)
		return i.ReceiveCut(ctx, take)
	}
	i.log.Info("an upload that lay still was given up", "take", take.ID, "since", touched)
	if err := i.discard(ctx, take); err != nil {
		return err
	}
	return i.Remove(take.UploadID)
}

// declaredSize is how large an upload is to become; −1 while that was not said.
func (i *Ingest) declaredSize(ctx context.Context, take exam.Take) int64 {
	data, err := os.ReadFile(i.infoPath(take.UploadID))
	var info handler.FileInfo
	if err != nil || json.Unmarshal(data, &info) != nil {
		if data, err = i.opts.Store.UploadInfo(ctx, take.UploadID); err != nil || json.Unmarshal(data, &info) != nil {
			return take.Size
		}
	}
	if info.SizeIsDeferred {
		return -1
	}
	return info.Size
}

// Remove deletes a discarded upload's files. A file that is gone already is no error.
func (i *Ingest) Remove(uploadID string) error {
	defer i.syncer.renew(uploadID)
	var errs []error
	for _, path := range []string{i.dataPath(uploadID), i.infoPath(uploadID), i.ChainPath(uploadID)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
