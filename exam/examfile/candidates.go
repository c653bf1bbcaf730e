package examfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trivue/trivue/exam"
)

// Limits of candidates.csv.
const (
	maxCandidatesFile = 16 << 20 // bytes
	maxLine           = 64 << 10 // bytes
	maxTicket         = 64       // bytes
	maxName           = 200      // bytes
)

var (
	columns = []string{"ticket", "name", "id_tail", "photo"}
	tail    = regexp.MustCompile(`^[0-9]{3,5}[0-9X]$`)
	// What Excel makes of a long number, and stores: its last digits are gone.
	shortened = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?[eE]\+[0-9]+$`)
)

// table reads candidates.csv record by record and knows where each field stands.
type table struct {
	*csv.Reader
	lines [][]byte
}

// place gives the position of a field of the last record, in characters where the reader counts bytes.
func (t *table) place(field int) place {
	line, column := t.FieldPos(field)
	return t.at(line, column)
}

func (t *table) at(line, column int) place {
	if line-1 < len(t.lines) && column-1 <= len(t.lines[line-1]) {
		column = utf8.RuneCount(t.lines[line-1][:column-1]) + 1
	}
	return place{CandidatesFile, line, column}
}

func newTable(data []byte) *table {
	t := &table{csv.NewReader(bytes.NewReader(data)), bytes.Split(data, []byte("\n"))}
	t.FieldsPerRecord = -1
	// The separator that Excel writes depends on its country and on the format that was chosen.
	for _, separator := range ";\t" {
		if !bytes.ContainsRune(t.lines[0], ',') && bytes.ContainsRune(t.lines[0], separator) {
			t.Comma = separator
		}
	}
	return t
}

// candidates is the state of reading candidates.csv.
type candidates struct {
	*reader
	table
	column  map[string]int
	tickets map[string]int // lines
	photos  map[string]int // lines, by checksum
	without []int          // lines of candidates without a photo
}

func (r *reader) readCandidates() {
	data, ok := r.readOwn(CandidatesFile, maxCandidatesFile)
	if !ok {
		return
	}
	c := &candidates{reader: r, table: *newTable(data), column: map[string]int{}, tickets: map[string]int{}, photos: map[string]int{}}
	for n, line := range c.lines {
		if len(line) > maxLine {
			r.fail(place{CandidatesFile, n + 1, 0}, "the line has %d bytes: is this the file that was meant? Write one candidate on each line", len(line))
			return
		}
	}
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		r.fail(place{CandidatesFile, 1, 0}, "the file is empty: the first line must be %s", strings.Join(columns, ","))
		return
	}
	if err != nil {
		c.malformed(err)
		return
	}
	if !c.readHeader(header) {
		return
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// The reader goes on behind what it did not understand.
			c.malformed(err)
			continue
		}
		if slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			c.readCandidate(record)
		}
	}
	if len(c.tickets) == 0 {
		r.warn(place{CandidatesFile, 1, 0}, "there are no candidates yet")
	}
	if len(c.without) > 0 {
		r.warn(place{CandidatesFile, c.without[0], 0}, "candidates without a photo: %d (line %s); support cannot compare their faces with one", len(c.without), some(c.without))
	}
}

// some lists the first of many lines.
func some(lines []int) string {
	said := strings.Trim(strings.ReplaceAll(fmt.Sprint(lines[:min(len(lines), 10)]), " ", ", "), "[]")
	if len(lines) > 10 {
		said += ", …"
	}
	return said
}

func (c *candidates) malformed(err error) {
	parse := new(csv.ParseError)
	if !errors.As(err, &parse) {
		c.fail(place{file: CandidatesFile}, "it cannot be read: %v", err)
		return
	}
	p := c.at(parse.Line, parse.Column)
	if parse.StartLine != parse.Line {
		c.fail(p, "the quotation mark that began in line %d is not closed: put one behind the field, or remove it", parse.StartLine)
		return
	}
	c.fail(p, `a quotation mark (") is out of place: put the whole field into quotation marks and write "" for one inside, or remove it`)
}

func (c *candidates) readHeader(header []string) bool {
	good := true
	for n, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		_, twice := c.column[name]
		switch {
		case name == "":
			continue
		case !slices.Contains(columns, name):
			c.fail(c.table.place(n), "there is no column %q: the first line must be %s", name, strings.Join(columns, ","))
			good = false
		case twice:
			c.fail(c.table.place(n), "column %s is there twice: remove one", name)
			good = false
		}
		c.column[name] = n
	}
	for _, name := range columns[:3] {
		if _, ok := c.column[name]; !ok {
			c.fail(place{CandidatesFile, 1, 0}, "column %s is missing: the first line must be %s", name, strings.Join(columns, ","))
			good = false
		}
	}
	return good
}

