package examfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something that is wrong in a folder, and where.
type Problem struct {
	File    string // in the folder
	Line    int    // from 1; 0 where it concerns the whole file
	Column  int    // in characters, from 1; 0 where it concerns the whole line
	Warning bool   // the import can go on
	Text    string // what is wrong, and what to do
}

// String gives the problem as compilers do: file:line:column: text.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	for _, n := range []int{p.Line, p.Column} {
		if n > 0 {
			fmt.Fprintf(&b, ":%d", n)
		}
	}
	b.WriteString(": ")
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems are the problems of a folder, by file and line.
type Problems []Problem

// Errors counts those that are not warnings.
func (p Problems) Errors() int {
	n := 0
	for _, one := range p {
		if !one.Warning {
			n++
		}
	}
	return n
}

func (p Problems) sort() {
	// The two files that people write come before those that they name.
	rank := func(file string) int {
		switch file {
		case ExamFile:
			return 0
		case CandidatesFile:
			return 1
		}
		return 2
	}
	number := func(warning bool) int {
		if warning {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(number(a.Warning), number(b.Warning)), cmp.Compare(a.Text, b.Text))
	})
}

// place is where something stands.
type place struct {
	file         string
	line, column int
}

func (r *reader) fail(p place, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: p.file, Line: p.line, Column: p.column, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) warn(p place, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: p.file, Line: p.line, Column: p.column, Warning: true, Text: fmt.Sprintf(format, args...)})
}
