package tus

import (
	"bytes"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
)

// Reason says why a request was refused, for metrics.
type Reason string

// Reasons.
const (
	Unauthorized Reason = "unauthorized" // no valid credentials
	Forbidden    Reason = "forbidden"    // another attempt's, or not the sender's to do
	NotFound     Reason = "not-found"
	BadRequest   Reason = "bad-request"
	TooLarge     Reason = "too-large" // one upload
	OverQuota    Reason = "quota"     // all uploads of an attempt together
	TooMany      Reason = "too-many"  // uploads of an attempt
	TooFast      Reason = "too-fast"  // requests of an attempt
	NoRoom       Reason = "no-room"   // on the disk
	Stopping     Reason = "stopping"  // the server is being ended
	Fault        Reason = "fault"     // of the server
)

// Observation is something that happened, for metrics: bytes that came in, or a refusal.
type Observation struct {
	Bytes   int64
	Refused Reason // empty where nothing was
}

func (i *Ingest) refused(why Reason) { i.opts.Observe(Observation{Refused: why}) }

// Texts for senders that more than one place says.
const (
	noRoom   = "the server's disk is full; nothing that was received is lost, the upload goes on when there is room"
	stopping = "the server is being restarted; nothing that was received is lost, try again"
	tooLarge = "the recording is larger than is accepted here"
	overAll  = "the recordings of this attempt are larger together than is accepted here"
	// notYours is said of a take that another attempt has as well as of another attempt: neither says that there is one.
	notYours = "this session cannot make that upload"
)

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Tus-Resumable", "1.0.0")
	http.Error(w, text, status)
}

func (i *Ingest) refuse(w http.ResponseWriter, why Reason, status int, text string) {
	i.refused(why)
	refuse(w, status, text)
}

// notNow answers where the fault is ours and may pass. Clients of tus take every refusal of HEAD but 423 for "this upload is gone"
// and begin again from nothing; that one they take for "try again".
func (i *Ingest) notNow(w http.ResponseWriter, r *http.Request, what string, err error) {
	i.log.Error(what, "error", err)
	i.refuse(w, Fault, unavailable(r), "the server cannot look after uploads at the moment; nothing that was received is lost, try again")
}

func unavailable(r *http.Request) int {
	if r.Method == http.MethodHead {
		return http.StatusLocked
	}
	return http.StatusServiceUnavailable
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

// finish answers where tusd failed.
func (g *errorGuard) finish() {
	if g.status < http.StatusInternalServerError {
		if reason, ok := tusdRefusals[g.status]; ok {
			g.ingest.refused(reason)
		}
		return
	}
	said := g.body.String()
	g.Header().Del("Content-Length")
	name := path.Base(g.request.URL.Path)
	switch {
	case g.status == http.StatusInsufficientStorage, strings.Contains(said, "no space left"), strings.Contains(said, "file too large"), strings.Contains(said, "quota exceeded"):
		g.ingest.log.Error("an upload found no room", "method", g.request.Method, "upload", name)
		g.ingest.refused(NoRoom)
		http.Error(g.ResponseWriter, noRoom, http.StatusInsufficientStorage)
	case strings.Contains(said, handler.ErrServerShutdown.ErrorCode):
		g.ingest.refused(Stopping)
		// net/http reads on before it answers, in the hope of using the connection again; nobody waits for that now.
		_ = http.NewResponseController(g.ResponseWriter).SetReadDeadline(time.Now())
		g.Header().Set("Connection", "close")
		http.Error(g.ResponseWriter, stopping, http.StatusServiceUnavailable)
	default:
		g.ingest.log.Error("an upload failed", "method", g.request.Method, "upload", name, "error", said)
		g.ingest.refused(Fault)
		http.Error(g.ResponseWriter, "something went wrong on the server; nothing that was received is lost, try again", g.status)
	}
}

// tusdRefusals are answers of tusd that metrics tell apart. A wrong offset is none: it is how a sender finds its place again.
var tusdRefusals = map[int]Reason{
	http.StatusBadRequest: BadRequest, http.StatusForbidden: Forbidden, http.StatusNotFound: NotFound, http.StatusRequestEntityTooLarge: TooLarge,
}
