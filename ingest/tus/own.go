package tus

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// createOwn makes a candidate's upload, whose name is the take's. Asked again by the same attempt it gives the same answer, whether the
// answer was lost, or the file between its row and the disk.
func (i *Ingest) createOwn(w http.ResponseWriter, r *http.Request, c *creation) {
	m := c.metadata
	a, release := i.accounts.use(m.AttemptID)
	defer release()
	if !i.inTurn(w, a) {
		return
	}
	// Two requests at once would both find no file, and the second one would empty what the first one's sender has begun to fill.
	defer i.creations.Lock(m.AttemptID)()
	take, err := i.opts.Store.TakeByUpload(r.Context(), m.Take)
	known := err == nil
	switch {
	case errors.Is(err, store.ErrNotFound):
		if !i.mayBegin(w, r, a, m.AttemptID) {
			return
		}
	case err != nil:
		i.notNow(w, r, "an upload's take could not be read", err)
		return
	case take.AttemptID != m.AttemptID || take.Kind != m.Kind:
		i.refuse(w, Forbidden, http.StatusForbidden, notYours)
		return
	default:
		answered, err := i.madeBefore(w, r, m, take)
		if err != nil {
			i.notNow(w, r, "an upload that was made before could not be found again", err)
			return
		}
		if answered {
			return
		}
	}
	if !i.admit(w, r, c) {
		return
	}
	c.known, c.made = known, take
	// Its bytes come by PATCH, where they are counted; bytes in a POST that is sent twice would not be.
	r.Header.Del("Content-Type")
	i.make(w, r, c)
}

// madeBefore answers a POST for a take that has a row. Where only its file is missing it does not, and has forgotten what was known of
// that file.
func (i *Ingest) madeBefore(w http.ResponseWriter, r *http.Request, m metadata, take exam.Take) (answered bool, err error) {
	there, err := i.fileThere(take.UploadID)
	if err != nil {
		return false, err
	}
	switch {
	case take.State == exam.Discarded, !there && take.State != exam.Uploading:
		// The take cannot begin again under this name: what was received of it was given up, or put away.
		i.refuse(w, NotFound, http.StatusGone, "this upload was ended; send the recording under a new name")
		return true, nil
	case !there:
		i.log.Warn("a take's file is gone and is made anew", "take", take.ID)
		i.syncer.renew(take.UploadID)
		if err := os.Remove(i.ChainPath(take.UploadID)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
		if err := i.opts.Store.ResetChain(r.Context(), take.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		return false, nil
	}
	if err := i.mendInfo(r.Context(), take); err != nil {
		return false, err
	}
	if err := i.opts.Store.BeginChain(r.Context(), take.AttemptID, take.ID, m.MIME, m.Replaces); err != nil {
		return false, err
	}
	w.Header().Set("Tus-Resumable", "1.0.0")
	w.Header().Set("Location", i.opts.BasePath+take.UploadID)
	w.WriteHeader(http.StatusCreated)
	return true, nil
}

// mayBegin holds a new take against the attempt's limits.
func (i *Ingest) mayBegin(w http.ResponseWriter, r *http.Request, a *account, attemptID string) bool {
	takes, err := i.opts.Store.Takes(r.Context(), attemptID)
	if err == nil {
		err = a.load(func() (int64, error) { return i.stored(r.Context(), attemptID) })
	}
	if err != nil {
		i.notNow(w, r, "what an attempt has could not be counted", err)
		return false
	}
	unfinished := 0
	for _, take := range takes {
		if take.State == exam.Uploading {
			unfinished++
		}
	}
	length, _ := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	switch left := a.left(i.opts.Limits.Quota); {
	case len(takes) >= i.opts.Limits.Takes:
		i.refuse(w, TooMany, http.StatusForbidden, fmt.Sprintf("this attempt has %d recordings: no more are taken", len(takes)))
	case unfinished >= i.opts.Limits.Unfinished:
		w.Header().Set("Retry-After", "10")
		i.refuse(w, TooMany, http.StatusTooManyRequests, fmt.Sprintf("%d uploads of this attempt are not whole: end some of them first", unfinished))
	case left <= 0 || length > left:
		i.refuse(w, OverQuota, http.StatusRequestEntityTooLarge, overAll)
	default:
		return true
	}
	return false
}

// mayAppendOwn checks what only a candidate's own session is held to.
func (i *Ingest) mayAppendOwn(w http.ResponseWriter, r *http.Request, a *account, take exam.Take, offset int64) bool {
	if !i.inTurn(w, a) {
		return false
	}
	// A PATCH that is sent again has the offset of its beginning and is told so by tusd.
	if take.State != exam.Uploading && r.ContentLength != 0 && offset == take.Size {
		i.refuse(w, Forbidden, http.StatusForbidden, "the recording was received whole; nothing can be added")
		return false
	}
	if err := a.load(func() (int64, error) { return i.stored(r.Context(), take.AttemptID) }); err != nil {
		i.notNow(w, r, "what an attempt has could not be counted", err)
		return false
	}
	if r.ContentLength > a.left(i.opts.Limits.Quota) {
		i.refuse(w, OverQuota, http.StatusRequestEntityTooLarge, overAll)
		return false
	}
	return true
}

// owned reports whether a take is one that a candidate's page sends: those bear the upload's name.
func owned(take exam.Take) bool { return take.ID == take.UploadID }
