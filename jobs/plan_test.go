package jobs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trivue/trivue/exam"
)

// rowsOf reads rows from lines such as "a inspect done" or "- timeline done@2".
func rowsOf(t *testing.T, lines ...string) []exam.Stage {
	t.Helper()
	var all []exam.Stage
	for _, line := range lines {
		var take, name, state string
		var revision int64
		line, after, _ := strings.Cut(line, "@")
		fmt.Sscanf(line, "%s %s %s", &take, &name, &state)
		fmt.Sscanf(after, "%d", &revision)
		all = append(all, exam.Stage{AttemptID: "x", TakeID: strings.Trim(take, "-"), Name: exam.StageName(name), State: exam.StageState(state), Revision: revision})
	}
	return all
}

func TestPlan(t *testing.T) {
	one := []exam.Take{{ID: "a", AttemptID: "x", State: exam.Received}}
	two := append(one, exam.Take{ID: "b", AttemptID: "x", State: exam.Received})
	whole := func(take string) []string {
		return []string{take + " inspect done", take + " playback done", take + " sound done", take + " frames done"}
	}
	for name, c := range map[string]struct {
		takes []exam.Take
		rows  []string
		want  string
	}{
		"nothing received":           {[]exam.Take{{ID: "a", State: exam.Uploading}}, nil, ""},
		"received":                   {one, nil, "a/inspect@0"},
		"inspecting":                 {one, []string{"a inspect running"}, ""},
		"inspected":                  {one, []string{"a inspect done"}, "a/playback@0"},
		"playable":                   {one, []string{"a inspect done", "a playback done"}, "a/sound@0 a/frames@0"},
		"one of two still running":   {one, []string{"a inspect done", "a playback done", "a sound done", "a frames running"}, ""},
		"all done":                   {one, whole("a"), "/timeline@3"},
		"thumbnails failed":          {one, []string{"a inspect done", "a playback done", "a sound done", "a frames failed"}, "/timeline@3"},
		"unusable":                   {one, []string{"a inspect failed"}, ""},
		"one unusable of two":        {two, append(whole("a"), "b inspect failed"), "/timeline@3"},
		"one of two still to come":   {two, append(whole("a"), "b inspect done"), "b/playback@0"},
		"timeline made":              {one, append(whole("a"), "- timeline done@3"), "/archive@3"},
		"timeline of an older state": {one, append(whole("a"), "- timeline done@2", "- archive done@2"), "/timeline@3"},
		"archive of an older state":  {one, append(whole("a"), "- timeline done@3", "- archive done@2"), "/archive@3"},
		"timeline failed":            {one, append(whole("a"), "- timeline failed@3"), ""},
		"failed before, new take":    {one, append(whole("a"), "- timeline failed@2"), "/timeline@3"},
		"everything":                 {one, append(whole("a"), "- timeline done@3", "- archive done@3"), ""},
		"replaced take":              {append(one, exam.Take{ID: "b", State: exam.Replaced}), append(whole("a"), "- timeline done@3", "- archive done@3"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var due []string
			for _, st := range Plan(exam.Attempt{ID: "x", Revision: 3}, c.takes, rowsOf(t, c.rows...)) {
				assert.Equal(t, exam.Pending, st.State)
				due = append(due, fmt.Sprintf("%s/%s@%d", st.TakeID, st.Name, st.Revision))
			}
			assert.Equal(t, c.want, strings.Join(due, " "))
		})
	}
}
