package takes

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"syscall"

	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/tus"
)

// recordsAtOnce is how many records a PUT may have; the capture page sends 2000.
const recordsAtOnce = 10_000

// Handlers answer the requests of a candidate's page. Patterns of the first two have {take}.
type Handlers struct {
	PutChain   http.HandlerFunc // PUT /api/candidate/takes/{take}/chain?from=<n>
	GetReceipt http.HandlerFunc // GET /api/candidate/takes/{take}/receipt
	List       http.HandlerFunc // GET /api/candidate/takes
}

// Handlers makes them. Authorize says whose request it is; its errors wrap tus.ErrUnauthorized where that is nobody's.
func (s *Service) Handlers(authorize func(*http.Request) (tus.Grant, error)) Handlers {
	guarded := func(answer func(w http.ResponseWriter, r *http.Request, grant tus.Grant) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			grant, err := authorize(r)
			if err == nil {
				err = answer(w, r, grant)
			}
			if err != nil {
				s.fail(w, r, err)
			}
		}
	}
	return Handlers{PutChain: guarded(s.servePut), GetReceipt: guarded(s.serveReceipt), List: guarded(s.serveList)}
}

func (s *Service) servePut(w http.ResponseWriter, r *http.Request, grant tus.Grant) error {
	from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	if err != nil {
		return errFrom
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, recordsAtOnce*chain.RecordSize))
	if err != nil {
		return err
	}
	safe, err := s.PutChain(r.Context(), grant, r.PathValue("take"), from, raw)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, safe)
	return nil
}

func (s *Service) serveReceipt(w http.ResponseWriter, r *http.Request, grant tus.Grant) error {
	said, err := s.Receipt(r.Context(), grant, r.PathValue("take"))
	switch {
	case err != nil:
		return err
	case said.Missing != nil:
		answer(w, http.StatusAccepted, map[string]any{"missing": said.Missing})
	case said.Damage != nil:
		answer(w, http.StatusConflict, said.Damage)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, said.Note)
	}
	return nil
}

func (s *Service) serveList(w http.ResponseWriter, r *http.Request, grant tus.Grant) error {
	if grant.AttemptID == "" {
		return ErrNotFound
	}
	list, err := s.List(r.Context(), grant.AttemptID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(t Take) bool { return !grant.AllowsKind(t.Kind) })
	answer(w, http.StatusOK, map[string][]Take{"takes": list})
	return nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

var errFrom = errors.New("say from which record on: ?from=0")

// fail gives an error its status, once for all requests.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	type refusal struct {
		Code   string `json:"code"`
		Chunks *int64 `json:"chunks,omitempty"`
		Chunk  *int64 `json:"chunk,omitempty"`
		Text   string `json:"text,omitempty"`
	}
	var gap *Gap
	var differs *Differs
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &gap):
		answer(w, http.StatusConflict, refusal{Code: "gap", Chunks: &gap.Chunks})
	case errors.As(err, &differs):
		answer(w, http.StatusConflict, refusal{Code: "differs", Chunk: &differs.Chunk})
	case errors.Is(err, ErrNotFound):
		answer(w, http.StatusNotFound, refusal{Code: "not-found", Text: ErrNotFound.Error()})
	case errors.Is(err, tus.ErrUnauthorized):
		answer(w, http.StatusUnauthorized, refusal{Code: "unauthorized", Text: "sign in again"})
	case errors.Is(err, chain.ErrMalformed), errors.Is(err, errFrom):
		answer(w, http.StatusBadRequest, refusal{Code: "malformed", Text: err.Error()})
	case errors.As(err, &long):
		answer(w, http.StatusRequestEntityTooLarge, refusal{Code: "too-long", Text: "send fewer records at once"})
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		s.log.Error("no room for a chain", "take", r.PathValue("take"), "error", err)
		answer(w, http.StatusInsufficientStorage, refusal{Code: "no-room", Text: "the server's disk is full; nothing that was received is lost"})
	default:
		if r.Context().Err() == nil { // else nobody is there to hear it
			s.log.Error("a take could not be answered for", "take", r.PathValue("take"), "error", err)
		}
		answer(w, http.StatusServiceUnavailable, refusal{Code: "not-now", Text: "something went wrong on the server; nothing that was received is lost, try again"})
	}
}
