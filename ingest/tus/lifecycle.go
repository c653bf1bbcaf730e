package tus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/trivue/trivue/exam"
)

// detached lets bookkeeping end although its request's connection is gone.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// creating makes the take's row before the file: a file without a row would be nobody's.
func (i *Ingest) creating(hook handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
	m, err := parseMetadata(hook.HTTPRequest.Header.Get("Upload-Metadata"))
	if err != nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, handler.NewError("ERR_METADATA", err.Error(), http.StatusBadRequest)
	}
	take := exam.Take{ID: i.opts.NewID(), UploadID: i.opts.NewID(), AttemptID: m.AttemptID, Kind: m.Kind, Name: m.Name,
		StartedAt: m.StartedAt, Size: hook.Upload.Size, State: exam.Uploading, CreatedAt: i.opts.Now()}
	if hook.Upload.SizeIsDeferred {
		take.Size = -1
	}
	if err := i.opts.Store.CreateTake(hook.Context, take); err != nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, fmt.Errorf("note the take: %w", err)
	}
	if made, ok := hook.Context.Value(madeKey{}).(*exam.Take); ok {
		*made = take
	}
	hook.Upload.ID = take.UploadID
	if info, err := json.Marshal(hook.Upload); err == nil {
		// Until the first request has ended, this is what a damaged file would be rebuilt from.
		_ = i.opts.Store.SaveUploadInfo(hook.Context, take.UploadID, info)
	}
	i.opts.Notifier.AttemptChanged(take.AttemptID)
	return handler.HTTPResponse{}, handler.FileInfoChanges{ID: take.UploadID}, nil
}

// finishing runs before the sender hears that the upload is complete: what it hears must be true after a power cut.
func (i *Ingest) finishing(hook handler.HookEvent) (handler.HTTPResponse, error) {
	ctx := detached(hook.Context)
	take, err := i.opts.Store.TakeByUpload(ctx, hook.Upload.ID)
	if err != nil {
		return handler.HTTPResponse{}, fmt.Errorf("the upload's take: %w", err)
	}
	return handler.HTTPResponse{}, i.received(ctx, take, hook.Upload.Size)
}

// received makes an upload's bytes safe and its take known as received. It may be called again.
func (i *Ingest) received(ctx context.Context, take exam.Take, size int64) error {
	for _, path := range []string{i.dataPath(take.UploadID), i.infoPath(take.UploadID), i.opts.Folder} {
		if err := syncPath(path); err != nil {
			return fmt.Errorf("make the upload safe: %w", err)
		}
	}
	if err := i.opts.Store.MarkReceived(ctx, take.ID, size, i.opts.Now()); err != nil {
		return fmt.Errorf("note that the take was received: %w", err)
	}
	i.opts.Notifier.AttemptChanged(take.AttemptID)
	i.opts.Waker.Wake(take.AttemptID)
	return nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// terminated gives the take up whose upload its sender has ended, if its file is gone.
func (i *Ingest) terminated(ctx context.Context, take exam.Take) {
	if info, err := os.Stat(i.dataPath(take.UploadID)); err == nil && info.Size() > 0 {
		return
	}
	if err := i.discard(detached(ctx), take); err != nil {
		i.log.Error("an ended upload could not be noted", "take", take.ID, "error", err)
	}
}

func (i *Ingest) discard(ctx context.Context, take exam.Take) error {
	if err := i.opts.Store.ChangeTakeState(ctx, take.ID, exam.Discarded); err != nil {
		return err
	}
	i.opts.Notifier.AttemptChanged(take.AttemptID)
	return i.opts.Store.DeleteUploadInfo(ctx, take.UploadID)
}

// mirrorInfo copies an upload's info file into the database. tusd rewrites that file in place, so that a power cut can leave it
// empty.
func (i *Ingest) mirrorInfo(ctx context.Context, id string) error {
	info, err := os.ReadFile(i.infoPath(id))
	if err != nil {
		return err
	}
	if !json.Valid(info) {
		return errors.New("it is not JSON")
	}
	return i.opts.Store.SaveUploadInfo(ctx, id, info)
}

// mendInfo rebuilds an upload's info file from the database where it cannot be read.
func (i *Ingest) mendInfo(ctx context.Context, id string) error {
	onDisk, err := os.ReadFile(i.infoPath(id))
	if err == nil {
		var info handler.FileInfo
		if json.Unmarshal(onDisk, &info) == nil && info.ID == id {
			return nil
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(i.dataPath(id)); errors.Is(err, os.ErrNotExist) {
		return nil // there is no upload; tusd says so
	}
	saved, err := i.opts.Store.UploadInfo(ctx, id)
	if err != nil {
		return fmt.Errorf("rebuild the info file: %w", err)
	}
	var info handler.FileInfo
	if err := json.Unmarshal(saved, &info); err != nil {
		return fmt.Errorf("rebuild the info file: %w", err)
	}
	info.Storage = map[string]string{"Type": "filestore", "Path": i.dataPath(id), "InfoPath": i.infoPath(id)}
	rebuilt, err := json.Marshal(info)
	if err != nil {
		return err
	}
	temporary := i.infoPath(id) + ".new"
	if err := os.WriteFile(temporary, rebuilt, 0o640); err != nil {
		return err
	}
	i.log.Warn("an upload's damaged info file was rebuilt", "upload", id)
	return os.Rename(temporary, i.infoPath(id))
}

func (i *Ingest) sizeOnDisk(id string) (int64, error) {
	info, err := os.Stat(i.dataPath(id))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Sweep compares disk and database: uploads that are complete although nobody was told (the process was killed at that moment)
// are received, and those that lay still for too long are given up.
func (i *Ingest) Sweep(ctx context.Context) error {
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
		if size := i.declaredSize(ctx, take); size >= 0 && stat.Size() == size {
			if err := i.mendInfo(ctx, take.UploadID); err != nil {
				return err
			}
			return i.received(ctx, take, size)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if i.opts.Now().Sub(touched) < i.opts.Expire {
		return nil
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

// freeSpace is how many bytes can still be written to a folder's disk.
func freeSpace(folder string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Clean(folder), &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// Remove deletes a discarded upload's files. A file that is gone already is no error.
func (i *Ingest) Remove(uploadID string) error {
	var errs []error
	for _, path := range []string{i.dataPath(uploadID), i.infoPath(uploadID)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
