// Package server is the HTTP side: the JSON API, sessions, events to the browser, media out of the archive. Errors become a
// status here and nowhere else (errors.go).
package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/store"
)

// Store is what the server needs of the database.
type Store interface {
	CreateExam(ctx context.Context, e exam.Exam) error
	Exam(ctx context.Context, id string) (exam.Exam, error)
	Exams(ctx context.Context) ([]exam.Exam, error)
	CreateAttempt(ctx context.Context, a exam.Attempt) error
	Attempt(ctx context.Context, id string) (exam.Attempt, error)
	Attempts(ctx context.Context, examID string) ([]exam.Attempt, error)
	Take(ctx context.Context, id string) (exam.Take, error)
	Takes(ctx context.Context, attemptID string) ([]exam.Take, error)
	ChangeTakeState(ctx context.Context, takeID string, to exam.TakeState) error
	Stages(ctx context.Context, attemptID string) ([]exam.Stage, error)
	ResetStage(ctx context.Context, key exam.StageKey) error
	Object(ctx context.Context, attemptID, name string) (store.Object, error)

	CreateStaff(ctx context.Context, m store.Staff) error
	StaffByName(ctx context.Context, name string) (store.Staff, error)
	StaffCount(ctx context.Context) (int, error)
	CreateSession(ctx context.Context, session store.Session) error
	SessionStaff(ctx context.Context, tokenHash string, now time.Time) (store.Staff, error)
	DeleteSession(ctx context.Context, tokenHash string) error
	CreateUploadToken(ctx context.Context, t store.UploadToken) error
	UploadToken(ctx context.Context, tokenHash string, now time.Time) (store.UploadToken, error)

	AttemptOf(ctx context.Context, examID, ticket string) (exam.Attempt, error)
	Candidate(ctx context.Context, examID, ticket string) (exam.Candidate, error)
	Candidates(ctx context.Context, examID string) ([]exam.Candidate, error)
	QuestionItems(ctx context.Context, examID string) ([]exam.Item, error)
	Events(ctx context.Context, attemptID string, n int64) ([]exam.Event, error)
	OpenCandidateSession(ctx context.Context, c store.CandidateSession) error
	CandidateSession(ctx context.Context, tokenHash string, now time.Time) (store.CandidateSession, error)
	CandidateSessionOf(ctx context.Context, attemptID string, now time.Time) (store.CandidateSession, error)
	CloseCandidateSession(ctx context.Context, attemptID string) error
	SaveStill(ctx context.Context, still store.Still) error
	Stills(ctx context.Context, attemptID string) ([]store.Still, error)
	Chains(ctx context.Context, attemptID string) ([]store.Chain, error)
	EnsurePhoneCode(ctx context.Context, offered store.PhoneCode, now time.Time) (store.PhoneCode, error)
	PhoneCodeOf(ctx context.Context, attemptID string, now time.Time) (store.PhoneCode, error)
	PhoneCode(ctx context.Context, code string, now time.Time) (store.PhoneCode, error)
	PhoneSession(ctx context.Context, tokenHash string, now time.Time) (store.PhoneSession, error)
	DeletePhoneSession(ctx context.Context, tokenHash string) error
	SavePhoneStatus(ctx context.Context, p store.PhoneStatus) error
	PhoneStatus(ctx context.Context, attemptID string) (store.PhoneStatus, error)
}

// Media opens archived files of an attempt by name.
type Media interface {
	// Open gives the file's content and what is recorded of it. The error wraps store.ErrNotFound where there is none.
	Open(ctx context.Context, attemptID, name string) (io.ReadSeekCloser, store.Object, error)
	// Timeline gives the attempt's timeline.json.
	Timeline(ctx context.Context, attemptID string) (json.RawMessage, error)
}

// TakeHandlers take in chains of takes and give receipts: docs/interview.md, "Sending" and "Receipt". Patterns of the first two have
// {take}; whose request it is they ask CandidateGrant, and below /api/phone/ PhoneGrant.
type TakeHandlers struct{ PutChain, GetReceipt, List http.Handler }

