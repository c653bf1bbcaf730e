package tus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// detached lets bookkeeping end although its request's connection is gone.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// creating makes the take's row before the file: a file without a row would be nobody's.
func (i *Ingest) creating(hook handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
	c, ok := hook.Context.Value(creationKey{}).(*creation)
	if !ok {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, errors.New("an upload is made that was not asked for")
	}
	var err error
	if !c.known {
		c.made, err = i.newTake(hook, c)
	}
	if errors.Is(err, store.ErrConflict) {
		err = handler.NewError("ERR_NOT_YOURS", notYours, http.StatusForbidden)
	}
	if err != nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, err
	}
	c.admitted()
	changes := handler.FileInfoChanges{ID: c.made.UploadID}
	if c.candidate {
		changes.MetaData = c.metadata.kept()
		hook.Upload.MetaData = changes.MetaData
	}
	hook.Upload.ID = c.made.UploadID
	if info, err := json.Marshal(hook.Upload); err == nil {
		// Until a request has told more, this is what a damaged file would be rebuilt from.
		_ = i.opts.Store.SaveUploadInfo(hook.Context, c.made.UploadID, info)
	}
	i.opts.Notifier.AttemptChanged(c.made.AttemptID)
	return handler.HTTPResponse{}, changes, nil
}

// newTake makes the row of an upload that is to be made.
func (i *Ingest) newTake(hook handler.HookEvent, c *creation) (exam.Take, error) {
	m := c.metadata
	take := exam.Take{ID: m.Take, UploadID: m.Take, AttemptID: m.AttemptID, Kind: m.Kind, Name: m.Name,
		StartedAt: m.StartedAt, Size: hook.Upload.Size, State: exam.Uploading, CreatedAt: i.opts.Now()}
	if hook.Upload.SizeIsDeferred {
		take.Size = -1
	}
	if c.candidate {
		// First, so that a take never is without what its chain is made with.
		if err := i.opts.Store.BeginChain(hook.Context, m.AttemptID, m.Take, m.MIME, m.Replaces); err != nil {
			return exam.Take{}, fmt.Errorf("note the take: %w", err)
		}
	} else {
		take.ID, take.UploadID = i.opts.NewID(), i.opts.NewID()
	}
	if err := i.opts.Store.CreateTake(hook.Context, take); err != nil {
		return exam.Take{}, fmt.Errorf("note the take: %w", err)
	}
	return take, nil
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
	stored, err := i.Sync(ctx, take.UploadID)
	if err != nil {
		return err
	}
	if stored != size {
		return fmt.Errorf("%d bytes of an upload are stored, not %d", stored, size)
	}
	if err := i.opts.Store.MarkReceived(ctx, take.ID, size, i.opts.Now()); err != nil {
		return fmt.Errorf("note that the take was received: %w", err)
	}
	i.progress.forget(take.ID)
	i.opts.Notifier.AttemptChanged(take.AttemptID)
	i.opts.Waker.Wake(take.AttemptID)
	return nil
}

// Settle makes a take received whose bytes are all here, although nobody was told: the process was killed at that moment. It gives the
// length of the upload; negative where that was not told.
func (i *Ingest) Settle(ctx context.Context, take exam.Take) (int64, error) {
	if take.State != exam.Uploading {
		return take.Size, nil
	}
	size := i.declaredSize(ctx, take)
	stored, err := i.sizeOnDisk(take.UploadID)
	if err != nil {
		return size, fmt.Errorf("look for an upload: %w", err)
	}
	if size < 0 || stored != size {
		return size, nil
	}
	if err := i.mendInfo(ctx, take); err != nil {
		return size, err
	}
	return size, i.received(ctx, take, size)
}

// ReceiveCut makes a take received that ends where its sender stopped, for one that does not come back: what is here is worth keeping.
// A take of which nothing is here stays as it is, and so does one that is received.
func (i *Ingest) ReceiveCut(ctx context.Context, take exam.Take) error {
	lock, err := i.locks.NewLock(take.UploadID)
	if err == nil {
		err = lock.Lock(ctx, func() {})
	}
	if err != nil {
		return fmt.Errorf("end upload %s: %w", take.UploadID, err)
	}
	defer func() { _ = lock.Unlock() }()
	stored, err := i.sizeOnDisk(take.UploadID)
	if errors.Is(err, os.ErrNotExist) || err == nil && stored == 0 || take.State != exam.Uploading {
		return nil
	}
	if err == nil {
		err = i.mendInfo(ctx, take)
	}
	if err == nil {
		err = i.changeInfo(take.UploadID, func(info *handler.FileInfo) { info.Size, info.SizeIsDeferred = stored, false })
	}
	if err == nil {
		err = i.mirrorInfo(ctx, take.UploadID)
	}
	if err == nil {
		err = i.received(ctx, take, stored)
	}
	if err != nil {
		return fmt.Errorf("end upload %s: %w", take.UploadID, err)
	}
	return nil
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
	i.progress.forget(take.ID)
	i.accounts.doubt(take.AttemptID)
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
func (i *Ingest) mendInfo(ctx context.Context, take exam.Take) error {
	id := take.UploadID
	onDisk, err := os.ReadFile(i.infoPath(id))
	if err == nil {
		var info handler.FileInfo
		if json.Unmarshal(onDisk, &info) == nil && info.ID == id {
			return nil
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if there, err := i.fileThere(id); err != nil || !there {
		return err // there is no upload; tusd says so
	}
	info := handler.FileInfo{ID: id, Size: max(take.Size, 0), SizeIsDeferred: take.Size < 0, MetaData: map[string]string{"attempt": take.AttemptID, "kind": string(take.Kind)}}
	saved, err := i.opts.Store.UploadInfo(ctx, id)
	if err == nil {
		err = json.Unmarshal(saved, &info)
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil // the row says the rest
	}
	if err != nil {
		return fmt.Errorf("rebuild the info file: %w", err)
	}
	i.log.Warn("an upload's damaged info file was rebuilt", "upload", id)
	return i.writeInfo(info)
}

// changeInfo changes what an upload's info file says.
func (i *Ingest) changeInfo(id string, change func(*handler.FileInfo)) error {
	data, err := os.ReadFile(i.infoPath(id))
	if err != nil {
		return err
	}
	var info handler.FileInfo
	if err := json.Unmarshal(data, &info); err != nil {
		return fmt.Errorf("read the info file: %w", err)
	}
	change(&info)
	return i.writeInfo(info)
}

// writeInfo puts a whole info file in place of the one that is there.
func (i *Ingest) writeInfo(info handler.FileInfo) error {
	info.Storage = map[string]string{"Type": "filestore", "Path": i.dataPath(info.ID), "InfoPath": i.infoPath(info.ID)}
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	temporary := i.infoPath(info.ID) + ".new"
	if err := os.WriteFile(temporary, text, 0o640); err != nil {
		return err
	}
	return os.Rename(temporary, i.infoPath(info.ID))
}

func (i *Ingest) sizeOnDisk(id string) (int64, error) {
	info, err := os.Stat(i.dataPath(id))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
