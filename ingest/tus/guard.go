package tus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// ServeHTTP authorises a request, whatever its method, before tusd sees it.
func (i *Ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	leave, ok := i.running.enter(w)
	if !ok {
		i.refuse(w, Stopping, unavailable(r), stopping)
		return
	}
	defer leave()
	// What a proxy may have added is not the sender's to say; URLs are given relative to BasePath anyway.
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "X-Http-Method-Override" {
			r.Header.Del(name)
		}
	}
	if r.Method == http.MethodOptions {
		i.serve(w, r)
		return
	}
	grant, err := i.opts.Authorize(r)
	if err != nil {
		if !errors.Is(err, ErrUnauthorized) {
			i.notNow(w, r, "an upload's sender could not be checked", err)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="uploads"`)
		i.refuse(w, Unauthorized, http.StatusUnauthorized, ErrUnauthorized.Error())
		return
	}
	id := strings.Trim(strings.TrimPrefix(r.URL.Path, i.opts.BasePath), "/")
	switch {
	case id == "" && r.Method == http.MethodPost:
		i.create(w, r, grant)
	case id == "":
		i.refuse(w, BadRequest, http.StatusMethodNotAllowed, "uploads are created by POST")
	default:
		i.existing(w, r, grant, id)
	}
}

// creation is what a POST has been found to ask for. It goes to tusd's hook with the request.
type creation struct {
	metadata  metadata
	candidate bool
	known     bool      // the take has a row; only its file is to be made
	made      exam.Take // what the hook made
	admitted  func()    // ends the turn in which room was looked for; may be called twice
}

type creationKey struct{}

// create checks what an upload says of itself, and that there is room for it.
func (i *Ingest) create(w http.ResponseWriter, r *http.Request, grant Grant) {
	m, err := parseMetadata(r.Header.Get("Upload-Metadata"))
	if err == nil && grant.Candidate {
		err = m.ofCandidate()
	}
	if err != nil {
		i.refuse(w, BadRequest, http.StatusBadRequest, err.Error())
		return
	}
	if !grant.Allows(m.AttemptID) {
		text := "this token is for another attempt"
		if grant.Candidate {
			text = notYours
		}
		i.refuse(w, Forbidden, http.StatusForbidden, text)
		return
	}
	if !grant.AllowsKind(m.Kind) {
		i.refuse(w, Forbidden, http.StatusForbidden, fmt.Sprintf("a recording of the %s is not this device's to send", m.Kind))
		return
	}
	if _, err := i.opts.Store.Attempt(r.Context(), m.AttemptID); errors.Is(err, store.ErrNotFound) {
		i.refuse(w, NotFound, http.StatusNotFound, "there is no such attempt")
		return
	} else if err != nil {
		i.notNow(w, r, "an upload's attempt could not be read", err)
		return
	}
	c := &creation{metadata: m, candidate: grant.Candidate, admitted: func() {}}
	if grant.Candidate {
		i.createOwn(w, r, c)
		return
	}
	if i.admit(w, r, c) {
		i.make(w, r, c)
	}
}

// admit refuses an upload for which there is no room. Where it does not, one upload after the other is let in until creation.admitted is
// called: two must not both be promised the same room.
func (i *Ingest) admit(w http.ResponseWriter, r *http.Request, c *creation) bool {
	length, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	switch {
	case err != nil:
		length = -1 // not known, or nothing that tusd takes
	case length == 0:
		i.refuse(w, BadRequest, http.StatusBadRequest, "the file is empty; choose the recording again")
		return false
	case length > 0:
		c.admitted = i.admissions()
	}
	room, err := i.hasRoom(r.Context(), length)
	if err == nil && room {
		return true
	}
	c.admitted()
	if err != nil {
		i.notNow(w, r, "room for an upload could not be looked for", err)
		return false
	}
	i.log.Error("no room for an upload", "length", length, "reserve", i.opts.Reserve)
	i.refuse(w, NoRoom, http.StatusInsufficientStorage, noRoom)
	return false
}

// make has tusd make an upload's files, and its hook the row.
func (i *Ingest) make(w http.ResponseWriter, r *http.Request, c *creation) {
	defer c.admitted()
	// A length that is told late must not let more in than one that is told at once, here and in existing.
	i.limit(w, r, func() exam.Take { return c.made }, 0, nil)
	i.serve(w, r.WithContext(context.WithValue(r.Context(), creationKey{}, c)))
	if c.made.ID == "" || c.candidate {
		return // a candidate's page asks again until the file is there
	}
	// A take whose file could not be made (a full disk) would be waited for until it expires.
	if _, err := os.Stat(i.infoPath(c.made.UploadID)); errors.Is(err, os.ErrNotExist) {
		i.terminated(r.Context(), c.made)
	}
}

// existing lets only those touch an upload who may touch its attempt. To others it does not exist.
func (i *Ingest) existing(w http.ResponseWriter, r *http.Request, grant Grant, id string) {
	take, err := i.opts.Store.TakeByUpload(r.Context(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		i.notNow(w, r, "an upload's take could not be read", err)
		return
	}
	if err != nil || !grant.Allows(take.AttemptID) || !grant.AllowsKind(take.Kind) || take.State == exam.Discarded {
		i.refuse(w, NotFound, http.StatusNotFound, "there is no such upload")
		return
	}
	switch r.Method {
	case http.MethodHead:
	case http.MethodPatch:
		release, ok := i.mayAppend(w, r, grant, take)
		defer release()
		if !ok {
			return
		}
	case http.MethodDelete:
		if grant.Candidate {
			i.refuse(w, Forbidden, http.StatusForbidden, "what was recorded stays")
			return
		}
		if take.State != exam.Uploading {
			i.refuse(w, Forbidden, http.StatusForbidden, "the recording was received whole; it can only be put aside on the attempt's page")
			return
		}
	default:
		i.refuse(w, BadRequest, http.StatusMethodNotAllowed, "uploads know HEAD, PATCH and DELETE")
		return
	}
	if err := i.mendInfo(r.Context(), take); err != nil {
		i.notNow(w, r, "an upload's damaged info file could not be rebuilt", err)
		return
	}
	if status := i.serve(w, r); owned(take) && status >= http.StatusBadRequest {
		i.accounts.doubt(take.AttemptID)
	}
	i.settle(r, take)
}

// mayAppend checks a PATCH before its body is read, and puts the body under watch. Release is to be called when it has ended.
func (i *Ingest) mayAppend(w http.ResponseWriter, r *http.Request, grant Grant, take exam.Take) (release func(), ok bool) {
	offset, _ := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	var a *account
	release = func() {}
	if grant.Candidate {
		if a, release = i.accounts.use(take.AttemptID); !i.mayAppendOwn(w, r, a, take, offset) {
			return release, false
		}
	}
	if said := r.Header.Get("Upload-Length"); said != "" {
		length, err := strconv.ParseInt(said, 10, 64)
		switch {
		case err != nil: // tusd refuses it
		case length > i.opts.MaxSize:
			i.refuse(w, TooLarge, http.StatusRequestEntityTooLarge, tooLarge)
			return release, false
		case length == 0:
			i.refuse(w, BadRequest, http.StatusBadRequest, "the file is empty; choose the recording again")
			return release, false
		case a != nil && length-offset > a.left(i.opts.Limits.Quota):
			i.refuse(w, OverQuota, http.StatusRequestEntityTooLarge, overAll)
			return release, false
		case length == i.declaredSize(r.Context(), take):
			// tusd refuses a length that it knows, for ever; a sender whose answer was lost tells it again.
			r.Header.Del("Upload-Length")
		}
	}
	i.limit(w, r, func() exam.Take { return take }, offset, a)
	return release, true
}

// settle notes what a request has changed.
func (i *Ingest) settle(r *http.Request, take exam.Take) {
	ctx := detached(r.Context())
	switch r.Method {
	case http.MethodDelete:
		i.terminated(ctx, take)
	case http.MethodPatch:
		if r.Header.Get("Upload-Length") == "" {
			return // nothing in the info file has changed
		}
		if err := i.mirrorInfo(ctx, take.UploadID); err != nil {
			i.log.Warn("an upload's info could not be mirrored", "upload", take.UploadID, "error", err)
		}
	}
}

// serve has tusd answer, and gives the status.
func (i *Ingest) serve(w http.ResponseWriter, r *http.Request) int {
	guarded := &errorGuard{ResponseWriter: w, ingest: i, request: r}
	i.routes.ServeHTTP(guarded, r)
	guarded.finish()
	return guarded.status
}

// route calls tusd's handler for the method; its own router looks at the path, which has been done.
func (i *Ingest) route(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		i.tusd.PostFile(w, r)
	case http.MethodHead:
		i.tusd.HeadFile(w, r)
	case http.MethodPatch:
		i.tusd.PatchFile(w, r)
	case http.MethodDelete:
		i.tusd.DelFile(w, r)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// fileThere reports whether an upload's data is on the disk.
func (i *Ingest) fileThere(id string) (bool, error) {
	_, err := os.Stat(i.dataPath(id))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an upload: %w", err)
	}
	return true, nil
}
