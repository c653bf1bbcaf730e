package examfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// field is a key of a mapping with its value.
type field struct{ key, value *yaml.Node }

func at(n *yaml.Node) place { return place{ExamFile, n.Line, n.Column} }

var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// parse parses exam.yaml into its only document.
func (r *reader) parse(data []byte) (*yaml.Node, bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && (len(doc.Content) != 1 || doc.Content[0].Tag == "!!null") {
		r.fail(place{file: ExamFile}, "%s is empty: start from what trivue exam template writes", ExamFile)
		return nil, false
	}
	if err == nil {
		if err = decoder.Decode(&more); errors.Is(err, io.EOF) {
			return doc.Content[0], true
		} else if err == nil {
			r.fail(at(&more), "a second document begins here: put everything into one, without ---")
			return nil, false
		}
	}
	p := place{file: ExamFile}
	said := err.Error()
	if m := syntaxLine.FindStringSubmatch(said); m != nil {
		p.line, _ = strconv.Atoi(m[1])
		said = said[len(m[0]):]
	}
	r.fail(p, "this is not YAML (%s): look for a missing colon, quote or space here or in the line before", said)
	return nil, false
}

// mapping gives the fields of a mapping, and reports those that are not known or there twice.
func (r *reader) mapping(n *yaml.Node, name string, known ...string) map[string]field {
	fields := map[string]field{}
	if n.Kind != yaml.MappingNode {
		r.fail(at(n), "%s must be made of lines such as “%s: …”", name, known[0])
		return fields
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		first, twice := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value):
			r.fail(at(key), "there is no %q in %s: it may have %s", key.Value, name, strings.Join(known, ", "))
		case twice:
			r.fail(at(key), "%s is here a second time, first in line %d: remove one", key.Value, first.key.Line)
		default:
			fields[key.Value] = field{key, value}
		}
	}
	return fields
}

// sequence gives the items of a list; none where it is left empty.
func (r *reader) sequence(f field) []*yaml.Node {
	switch {
	case f.value == nil || f.value.Tag == "!!null":
		return nil
	case f.value.Kind != yaml.SequenceNode:
		r.fail(at(f.value), "%s must be a list: begin each item with “- ” on a line of its own", f.key.Value)
		return nil
	}
	return f.value.Content
}

// scalar gives a value as it was written, without white space around it. A value that is empty is reported.
func (r *reader) scalar(n *yaml.Node, name string, lines bool, longest int) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		r.fail(at(n), "%s must be a single value here; put a text with special characters into quotes", name)
		return "", false
	}
	value := strings.TrimSpace(strings.ReplaceAll(n.Value, "\r\n", "\n"))
	if value == "" || n.Tag == "!!null" {
		r.fail(at(n), "%s is empty: write a value behind the colon, or remove the line", name)
		return "", false
	}
	if c, bad := unprintable(value, lines); bad {
		r.fail(at(n), "%s contains the character %U, which nothing can show: remove it", name, c)
		return "", false
	}
	if len(value) > longest {
		r.fail(at(n), "%s has %d bytes: shorten it to %d at most", name, len(value), longest)
		return "", false
	}
	return value, true
}

// longestTime is more than any interview takes.
const longestTime = 24 * time.Hour

// duration gives a length of time, written as whole seconds or as in 30m.
func (r *reader) duration(f field) (time.Duration, bool) {
	name := f.key.Value
	value, ok := r.scalar(f.value, name, false, 100)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(value)
	if seconds, noUnit := strconv.ParseInt(value, 10, 32); noUnit == nil {
		d, err = time.Duration(seconds)*time.Second, nil
	}
	switch {
	case err != nil:
		r.fail(at(f.value), "%s is %q: write whole seconds, or a time such as 90s, 30m or 1h30m", name, value)
		return 0, false
	case d < 0 || d > longestTime:
		r.fail(at(f.value), "%s is %s: it must be from 0 to 24h", name, value)
		return 0, false
	case d%time.Second != 0:
		r.fail(at(f.value), "%s is %s: write whole seconds", name, value)
		return 0, false
	}
	return d, true
}
