package calibrate

import (
	"path"
	"regexp"
	"strings"
)

// numbered is a file's name that ends in a number: person_1.jpg, person-02.png, person 3.webp.
var numbered = regexp.MustCompile(`^(.+?)[ _-]*\d+$`)

// Label tells whose picture a file is, by its path within the folder, with slashes: that of the folder in which the pictures of one
// person are, or of its own name up to the number at its end. Files that are no pictures and hidden ones have no label.
func Label(file string) (person string, ok bool) {
	folder, name := path.Split(path.Clean(file))
	extension := strings.ToLower(path.Ext(name))
	switch extension {
	case ".jpg", ".jpeg", ".png", ".webp":
	default:
		return "", false
	}
	if strings.HasPrefix(name, ".") {
		return "", false
	}
	if folder != "" {
		person, _, _ = strings.Cut(folder, "/")
		return person, !strings.HasPrefix(person, ".")
	}
	base := name[:len(name)-len(extension)]
	if match := numbered.FindStringSubmatch(base); match != nil {
		return match[1], true
	}
	return base, true
}
