package tus

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// ServeHTTP authorises a request, whatever its method, before tusd sees it.
func (i *Ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		refuse(w, http.StatusUnauthorized, ErrUnauthorized.Error())
		return
	}
	id := strings.Trim(strings.TrimPrefix(r.URL.Path, i.opts.BasePath), "/")
	switch {
	case id == "" && r.Method == http.MethodPost:
		i.create(w, r, grant)
	case id == "":
		refuse(w, http.StatusMethodNotAllowed, "uploads are created by POST")
	default:
		i.existing(w, r, grant, id)
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Tus-Resumable", "1.0.0")
	http.Error(w, text, status)
}

// create checks what an upload says of itself, and that there is room for it.
func (i *Ingest) create(w http.ResponseWriter, r *http.Request, grant Grant) {
	m, err := parseMetadata(r.Header.Get("Upload-Metadata"))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if !grant.Allows(m.AttemptID) {
		refuse(w, http.StatusForbidden, "this token is for another attempt")
		return
	}
	if _, err := i.opts.Store.Attempt(r.Context(), m.AttemptID); errors.Is(err, store.ErrNotFound) {
		refuse(w, http.StatusNotFound, "there is no such attempt")
		return
	} else if err != nil {
		i.notNow(w, r, "an upload's attempt could not be read", err)
		return
	}
	if length, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64); err == nil {
		if length == 0 {
			refuse(w, http.StatusBadRequest, "the file is empty; choose the recording again")
			return
		}
		if free, err := freeSpace(i.opts.Folder); err == nil && free-i.opts.Reserve < length {
			i.log.Error("no room for an upload", "length", length, "free", free, "reserve", i.opts.Reserve)
			refuse(w, http.StatusInsufficientStorage, noRoom)
			return
		}
	}
	// A length that is told late must not let more in than one that is told at once, here and in existing.
	r.Body = http.MaxBytesReader(w, r.Body, i.opts.MaxSize)
	made := new(exam.Take)
	i.serve(w, r.WithContext(context.WithValue(r.Context(), madeKey{}, made)))
	if made.ID == "" {
		return
	}
	// A take whose file could not be made (a full disk) would be waited for until it expires.
	if _, err := os.Stat(i.infoPath(made.UploadID)); errors.Is(err, os.ErrNotExist) {
		i.terminated(r.Context(), *made)
	}
}

// madeKey is where creating leaves the take that it made for a request.
type madeKey struct{}

// notNow answers where the fault is ours and may pass. Clients of tus take every refusal of HEAD but 423 for "this upload is gone"
// and begin again from nothing; that one they take for "try again".
func (i *Ingest) notNow(w http.ResponseWriter, r *http.Request, what string, err error) {
	i.log.Error(what, "error", err)
	status := http.StatusServiceUnavailable
	if r.Method == http.MethodHead {
		status = http.StatusLocked
	}
	refuse(w, status, "the server cannot look after uploads at the moment; nothing that was received is lost, try again")
}

const noRoom = "the server's disk is full; nothing that was received is lost, the upload goes on when there is room"

// existing lets only those touch an upload who may touch its attempt. To others it does not exist.
func (i *Ingest) existing(w http.ResponseWriter, r *http.Request, grant Grant, id string) {
	take, err := i.opts.Store.TakeByUpload(r.Context(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		i.notNow(w, r, "an upload's take could not be read", err)
		return
	}
	if err != nil || !grant.Allows(take.AttemptID) || take.State == exam.Discarded {
		refuse(w, http.StatusNotFound, "there is no such upload")
		return
	}
	switch r.Method {
	case http.MethodHead:
	case http.MethodPatch:
		if length, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64); err == nil && length > i.opts.MaxSize {
			refuse(w, http.StatusRequestEntityTooLarge, "the recording is larger than is accepted here")
			return
		}
		offset, _ := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
		r.Body = http.MaxBytesReader(w, r.Body, max(i.opts.MaxSize-offset, 0))
	case http.MethodDelete:
		if take.State != exam.Uploading {
			refuse(w, http.StatusForbidden, "the recording was received whole; it can only be put aside on the attempt's page")
			return
		}
	default:
		refuse(w, http.StatusMethodNotAllowed, "uploads know HEAD, PATCH and DELETE")
		return
	}
	if err := i.mendInfo(r.Context(), id); err != nil {
		i.notNow(w, r, "an upload's damaged info file could not be rebuilt", err)
		return
	}
	i.serve(w, r)
	i.settle(r, take)
}

// settle notes what a request has changed.
func (i *Ingest) settle(r *http.Request, take exam.Take) {
	ctx := r.Context()
	switch r.Method {
	case http.MethodDelete:
		i.terminated(ctx, take)
	case http.MethodPatch:
		if err := i.mirrorInfo(detached(ctx), take.UploadID); err != nil {
			i.log.Warn("an upload's info could not be mirrored", "upload", take.UploadID, "error", err)
		}
		if offset, err := i.sizeOnDisk(take.UploadID); err == nil {
			i.noteProgress(detached(ctx), take, offset)
		}
	}
}

func (i *Ingest) serve(w http.ResponseWriter, r *http.Request) {
	guarded := &errorGuard{ResponseWriter: w, ingest: i, request: r}
	i.routes.ServeHTTP(guarded, r)
	guarded.finish()
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

// errorGuard keeps what went wrong inside from being told outside: tusd's texts name files of the server.
type errorGuard struct {
	http.ResponseWriter
	ingest  *Ingest
	request *http.Request
	status  int
	body    bytes.Buffer // of an internal error
}

func (g *errorGuard) WriteHeader(status int) {
	g.status = status
	// tusd names the upload by scheme and host as it sees them; behind a proxy that speaks HTTPS it would be http://, which a browser
	// does not follow. A path is right everywhere.
	if at, err := url.Parse(g.Header().Get("Location")); err == nil && at.Path != "" {
		g.Header().Set("Location", at.Path)
	}
	if status < http.StatusInternalServerError {
		g.ResponseWriter.WriteHeader(status)
	}
}

func (g *errorGuard) Write(b []byte) (int, error) {
	if g.status < http.StatusInternalServerError {
		return g.ResponseWriter.Write(b)
	}
	return g.body.Write(b[:min(len(b), 4096)])
}

// Unwrap lets http.ResponseController reach the connection.
func (g *errorGuard) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func (g *errorGuard) finish() {
	if g.status < http.StatusInternalServerError {
		return
	}
	said := g.body.String()
	g.Header().Del("Content-Length")
	if strings.Contains(said, "no space left") || strings.Contains(said, "file too large") || strings.Contains(said, "quota exceeded") {
		g.ingest.log.Error("an upload found no room", "method", g.request.Method, "upload", path.Base(g.request.URL.Path))
		http.Error(g.ResponseWriter, noRoom, http.StatusInsufficientStorage)
		return
	}
	g.ingest.log.Error("an upload failed", "method", g.request.Method, "upload", path.Base(g.request.URL.Path), "error", said)
	http.Error(g.ResponseWriter, "something went wrong on the server; nothing that was received is lost, try again", g.status)
}
