package child

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/child/spawn"
	"github.com/trivue/trivue/pipeline/stage"
)

// maxDetail bounds a detail that a child gives, in bytes: it is shown on a page.
const maxDetail = 2 << 10

// conclude turns how a run went into its result or its error.
func conclude(why ending, w *watcher, limits Limits, report Report) (json.RawMessage, error) {
	said := w.tail.String()
	// A child that finished just as it was to be ended has finished.
	if w.heard.result != nil && why != babbling && report.Exit == cleanExit {
		return w.heard.result, nil
	}
	switch why {
	case cancelled:
		return nil, context.Canceled // the caller knows the context's own error
	case tooLong:
		return nil, failure("timeout", fmt.Sprintf("it was not done after %v", limits.Wall), said)
	case stalled:
		return nil, failure("timeout", fmt.Sprintf("it made no progress for %v", limits.Stall), said)
	case tooLarge:
		return nil, failure("memory", fmt.Sprintf("it took more than %d MiB of memory", limits.Resident/mebibyte), said)
	case babbling:
		return nil, crashed(fmt.Sprintf("it spoke nonsense to its parent: %v", w.heard.err), said)
	}
	if f := w.heard.failure; f != nil {
		f.Detail = shorten(f.Detail)
		if f.Diagnostics == "" {
			f.Diagnostics = said
		}
		return nil, f
	}
	return nil, diagnose(w, limits, report, said)
}

const cleanExit = "exit status 0"

// diagnose says why a child ended that said nothing about it.
func diagnose(w *watcher, limits Limits, report Report, said string) error {
	status, _ := w.process.State.Sys().(syscall.WaitStatus)
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL
	switch {
	case killed && limits.CPU > 0 && report.CPU >= limits.CPU-time.Second:
		return failure("timeout", fmt.Sprintf("it used up %v of processor time", limits.CPU), said)
	case killed:
		return failure("memory", "the operating system killed it, as it does when memory runs out", said)
	case spawn.OutOfMemory(said):
		return failure("memory", "it needed more memory than it may have", said)
	case report.Exit == cleanExit:
		return crashed("it ended without a result", said)
	default:
		return crashed("it ended by "+report.Exit, said)
	}
}

func failure(code, detail, said string) *stage.Failure {
	return &stage.Failure{Problem: exam.Problem{Code: code, Detail: detail, Retry: true}, Diagnostics: said}
}

func crashed(detail, said string) *stage.Failure { return failure("crashed", detail, said) }

func shorten(text string) string {
	if len(text) <= maxDetail {
		return text
	}
	return strings.ToValidUTF8(text[:maxDetail], "") + "…"
}
