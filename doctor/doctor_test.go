package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func fixed(name string, r Result) Check {
	return Check{Name: name, Run: func(context.Context) Result { return r }}
}

func TestRunKeepsOrderAndSurvivesABrokenCheck(t *testing.T) {
	report := Run(t.Context(), []Check{
		fixed("first", ok("fine")),
		{Name: "broken", Run: func(context.Context) Result { panic("out of cheese") }},
		fixed("last", warning("do this", "odd")),
	})
	require.Equal(t, []Result{
		{Check: "first", State: OK, Seen: "fine"},
		{Check: "broken", State: Failed, Seen: "the check itself broke: out of cheese"},
		{Check: "last", State: Warning, Seen: "odd", Mend: "do this"},
	}, report.Results)
	require.Equal(t, 1, report.ExitCode())
}

func TestChecksHaveADeadline(t *testing.T) {
	Run(t.Context(), []Check{{Name: "x", Run: func(ctx context.Context) Result {
		_, limited := ctx.Deadline()
		require.True(t, limited)
		return ok("")
	}}})
}

func TestExitCodeIgnoresWarnings(t *testing.T) {
	require.Equal(t, 0, Run(t.Context(), []Check{fixed("a", warning("", "odd")), fixed("b", ok(""))}).ExitCode())
}

var sample = Report{Results: []Result{
	{Check: "clock", State: OK, Seen: "in step"},
	{Check: "redis-server", State: Failed, Seen: "it was not found anywhere on this machine", Mend: "sudo apt-get install redis-server"},
	{Check: "disk", State: Warning, Seen: "little space"},
}}

func TestText(t *testing.T) {
	var out strings.Builder
	require.NoError(t, sample.WriteText(&out, Style{}))
	require.Equal(t, `ok    clock         in step
fail  redis-server  it was not found anywhere on this machine
                    → sudo apt-get install redis-server
warn  disk          little space

1 thing must be mended, 1 thing should be.
`, out.String())
}

func TestTextIsWrapped(t *testing.T) {
	var out strings.Builder
	require.NoError(t, Report{Results: sample.Results[1:2]}.WriteText(&out, Style{Width: 42}))
	require.Equal(t, `fail  redis-server  it was not found
                    anywhere on this
                    machine
                    → sudo apt-get install redis-server

1 thing must be mended.
`, out.String())
}

func TestColoursDoNotShiftColumns(t *testing.T) {
	var plain, coloured strings.Builder
	require.NoError(t, sample.WriteText(&plain, Style{}))
	require.NoError(t, sample.WriteText(&coloured, Style{Colour: true}))
	require.Contains(t, coloured.String(), "\x1b[1;31mfail\x1b[0m")
	text := coloured.String()
	for _, code := range []string{colours[OK], colours[Warning], colours[Failed], reset} {
		text = strings.ReplaceAll(text, code, "")
	}
	require.Equal(t, plain.String(), text)
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, sample.WriteJSON(&out))
	var again Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &again))
	require.Equal(t, sample, again)
}

func TestSums(t *testing.T) {
	require.Equal(t, "All is well.", Report{}.sum())
	require.Equal(t, "Trivue works on this machine; 2 things should be mended.", Report{Results: []Result{{State: Warning}, {State: Warning}}}.sum())
}
