package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long one pair may take; an hour's pair takes seconds.
const patience = 15 * time.Minute

// method is a command that answers for a pair of files as `trivue align --json` does.
type method struct {
	name    string
	command func(reference, other string) []string
	version string // the hash of what is run, so that kept answers are those of this very program
}

func trivueMethod(binary string) (method, error) {
	version, err := hashOf(binary)
	if err != nil {
		return method{}, fmt.Errorf("%w (build it with make build)", err)
	}
	return method{name: "trivue", version: version, command: func(reference, other string) []string {
		return []string{binary, "align", reference, other, "--json"}
	}}, nil
}

// peerMethod runs one of the methods in script, a Python program.
func peerMethod(name, script string) (method, error) {
	version, err := hashOf(script)
	if err != nil {
		return method{}, err
	}
	return method{name: name, version: version, command: func(reference, other string) []string {
		return []string{"/usr/bin/python3", script, name, reference, other}
	}}, nil
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// outcome is an answer and what it cost.
type outcome struct {
	Key     string  `json:"key"`
	Answer  answer  `json:"answer"`
	Failure string  `json:"failure,omitempty"`
	CPU     float64 `json:"cpu"`    // seconds of the process and its children
	PeakMB  float64 `json:"peakMB"` // the largest resident set of any one of them
}

// ask runs the method on a case, or takes the answer that the same program gave to the same files before from folder.
func ask(ctx context.Context, m method, c testCase, folder string) (outcome, error) {
	key, err := fingerprint(m, c)
	if err != nil {
		return outcome{}, err
	}
	kept := filepath.Join(folder, m.name, c.Name+".json")
	if raw, err := os.ReadFile(kept); err == nil {
		var o outcome
		if json.Unmarshal(raw, &o) == nil && o.Key == key {
			return o, nil
		}
	}
	o, err := measure(ctx, m.command(c.reference(), c.other()))
	if err != nil {
		return outcome{}, err
	}
	o.Key = key
	raw, err := json.Marshal(o)
	if err != nil {
		return outcome{}, err
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o750); err != nil {
		return outcome{}, err
	}
	return o, os.WriteFile(kept, raw, 0o600)
}

// fingerprint changes when the program or one of the files does.
func fingerprint(m method, c testCase) (string, error) {
	key := m.version
	for _, path := range []string{c.reference(), c.other()} {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		key += fmt.Sprintf(" %d/%d", info.Size(), info.ModTime().UnixNano())
	}
	return key, nil
}

// measure runs a command on one core and reads its answer. A command that fails is an outcome; one that cannot be run, or that
// is interrupted, an error.
func measure(ctx context.Context, command []string) (outcome, error) {
	timed, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(timed, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	var said, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaint
	err := cmd.Run()
	if ctx.Err() != nil {
		return outcome{}, ctx.Err()
	}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return outcome{}, err
	}
	o := outcome{CPU: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.PeakMB = float64(usage.Maxrss) * 1024 / 1e6
	}
	switch {
	case timed.Err() != nil:
		o.Failure = fmt.Sprintf("no answer within %v", patience)
	case err != nil:
		o.Failure = fmt.Sprintf("%v: %s", err, lastLine(complaint.String()))
	default:
		o.Answer, err = readAnswer(said.Bytes())
		if err != nil {
			o.Failure = err.Error()
		}
	}
	return o, nil
}

// readAnswer checks what the command promises: a known verdict, and pieces in order wherever there is one.
func readAnswer(raw []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return answer{}, fmt.Errorf("the answer is not JSON: %w", err)
	}
	if !a.accepted() && a.Verdict != cannotAlign {
		return answer{}, fmt.Errorf("unknown verdict %q", a.Verdict)
	}
	if a.accepted() && len(a.Pieces) == 0 {
		return answer{}, fmt.Errorf("verdict %s without pieces", a.Verdict)
	}
	for i, p := range a.Pieces {
		if p.To <= p.From || i > 0 && p.From < a.Pieces[i-1].To-1e-6 {
			return answer{}, fmt.Errorf("piece %d (%.3f–%.3f s) is empty or overlaps the one before", i, p.From, p.To)
		}
	}
	return a, nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
