package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/exam/examfile"
	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/pipeline/gstx"
)

// seed puts the samples into a system without any exam of its own: a rehearsal to try the candidate's page with, and an interview
// that was recorded. Where one of them is there already, it stays as it is.
func (s *system) seed(ctx context.Context, address string, log *slog.Logger) error {
	rehearsal := examfile.SampleExam{Rehearsal: true}
	exams, err := s.store.Exams(ctx)
	if err != nil {
		return err
	}
	rehearses := slices.ContainsFunc(exams, func(e exam.Exam) bool { return e.ID == rehearsal.ID() })
	empty := len(exams) == 0 || rehearses && len(exams) == 1
	if empty && !rehearses {
		if err := s.seedRehearsal(ctx, rehearsal); err != nil {
			log.Error("the sample rehearsal could not be imported; everything else works", "error", err)
		} else {
			rehearses = true
		}
	}
	if rehearses {
		ticket, tail := examfile.SampleTicket()
		fmt.Printf("Try an interview as a candidate: %s/candidate?exam=%s (ticket %s, identity number ends in %s)\n", address, rehearsal.ID(), ticket, tail)
	}
	if !empty {
		return nil
	}
	fmt.Println("Generating the sample interview…")
	if err := s.seedNow(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		log.Error("the sample interview could not be made; everything else works (trivue doctor says what is missing)", "error", err)
		return nil
	}
	fmt.Printf("The sample interview is uploaded and being processed: %s\n", address)
	return nil
}

// seedRehearsal imports the sample folder, as trivue exam import does.
func (s *system) seedRehearsal(ctx context.Context, sample examfile.SampleExam) error {
	dir, err := os.MkdirTemp("", "trivue-sample-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := examfile.Sample(dir, sample); err != nil {
		return err
	}
	folder := os.DirFS(dir)
	content, problems := examfile.Read(folder, time.Now())
	if problems.Errors() > 0 {
		return fmt.Errorf("the sample folder is wrong: %v", problems)
	}
	_, err = importing{content: content, folder: folder, store: s.store, objects: s.objects}.run(ctx)
	return err
}

func (s *system) seedNow(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "trivue-sample-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	interview, err := demo.Generate(ctx, gstx.New(), dir, demo.Options{Seed: 1}, func(float64) {})
	if err != nil {
		return err
	}
	begins := time.Now().UTC().Truncate(time.Minute)
	e := exam.Exam{ID: newID(), Title: "示例面试 · Sample interview", StartsAt: begins, CreatedAt: time.Now()}
	a := exam.Attempt{ID: newID(), ExamID: e.ID, Ticket: "SAMPLE-001", CreatedAt: time.Now()}
	if err := errors.Join(s.store.CreateExam(ctx, e), s.store.CreateAttempt(ctx, a)); err != nil {
		return err
	}
	token, err := s.server.IssueUploadToken(ctx, a.ID)
	if err != nil {
		return err
	}
	address, stop, err := s.inside()
	if err != nil {
		return err
	}
	defer stop()
	for _, take := range interview.Takes {
		// Stamps as good as a recorder's: right to a few tenths of a second.
		stamp := begins.Add(take.Start + 300*time.Millisecond)
		if err := uploadSample(ctx, address, token, a.ID, take, stamp); err != nil {
			return fmt.Errorf("upload %s: %w", filepath.Base(take.File), err)
		}
	}
	return nil
}

// inside serves the system to this process alone, so that no certificate is in the way, which is for another name or not there yet.
func (s *system) inside() (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: s.server.Handler(), ReadHeaderTimeout: 15 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// uploadSample sends a file in one request (tus "creation-with-upload").
func uploadSample(ctx context.Context, address, token, attemptID string, take demo.Take, stamp time.Time) error {
	f, err := os.Open(take.File)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/files/", f)
	if err != nil {
		return err
	}
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	r.ContentLength = info.Size()
	r.Header.Set("Tus-Resumable", "1.0.0")
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	r.Header.Set("Upload-Length", fmt.Sprint(info.Size()))
	r.Header.Set("Upload-Metadata", fmt.Sprintf("attempt %s,kind %s,filename %s,startedAt %s", encode(attemptID), encode(string(take.Kind)),
		encode(filepath.Base(take.File)), encode(stamp.Format(time.RFC3339Nano))))
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("the server answered %s", answer.Status)
	}
	return nil
}
