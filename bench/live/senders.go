package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/store"
)

const (
	every      = 2 * time.Second
	appendSize = 1_500_000 / 8 * 2 // bytes of 1.5 Mbit/s in that time
	mime       = "video/webm;codecs=vp9,opus"
	kind       = "camera"
)

// figures are what one load gave.
type figures struct {
	patch, safe []time.Duration
	late        int // appends that began more than half a period after they were due
	failed      error
	cpu         time.Duration
	took        time.Duration
}

// holds reports whether the load was carried: nothing failed, what was measured took no longer than the limit, and the appends were in
// time.
func (f figures) holds(measured []time.Duration, limit time.Duration) bool {
	return f.failed == nil && len(measured) > 0 && quantile(measured, 0.99) <= limit && f.late == 0
}

func (f figures) row(server string, uploads int) string {
	ms := func(d []time.Duration, q float64) string {
		if len(d) == 0 {
			return "–"
		}
		return fmt.Sprintf("%.1f", float64(quantile(d, q).Microseconds())/1000)
	}
	row := fmt.Sprintf("| %s | %d | %s | %s | %s | %s | %.0f %% | %d |", server, uploads, ms(f.patch, 0.5), ms(f.patch, 0.99), ms(f.safe, 0.5), ms(f.safe, 0.99), 100*f.cpu.Seconds()/f.took.Seconds(), f.late)
	if f.failed != nil {
		row += " " + f.failed.Error()
	}
	return row
}

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

// one measures a server under a load.
func one(ctx context.Context, serverKind, dir string, uploads int, length time.Duration) (figures, error) {
	s, err := startServer(ctx, serverKind, dir)
	if err != nil {
		return figures{}, err
	}
	senders := make([]*sender, uploads)
	for n := range senders {
		senders[n] = &sender{server: s.address, n: n, own: serverKind == "trivue"}
	}
	if serverKind == "trivue" {
		if err := enrol(ctx, dir, senders); err != nil {
			return figures{}, err
		}
	}
	for _, each := range senders {
		if err := each.begin(ctx); err != nil {
			return figures{}, err
		}
	}
	spent, err := s.cpu()
	if err != nil {
		return figures{}, err
	}
	began := time.Now()
	var wait sync.WaitGroup
	for _, each := range senders {
		wait.Go(func() { each.send(ctx, began, length) })
	}
	wait.Wait()
	all := figures{took: time.Since(began)}
	for _, each := range senders {
		all.patch, all.safe, all.late = append(all.patch, each.patch...), append(all.safe, each.safe...), all.late+each.late
		if all.failed == nil {
			all.failed = each.failed
		}
	}
	after, err := s.cpu()
	all.cpu = after - spent
	return all, errors.Join(err, s.stop())
}

// enrol puts as many candidates into a rehearsal as there are senders, and signs them in.
func enrol(ctx context.Context, dir string, senders []*sender) error {
	db, err := store.Open(ctx, "sqlite:"+dir+"/trivue.db")
	if err != nil {
		return err
	}
	defer db.Close()
	content := store.ExamContent{Exam: exam.Exam{ID: "load", Title: "Load", Rehearsal: true, Policy: exam.DefaultPolicy()}, Questions: []exam.Question{{ID: "q", Text: "?", Answer: time.Hour}}}
	for n := range senders {
		content.Candidates = append(content.Candidates, exam.Candidate{ExamID: "load", Ticket: fmt.Sprint(n), Name: "Load", IDTail: "0000"})
	}
	if _, err := db.ImportExam(ctx, content, store.Import{Now: time.Now(), NewID: uuid.NewString}); err != nil {
		return err
	}
	for n, each := range senders {
		a, err := db.AttemptOf(ctx, "load", fmt.Sprint(n))
		if err != nil {
			return err
		}
		answer, err := each.ask(ctx, http.MethodPost, "/api/candidate/login", strings.NewReader(fmt.Sprintf(`{"exam":"load","ticket":"%d","idTail":"0000"}`, n)), "Content-Type", "application/json")
		if err != nil {
			return err
		}
		answer.Body.Close()
		if len(answer.Cookies()) == 0 {
			return fmt.Errorf("candidate %d cannot sign in: %s", n, answer.Status)
		}
		each.attempt, each.cookie = a.ID, answer.Cookies()[0].Name+"="+answer.Cookies()[0].Value
	}
	return nil
}

// client keeps a connection for each sender.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100_000}}

// sender is one candidate's recording on its way.
type sender struct {
	server          string
	n               int
	own             bool // the server is ours: it gets the chain too
	attempt, cookie string
	path            string
	take            string
	state           chain.State

	patch, safe []time.Duration
	late        int
	failed      error
}

func (s *sender) ask(ctx context.Context, method, url string, body io.Reader, headers ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.server+url, body)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if s.cookie != "" {
		r.Header.Set("Cookie", s.cookie)
	}
	return client.Do(r)
}

func (s *sender) begin(ctx context.Context) error {
	s.take = strings.ReplaceAll(uuid.NewString(), "-", "")
	s.state = chain.Begin(s.take, kind, mime)
	var pairs []string
	for key, value := range map[string]string{"take": s.take, "attempt": s.attempt, "kind": kind, "mime": mime, "startedAt": time.Now().UTC().Format(time.RFC3339Nano)} {
		pairs = append(pairs, key+" "+base64.StdEncoding.EncodeToString([]byte(value)))
	}
	answer, err := s.ask(ctx, http.MethodPost, "/files/", nil, "Tus-Resumable", "1.0.0", "Upload-Defer-Length", "1", "Upload-Metadata", strings.Join(pairs, ","))
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("begin an upload: %s", answer.Status)
	}
	s.path = "/files/" + path.Base(answer.Header.Get("Location"))
	return nil
}

// send appends every two seconds, at a moment of its own in each period.
func (s *sender) send(ctx context.Context, began time.Time, length time.Duration) {
	chunk := make([]byte, appendSize)
	_, _ = rand.NewChaCha8([32]byte{byte(s.n), byte(s.n >> 8)}).Read(chunk)
	due := began.Add(time.Duration(rand.Int64N(int64(every))))
	for end := began.Add(length); due.Before(end) && ctx.Err() == nil; due = due.Add(every) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		started := time.Now()
		if started.Sub(due) > every/2 {
			s.late++
		}
		// A browser hashes what it records, whoever it sends to.
		next, record := s.state.Extend(chunk, uint32(due.Sub(began).Milliseconds()))
		started = time.Now()
		if s.failed = s.append(ctx, chunk); s.failed != nil {
			return
		}
		s.patch = append(s.patch, time.Since(started))
		if s.own {
			if s.failed = s.link(ctx, record); s.failed != nil {
				return
			}
			s.safe = append(s.safe, time.Since(started))
		}
		s.state = next
	}
}

func (s *sender) append(ctx context.Context, chunk []byte) error {
	answer, err := s.ask(ctx, http.MethodPatch, s.path, bytes.NewReader(chunk), "Tus-Resumable", "1.0.0", "Upload-Offset", fmt.Sprint(s.state.Bytes), "Content-Type", "application/offset+octet-stream")
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("append: %s", answer.Status)
	}
	return nil
}

func (s *sender) link(ctx context.Context, record chain.Record) error {
	answer, err := s.ask(ctx, http.MethodPut, fmt.Sprintf("/api/candidate/takes/%s/chain?from=%d", s.take, s.state.Records), bytes.NewReader(record.AppendTo(nil)))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("chain: %s", answer.Status)
	}
	return nil
}
