package doctor

import (
	"crypto/sha1" //nolint:gosec // git's own object names, against damage
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// models are the face models' files with their object names in git (git hash-object): as published by dlib's author in
// github.com/davisking/dlib-models, unpacked.
var models = []struct{ name, object string }{
	{"shape_predictor_5_face_landmarks.dat", "67878ed3894d929c5e03bd1ad2d931cc6d745ee7"},
	{"dlib_face_recognition_resnet_model_v1.dat", "ddb515897db3724ddeed593083d3f39818db1a54"},
	{"mmod_human_face_detector.dat", "f112a0a45dbda96080352c45f615d00ddd4f130c"},
}

func faceModels(folder string) Result {
	var missing, changed []string
	for _, m := range models {
		object, err := gitObject(filepath.Join(folder, m.name))
		switch {
		case err != nil:
			missing = append(missing, m.name)
		case object != m.object:
			changed = append(changed, m.name)
		}
	}
	mend := func(files []string) string { return fmt.Sprintf(mendModels, folder, strings.Join(files, " ")) }
	switch {
	case len(missing) > 0:
		return warning(mend(missing), textModelsAbsent, folder, strings.Join(missing, ", "))
	case len(changed) > 0:
		return warning(mend(changed), textModelsChanged, folder, strings.Join(changed, ", "))
	default:
		return ok(textModels, folder)
	}
}

// gitObject is the name that git gives to a file's content: the SHA-1 of a header and the content.
func gitObject(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	sum := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(sum, "blob %d\x00", info.Size())
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
