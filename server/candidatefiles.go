package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// Objects is where documents, photos and stills are kept.
type Objects interface {
	Put(ctx context.Context, key string, r io.Reader, size int64, sha256 string) error
	Open(ctx context.Context, key string) (archive.Object, error)
}

// document gives a candidate an attachment.
func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	session, _ := candidateOf(r.Context())
	i, err := s.opts.Interviews.Load(r.Context(), session.AttemptID)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	document, ok := i.Document(r.PathValue("id"))
	if !ok {
		s.writeError(w, r, newProblem(http.StatusNotFound, "the exam has no such attachment"))
		return
	}
	s.object(w, r, document.Key, document.MIME)
}

// object serves a file of the archive.
func (s *Server) object(w http.ResponseWriter, r *http.Request, key, mime string) {
	content, err := s.opts.Objects.Open(r.Context(), key)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	defer content.Close()
	if strings.HasPrefix(mime, "text/") && !strings.Contains(mime, "charset") {
		mime += "; charset=utf-8"
	}
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("ETag", `"`+content.Info().SHA256+`"`)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	// A document may be shown inside the candidate's page; whatever it holds, it runs nothing.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox")
	http.ServeContent(w, r, "", content.Info().ModTime, content)
}

// Bounds of a still.
const (
	largestStill       = 2 << 20
	largestStillPixels = 4096
)

// sides are the stills that a candidate's page takes.
var sides = []string{"login", "a4-front", "a4-back"}

// still keeps a picture that a candidate's page took.
func (s *Server) still(w http.ResponseWriter, r *http.Request) {
	if err := s.saveStill(r, http.MaxBytesReader(w, r.Body, largestStill)); err != nil {
		s.writeError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) saveStill(r *http.Request, picture io.Reader) error {
	ctx, side := r.Context(), r.PathValue("side")
	session, _ := candidateOf(ctx)
	if !slices.Contains(sides, side) {
		return newProblem(http.StatusNotFound, "there is no such still")
	}
	if err := s.mayReport("candidate "+session.AttemptID, stillCost); err != nil {
		return err
	}
	data, err := io.ReadAll(picture)
	if err != nil {
		return newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the picture could not be read, or has more than %d bytes", largestStill))
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width > largestStillPixels || size.Height > largestStillPixels {
		return newProblem(http.StatusUnprocessableEntity, fmt.Sprintf("it is not a JPEG of at most %d by %d", largestStillPixels, largestStillPixels))
	}
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	// Each content has a key of its own, so that what a log speaks of stays what it was.
	key := "attempts/" + session.AttemptID + "/stills/" + side + "-" + hash[:16] + ".jpg"
	if err := s.opts.Objects.Put(ctx, key, bytes.NewReader(data), int64(len(data)), hash); err != nil {
		return err
	}
	if err := s.opts.Store.SaveStill(ctx, store.Still{AttemptID: session.AttemptID, Side: side, Key: key, Size: int64(len(data)), SHA256: hash, CreatedAt: s.opts.Now()}); err != nil {
		return err
	}
	return s.opts.Interviews.Note(ctx, session.AttemptID, exam.Happening{Source: "candidate", Kind: exam.EventStill, Data: struct {
		Side   string `json:"side"`
		SHA256 string `json:"sha256"`
	}{side, hash}})
}

// largestProbe is how many bytes a measurement of the line may take at once.
const largestProbe = 4 << 20

// What an address may have measured at once, and per second after that. A whole examination room may be behind one address.
const (
	probeRate   = 1 << 20
	probeAtOnce = 512 << 20
)

// noise does not compress, so that a proxy between does not make a line look better than it is.
var noise = func() []byte {
	b := make([]byte, 64<<10)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}()

// probeDown sends as many bytes as are asked for.
func (s *Server) probeDown(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.URL.Query().Get("bytes"), 10, 64)
	if err != nil || n < 0 || n > largestProbe {
		s.writeError(w, r, newProblem(http.StatusBadRequest, fmt.Sprintf("bytes must be from 0 to %d", largestProbe)))
		return
	}
	if !s.probeAllowed(w, r, n) {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Cache-Control", noStore)
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	for n > 0 {
		part := noise[:min(n, int64(len(noise)))]
		if _, err := w.Write(part); err != nil {
			return
		}
		n -= int64(len(part))
	}
}

// probeUp takes bytes, and says how many came.
func (s *Server) probeUp(w http.ResponseWriter, r *http.Request) {
	if !s.probeAllowed(w, r, max(r.ContentLength, 0)) {
		return
	}
	n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, largestProbe))
	if err != nil {
		s.writeError(w, r, newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("at most %d bytes are taken", largestProbe)))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"bytes":%d}`, n)
}

// probeAllowed bounds what an address may make the server send and take for measuring, which needs no session.
func (s *Server) probeAllowed(w http.ResponseWriter, r *http.Request, bytes int64) bool {
	address, _ := r.Context().Value(addressKey).(string)
	if wait := s.probes.take(address, bytes+64<<10); wait > 0 {
		s.writeError(w, r, slowDown(wait, "too many measurements"))
		return false
	}
	return true
}
