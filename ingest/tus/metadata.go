package tus

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/trivue/trivue/exam"
)

// metadata is what a sender says of an upload: the keys attempt, kind, filename, startedAt.
type metadata struct {
	AttemptID string
	Kind      exam.Kind
	Name      string
	StartedAt time.Time // zero where it was not said
}

// longestName is how many characters of a file's name are kept.
const longestName = 200

// parseMetadata reads an Upload-Metadata header. Its errors are for the sender.
func parseMetadata(header string) (metadata, error) {
	values := handler.ParseMetadataHeader(header)
	m := metadata{AttemptID: values["attempt"], Kind: exam.Kind(values["kind"]), Name: cleanName(values["filename"])}
	if m.AttemptID == "" || len(m.AttemptID) > 100 {
		return m, errors.New("Upload-Metadata has no attempt: say which attempt the recording belongs to")
	}
	if !m.Kind.Valid() {
		return m, fmt.Errorf("Upload-Metadata has kind %.40q: it must be camera, screen or phone", string(m.Kind))
	}
	if stamp := values["startedAt"]; stamp != "" {
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil || at.Year() < 2000 || at.Year() > 2200 {
			return m, fmt.Errorf("Upload-Metadata has startedAt %.40q: it must be a time as in 2026-11-24T09:00:00.000Z", stamp)
		}
		m.StartedAt = at.UTC()
	}
	if m.Name == "" {
		m.Name = string(m.Kind)
	}
	return m, nil
}

// cleanName keeps what a file is called for showing it: no folders, nothing that a terminal or a page would take for more than
// text.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > longestName {
		name = string(runes[:longestName])
	}
	if name == "." || name == "/" {
		return ""
	}
	return name
}
