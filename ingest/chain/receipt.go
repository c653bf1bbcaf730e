package chain

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/trivue/trivue/exam"
)

// Receipt is what the server signs under a whole take.
type Receipt struct {
	Take      string // 32 lower-case hexadecimal digits
	AttemptID string
	Kind      exam.Kind
	Bytes     int64
	Chunks    int64 // without the end
	End       Link
}

// firstLine names the format and its version.
const firstLine = "trivue receipt 1"

// Text gives the six lines that are signed.
func (r Receipt) Text() string {
	return fmt.Sprintf("%s\n%s\n%s\n%s\n%d %d\n%s\n", firstLine, r.Take, r.AttemptID, r.Kind, r.Bytes, r.Chunks, r.End)
}

// ErrReceipt is what ParseReceipt returns for a note that is no receipt, or one that nobody known has signed.
var ErrReceipt = errors.New("not a valid receipt")

// ParseReceipt reads a signed receipt and checks its signature by the keys that are trusted, such as Key.Verifier gives.
func ParseReceipt(signed []byte, trusted note.Verifiers) (Receipt, error) {
	opened, err := note.Open(signed, trusted)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrReceipt, err)
	}
	r, err := parseText(opened.Text)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrReceipt, err)
	}
	return r, nil
}

// parseText reads what Text gives and nothing else: one receipt has one text.
func parseText(text string) (Receipt, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || lines[6] != "" || lines[0] != firstLine {
		return Receipt{}, fmt.Errorf("it has not the six lines of %q", firstLine)
	}
	r := Receipt{Take: lines[1], AttemptID: lines[2], Kind: exam.Kind(lines[3])}
	size, chunks, _ := strings.Cut(lines[4], " ")
	var err error
	if r.Bytes, err = number(size); err != nil {
		return Receipt{}, err
	}
	if r.Chunks, err = number(chunks); err != nil {
		return Receipt{}, err
	}
	if r.End, err = ParseLink(lines[5]); err != nil {
		return Receipt{}, err
	}
	return r, r.check()
}

func number(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%.40q is no count", s)
	}
	return n, nil
}

// check refuses what would make another text, or one that reads as something else.
func (r Receipt) check() error {
	switch {
	case !IsTake(r.Take):
		return fmt.Errorf("%.80q is no take", r.Take)
	case r.AttemptID == "" || len(r.AttemptID) > 100 || strings.ContainsFunc(r.AttemptID, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return fmt.Errorf("%.120q is no attempt", r.AttemptID)
	case !r.Kind.Valid():
		return fmt.Errorf("%.40q is no kind of recording", string(r.Kind))
	case r.Bytes < 0 || r.Chunks < 0:
		return errors.New("a count is negative")
	}
	return nil
}

// IsTake reports whether s can name a take of a browser: 32 lower-case hexadecimal digits.
func IsTake(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