// value gives a field of a record, and where it stands.
func (c *candidates) value(record []string, column string) (string, place) {
	n, ok := c.column[column]
	if !ok || n >= len(record) {
		line, _ := c.FieldPos(0)
		return "", place{CandidatesFile, line, 0}
	}
	return strings.TrimSpace(record[n]), c.table.place(n)
}

func (c *candidates) readCandidate(record []string) {
	for n := range record {
		if !slices.Contains(c.columnNumbers(), n) && strings.TrimSpace(record[n]) != "" {
			c.fail(c.table.place(n), "there is no column for %q: put a text with a comma into quotation marks, or remove it", record[n])
		}
	}
	p := exam.Candidate{ExamID: c.content.Exam.ID}
	p.Ticket = c.readTicket(record)
	var where place
	if p.Name, where = c.value(record, "name"); p.Name == "" {
		c.fail(where, "the name is empty: write it, as the candidate has to type it under the pledge")
	} else {
		c.checkText(where, "name", p.Name, maxName)
	}
	p.IDTail, where = c.value(record, "id_tail")
	p.IDTail = strings.ToUpper(p.IDTail)
	switch {
	case len(p.IDTail) > 0 && len(p.IDTail) < 4 && strings.Trim(p.IDTail, "0123456789X") == "":
		c.fail(where, "id_tail %q is too short: write the last 4 to 6 characters of the identity number. Excel removes zeros in front: format the column as text", p.IDTail)
	case !tail.MatchString(p.IDTail):
		c.fail(where, "id_tail is %q: write the last 4 to 6 characters of the identity number, digits with perhaps an X at the end", p.IDTail)
	}
	p.Photo = c.readPhoto(record)
	c.content.Candidates = append(c.content.Candidates, p)
}

func (c *candidates) columnNumbers() (all []int) {
	for _, n := range c.column {
		all = append(all, n)
	}
	return all
}

func (c *candidates) readTicket(record []string) string {
	ticket, where := c.value(record, "ticket")
	switch {
	case ticket == "":
		c.fail(where, "the ticket is empty: write the number that the candidate signs in with")
		return ""
	case shortened.MatchString(ticket):
		c.fail(where, "ticket %s is a number that Excel has shortened, its last digits are lost: format the column as text and enter them again", ticket)
		return ""
	case strings.ContainsFunc(ticket, func(r rune) bool { return r <= ' ' || r == '\u3000' || r >= '\uff01' && r <= '\uff5e' }):
		c.fail(where, "ticket %q has a space or a full-width character in it: write it as candidates will type it", ticket)
		return ""
	}
	if !c.checkText(where, "ticket", ticket, maxTicket) {
		return ""
	}
	// Two that differ in capitals alone would be mistaken for each other.
	same := strings.ToUpper(ticket)
	if line, twice := c.tickets[same]; twice {
		c.fail(where, "ticket %s is here a second time, first in line %d: each candidate needs one of their own", ticket, line)
		return ""
	}
	c.tickets[same] = where.line
	return ticket
}

func (c *candidates) checkText(where place, what, value string, longest int) bool {
	if char, bad := unprintable(value, false); bad {
		c.fail(where, "the %s contains the character %U, which nothing can show: remove it", what, char)
		return false
	}
	if len(value) > longest {
		c.fail(where, "the %s has %d bytes: %d at most", what, len(value), longest)
		return false
	}
	return true
}

func (c *candidates) readPhoto(record []string) string {
	given, where := c.value(record, "photo")
	if given == "" {
		c.without = append(c.without, where.line)
		return ""
	}
	clean, data, ok := c.open(where, given, maxPhoto)
	if !ok {
		return ""
	}
	if err := picture(data, minSide); err != nil {
		c.fail(where, "%s %v", clean, err)
		return ""
	}
	key, sum := c.archive(clean, "photos", data)
	if line, twice := c.photos[sum]; twice {
		c.warn(where, "%s is the same picture as the photo in line %d: check which of the candidates it shows", clean, line)
	}
	c.photos[sum] = where.line
	return key
}