// Options configure a Server.
type Options struct {
	Store Store
	Media Media
	// Interviews applies the rules of interviews; Objects keeps their documents and pictures.
	Interviews interview.Service
	Objects    Objects
	Previews   Previews     // of phones
	Uploads    http.Handler // mounted at /files/
	// Takes answers what candidates\' pages ask about their takes.
	Takes TakeHandlers
	// RemoveUpload deletes the files of an upload that staff have given up.
	RemoveUpload func(uploadID string) error
	Pages        http.Handler // everything that is not the API's
	Wake         func(attemptID string)
	Hub          *Hub
	Log          *slog.Logger
	Now          func() time.Time
	NewID        func() string
	BeatEvery    time.Duration // between signs of life in streams; 15 s if 0
	// TrustedProxies are those whose X-Forwarded-For is believed; none if empty.
	TrustedProxies []netip.Prefix
	Secure         bool   // served by TLS, here or by a proxy: cookies are for HTTPS only
	Version        string // shown in the API's description
}

// Server answers requests.
type Server struct {
	opts     Options
	handler  http.Handler
	logins   *loginGuard
	sessions *Hub // told of sessions that end, by the hash of their token
	sending  uploadSessions
	probes   *budgets // bytes of measurements
	reports  *budgets // what one attempt sends besides its recordings
	phones   phoneSide
	ending   chan struct{} // closed by Close: streams end
}

// sessionLength is how long a login lasts.
const sessionLength = 12 * time.Hour

// New makes the server. It listens to nothing by itself.
func New(opts Options) *Server {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.BeatEvery == 0 {
		opts.BeatEvery = beatEvery
	}
	s := &Server{opts: opts, logins: newLoginGuard(opts.Now), sessions: NewHub(), probes: newBudgets(probeRate, probeAtOnce, opts.Now), reports: newBudgets(reportRate, reportsAtOnce, opts.Now), phones: newPhoneSide(opts.Now), ending: make(chan struct{})}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Trivue", opts.Version)
	config.Info.Description = "Online interviews: exams, attempts, uploads, synchronised playback. Recordings are uploaded by tus 1.0 at /files/."
	config.DocsPath = ""
	config.CreateHooks = nil // no $schema member in answers
	api := humago.New(mux, config)
	huma.NewError = newProblem
	s.registerSession(api)
	s.registerExams(api)
	s.registerAttempts(api)
	s.registerSupport(api)
	s.registerCandidate(api)
	s.registerCandidates(api)
	s.registerPhone(api)
	describe(api.OpenAPI())

	mux.HandleFunc("GET /api/attempts/{id}/events", s.events)
	mux.HandleFunc("GET /media/{attempt}/{file}", s.media)
	mux.HandleFunc("GET /api/attempts/{id}/pictures/{side}", s.picture)
	mux.HandleFunc("GET /api/exams/{id}/events", s.examEvents)
	mux.HandleFunc("GET /api/candidate/live", s.live)
	mux.HandleFunc("GET /api/candidate/attachments/{id}", s.document)
	mux.HandleFunc("PUT /api/candidate/stills/{side}", s.still)
	mux.HandleFunc("GET /api/candidate/probe", s.probeDown)
	mux.Handle("PUT /api/candidate/takes/{take}/chain", opts.Takes.PutChain)
	mux.Handle("GET /api/candidate/takes/{take}/receipt", opts.Takes.GetReceipt)
	mux.Handle("GET /api/candidate/takes", opts.Takes.List)
	mux.HandleFunc("POST /api/candidate/probe", s.probeUp)
	mux.HandleFunc("GET /api/candidate/phone/still", s.ownPreview)
	mux.HandleFunc("GET /api/phone/live", s.phoneLive)
	mux.HandleFunc("PUT /api/phone/still", s.phoneStill)
	mux.Handle("PUT /api/phone/takes/{take}/chain", opts.Takes.PutChain)
	mux.Handle("GET /api/phone/takes/{take}/receipt", opts.Takes.GetReceipt)
	mux.Handle("GET /api/phone/takes", opts.Takes.List)
	mux.Handle("/files/", opts.Uploads)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, http.StatusNotFound, "not-found", "there is no such resource")
	})
	mux.Handle("/", opts.Pages)

	protection := http.NewCrossOriginProtection()
	s.handler = s.observed(protection.Handler(s.authorized(mux)))
	return s
}

// Handler gives the handler of everything that people and programs ask for.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends the streams of events, so that an orderly shutdown need not wait for browsers to leave.
func (s *Server) Close() {
	select {
	case <-s.ending:
	default:
		close(s.ending)
	}
}

// notFound reports whether an error means that something does not exist.
func notFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
