package tus

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{"", "attempt YQ==,kind Y2FtZXJh,filename Yy53ZWJt", "attempt YQ==,kind cGhvbmU=,startedAt MjAyNi0xMS0yNFQwOTowMDowMFo=", "kind", ",,, ,", "attempt \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		m, err := parseMetadata(header)
		if err != nil {
			return
		}
		if m.AttemptID == "" || !m.Kind.Valid() || m.Name == "" {
			t.Fatalf("accepted without what is needed: %+v", m)
		}
		if strings.ContainsAny(m.Name, "/\\\n\x00") || !utf8.ValidString(m.Name) || utf8.RuneCountInString(m.Name) > longestName {
			t.Fatalf("a name that cannot be shown: %q", m.Name)
		}
	})
}
