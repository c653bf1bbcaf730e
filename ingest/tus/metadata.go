package tus

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
)

// metadata is what a sender says of an upload: the keys attempt, kind, filename, startedAt; a candidate's page says take and mime too, for a
// copy replaces, and no filename.
type metadata struct {
	AttemptID string
	Kind      exam.Kind
	Name      string
	StartedAt time.Time // zero where it was not said
	Take      string
	MIME      string
	Replaces  string // the take of which this one is a copy, sent again because the bytes that arrived were others
}

const (
	longestName     = 200  // characters of a file's name that are kept
	longestMetadata = 4096 // bytes of the header, which is kept with the upload
)

// mediaType is what a recorder calls its format. It goes into the chain as it is, so that nothing in it may be mistaken for a line's end.
var mediaType = regexp.MustCompile(`^(audio|video)/[!-~][ -~]{0,150}$`)

// parseMetadata reads an Upload-Metadata header. Its errors are for the sender.
func parseMetadata(header string) (metadata, error) {
	if len(header) > longestMetadata {
		return metadata{}, fmt.Errorf("Upload-Metadata has %d bytes: no more than %d are taken", len(header), longestMetadata)
	}
	values := handler.ParseMetadataHeader(header)
	m := metadata{AttemptID: values["attempt"], Kind: exam.Kind(values["kind"]), Name: cleanName(values["filename"]), Take: values["take"], MIME: values["mime"], Replaces: values["replaces"]}
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

// ofCandidate checks what only a candidate's page says. Its errors are for the sender.
func (m metadata) ofCandidate() error {
	switch {
	case !chain.IsTake(m.Take):
		return fmt.Errorf("Upload-Metadata has take %.40q: it must be 32 lower-case hexadecimal digits", m.Take)
	case m.Replaces != "" && (!chain.IsTake(m.Replaces) || m.Replaces == m.Take):
		return fmt.Errorf("Upload-Metadata has replaces %.40q: it must be another take", m.Replaces)
	case !mediaType.MatchString(m.MIME):
		return fmt.Errorf("Upload-Metadata has mime %.40q: it must be a media type as in video/webm;codecs=vp9,opus", m.MIME)
	case m.StartedAt.IsZero():
		return errors.New("Upload-Metadata has no startedAt: say when the recording began, as in 2026-11-24T09:00:00.000Z")
	}
	return nil
}

// kept is what stays with a candidate's upload of what its page says: nothing that was not checked.
func (m metadata) kept() map[string]string {
	all := map[string]string{"take": m.Take, "attempt": m.AttemptID, "kind": string(m.Kind), "mime": m.MIME, "startedAt": m.StartedAt.Format(time.RFC3339Nano)}
	if m.Replaces != "" {
		all["replaces"] = m.Replaces
	}
	return all
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
