package doctor

import (
	"fmt"
	"strings"

	"github.com/trivue/trivue/facematch/models"
)

// faceModels looks at the files of both models that tell people apart. One of the two is enough.
func faceModels(folder string) Result {
	var missing, changed []string
	for _, f := range []models.File{models.Landmarks, models.Detector, models.Stock, models.Taguchi} {
		state, err := models.Check(folder, f)
		switch {
		case err != nil:
			return warning(fmt.Sprintf(mendModels, folder), textModelsUnreadable, err)
		case state == models.Missing:
			missing = append(missing, f.Name)
		case state == models.Changed:
			changed = append(changed, f.Name)
		}
	}
	if len(missing) == 1 && (missing[0] == models.Stock.Name || missing[0] == models.Taguchi.Name) {
		missing = nil
	}
	switch {
	case len(missing) > 0:
		return warning(fmt.Sprintf(mendModels, folder), textModelsAbsent, folder, strings.Join(missing, ", "))
	case len(changed) > 0:
		return warning(fmt.Sprintf(mendModels, folder), textModelsChanged, folder, strings.Join(changed, ", "))
	default:
		return ok(textModels, folder)
	}
}
