package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/trivue/trivue/pipeline/process"
)

// plainEvery is how often a line is printed where there is no terminal: for a log, not for an eye.
const plainEvery = 0.1

// progressBar shows progress: one line that changes on a terminal, plain lines elsewhere.
type progressBar struct {
	out      *os.File
	terminal bool
	width    int
	shown    float64
	drawn    time.Time
}

func newProgressBar(out *os.File) *progressBar {
	b := &progressBar{out: out, terminal: term.IsTerminal(int(out.Fd())), width: 80, shown: -1}
	if w, _, err := term.GetSize(int(out.Fd())); err == nil && w > 0 {
		b.width = w
	}
	return b
}

func (b *progressBar) show(p process.Progress) {
	left := ""
	if p.Left >= 0 {
		left = ", " + p.Left.Round(time.Second).String() + " left"
	}
	what := strings.TrimSpace(string(p.Stage) + " " + p.File)
	if !b.terminal {
		if p.Done < b.shown+plainEvery && (p.Done < 1 || b.shown >= 1) {
			return
		}
		b.shown = p.Done
		fmt.Fprintf(b.out, "%3.0f %%%s: %s\n", p.Done*100, left, what)
		return
	}
	if time.Since(b.drawn) < 50*time.Millisecond && p.Done < 1 {
		return
	}
	b.drawn = time.Now()
	const length = 24
	full := int(p.Done * length)
	line := fmt.Sprintf("%s%s %3.0f %%%s  %s", strings.Repeat("█", full), strings.Repeat("░", length-full), p.Done*100, left, what)
	if runes := []rune(line); len(runes) >= b.width {
		line = string(runes[:b.width-1])
	}
	fmt.Fprintf(b.out, "\r\x1b[K%s", line)
}

// end leaves the terminal's line, so that what follows starts on its own.
func (b *progressBar) end() {
	if b.terminal && !b.drawn.IsZero() {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}
