package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Style is how a report is shown to people.
type Style struct {
	Colour bool
	Width  int // columns to wrap at; 0 for none
}

// StyleOf is what suits an output: colours and wrapping on a terminal, unless NO_COLOR asks for none (no-color.org), and
// neither anywhere else.
func StyleOf(f *os.File) Style {
	if !term.IsTerminal(int(f.Fd())) {
		return Style{}
	}
	s := Style{Colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.Width = width
	}
	return s
}

// colours are those of ECMA-48's SGR.
var colours = map[State]string{OK: "\x1b[32m", Warning: "\x1b[33m", Failed: "\x1b[1;31m"}

const reset = "\x1b[0m"

// WriteText writes the report as a table, each mending below what it mends, and a last line that sums up.
func (r Report) WriteText(w io.Writer, s Style) error {
	longest := 0
	for _, result := range r.Results {
		longest = max(longest, len(result.Check))
	}
	indent := len("warn") + 2 + longest + 2
	var out strings.Builder
	for _, result := range r.Results {
		state := fmt.Sprintf("%-4s", result.State)
		if s.Colour {
			state = colours[result.State] + state + reset
		}
		fmt.Fprintf(&out, "%s  %-*s  ", state, longest, result.Check)
		writeWrapped(&out, result.Seen, indent, s.Width)
		if result.Mend != "" {
			// A command is not wrapped, so that it can be copied.
			fmt.Fprintf(&out, "%*s→ %s\n", indent, "", result.Mend)
		}
	}
	fmt.Fprintf(&out, "\n%s\n", r.sum())
	_, err := io.WriteString(w, out.String())
	return err
}

func (r Report) sum() string {
	failures, warnings := things(r.Count(Failed)), things(r.Count(Warning))
	switch {
	case failures != "" && warnings != "":
		return fmt.Sprintf(textSumBoth, failures, warnings)
	case failures != "":
		return fmt.Sprintf(textSumFailures, failures)
	case warnings != "":
		return fmt.Sprintf(textSumWarnings, warnings)
	default:
		return textSumNothing
	}
}

func things(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 thing"
	default:
		return fmt.Sprintf("%d things", n)
	}
}

// writeWrapped writes text that begins at column indent, and goes on there on further lines.
func writeWrapped(out *strings.Builder, text string, indent, width int) {
	const narrowest = 20 // columns of text below which wrapping makes it worse
	column := indent
	for i, word := range strings.Fields(text) {
		length := len([]rune(word))
		switch {
		case i == 0:
		case width-indent >= narrowest && column+1+length > width:
			fmt.Fprintf(out, "\n%*s", indent, "")
			column = indent
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += length
	}
	out.WriteByte('\n')
}

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
