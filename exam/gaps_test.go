package exam_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

// began and ended are what a browser says of a take, at times counted from the start.
func began(take string, kind exam.Kind, at time.Duration, replaces string) exam.Event {
	return exam.Event{Kind: exam.EventTakeBegan, Data: json.RawMessage(fmt.Sprintf(
		`{"take":%q,"kind":%q,"mime":"video/webm","began":{"wall":1,"monotonic":0,"server":%d,"reason":"start"},"run":"r","replaces":%q}`,
		take, kind, start.Add(at).UnixMicro(), replaces))}
}

func ended(take string, length time.Duration, reason string) exam.Event {
	return exam.Event{Kind: exam.EventTakeEnded, Data: json.RawMessage(fmt.Sprintf(
		`{"take":%q,"end":{"wall":1,"monotonic":0,"server":null,"reason":%q},"ms":%d,"damaged":0}`, take, reason, length.Milliseconds()))}
}

func TestGapsHaveTheirCauses(t *testing.T) {
	const minute = time.Minute
	for name, c := range map[string]struct {
		log  []exam.Event
		want string
	}{
		"one take over all":            {[]exam.Event{began("a", exam.Camera, -minute, ""), ended("a", 15*minute, "finished")}, ""},
		"one that goes on":             {[]exam.Event{began("a", exam.Camera, -minute, "")}, ""},
		"nothing":                      {nil, "0s-10m0s never-began"},
		"a lost device":                {[]exam.Event{began("a", exam.Camera, 0, ""), ended("a", 3*minute, "device-lost"), began("b", exam.Camera, 4*minute, "")}, "3m0s-4m0s device-lost"},
		"a device that stays lost":     {[]exam.Event{began("a", exam.Camera, 0, ""), ended("a", 3*minute, "device-lost")}, "3m0s-10m0s device-lost"},
		"takes that overlap":           {[]exam.Event{began("a", exam.Camera, 0, ""), ended("a", 3*minute, "rate"), began("b", exam.Camera, 3*minute-20*time.Millisecond, "")}, ""},
		"stamps that differ a little":  {[]exam.Event{began("a", exam.Camera, 0, ""), ended("a", 3*minute, "rate"), began("b", exam.Camera, 3*minute+30*time.Millisecond, "")}, ""},
		"a late beginning":             {[]exam.Event{began("a", exam.Camera, 2*minute, "")}, "0s-2m0s never-began"},
		"what lies before the start":   {[]exam.Event{began("a", exam.Camera, -5*minute, ""), ended("a", 2*minute, "share-stopped"), began("b", exam.Camera, 0, "")}, ""},
		"a take that ended before it":  {[]exam.Event{began("a", exam.Camera, -5*minute, ""), ended("a", 2*minute, "lost"), began("b", exam.Camera, minute, "")}, "0s-1m0s lost"},
		"what lies after the end":      {[]exam.Event{began("a", exam.Camera, 0, ""), ended("a", 8*minute, "lost"), began("b", exam.Camera, 12*minute, "")}, "8m0s-10m0s lost"},
		"a copy is the same recording": {[]exam.Event{began("a", exam.Camera, 0, ""), ended("a", 10*minute, "finished"), began("b", exam.Camera, 0, "a"), ended("b", 9*minute, "finished")}, ""},
		"another kind does not help":   {[]exam.Event{began("a", exam.Screen, 0, "")}, "0s-10m0s never-began"},
		"said out of order":            {[]exam.Event{began("b", exam.Camera, 4*minute, ""), ended("a", 3*minute, "lost"), began("a", exam.Camera, 0, "")}, "3m0s-4m0s lost"},
	} {
		t.Run(name, func(t *testing.T) {
			gaps, err := exam.Gaps(c.log, []exam.Kind{exam.Camera}, start, after(10*minute))
			require.NoError(t, err)
			text := ""
			for _, g := range gaps {
				text += fmt.Sprintf("%v-%v %s", g.From.Sub(start), g.To.Sub(start), g.Cause)
			}
			assert.Equal(t, c.want, text)
		})
	}
}

func TestLostTimeThatOverlapsCountsOnce(t *testing.T) {
	gap := func(from, to time.Duration) exam.Gap { return exam.Gap{From: after(from), To: after(to)} }
	assert.Equal(t, time.Duration(0), exam.LostTime(nil))
	assert.Equal(t, 5*time.Minute, exam.LostTime([]exam.Gap{gap(time.Minute, 3*time.Minute), gap(2*time.Minute, 4*time.Minute), gap(8*time.Minute, 10*time.Minute), gap(8*time.Minute, 9*time.Minute)}))
}

func TestALogThatWasChangedIsFound(t *testing.T) {
	var log []exam.Event
	var last *exam.Event
	for n := range 5 {
		e, err := exam.Event{AttemptID: "a", Source: "server", Kind: exam.EventEntered, Data: json.RawMessage(fmt.Sprintf(`{"z": %d.0, "a": "你\u597d"}`, n))}.Follow(last, after(time.Duration(n)*time.Second))
		require.NoError(t, err)
		log = append(log, e)
		last = &e
	}
	require.NoError(t, exam.CheckLog(log))
	canonical, err := log[1].Canonical()
	require.NoError(t, err)
	assert.Contains(t, string(canonical), `{"at":1795597201000000,"data":{"a":"你好","z":1},"kind":"entered","n":1,"previous":"`, "a format: logs that exist must stay checkable")

	changed := func(change func([]exam.Event) []exam.Event) []exam.Event {
		copied := make([]exam.Event, len(log))
		copy(copied, log)
		return change(copied)
	}
	for name, bad := range map[string][]exam.Event{
		"data":    changed(func(l []exam.Event) []exam.Event { l[2].Data = json.RawMessage(`{"z":9}`); return l }),
		"time":    changed(func(l []exam.Event) []exam.Event { l[2].At = l[2].At.Add(time.Second); return l }),
		"source":  changed(func(l []exam.Event) []exam.Event { l[2].Source = "candidate"; return l }),
		"removed": changed(func(l []exam.Event) []exam.Event { return append(l[:2], l[3:]...) }),
		"swapped": changed(func(l []exam.Event) []exam.Event { l[1], l[2] = l[2], l[1]; return l }),
	} {
		assert.Error(t, exam.CheckLog(bad), name)
	}
}

func FuzzReport(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","kind":"focus","wall":1795600000000000,"server":null,"data":{"focused":true}}`,
		`{"id":"a","kind":"take-began","wall":1795600000000000,"server":1795600000000000,"data":{"take":"x","kind":"camera","began":{"wall":1,"server":null},"run":"r"}}`,
		`{"id":"a","kind":"screens","wall":1795600000000000,"server":null,"data":{"extended":null,"screens":null}}`,
		`{"id":"","kind":"focus","data":[]}`, `{"kind":"print","data":{"\ud800":1e999}}`, `null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r exam.Report
		if json.Unmarshal([]byte(text), &r) != nil || r.Validate() != nil {
			return
		}
		e, err := r.Event("candidate").Follow(nil, start)
		if err != nil {
			return // what cannot be made canonical is refused
		}
		if err := exam.CheckLog([]exam.Event{e}); err != nil {
			t.Fatal(err)
		}
		again, err := e.Follow(nil, start)
		if err != nil || string(again.Data) != string(e.Data) {
			t.Fatalf("canonical data is not canonical: %s, %s, %v", e.Data, again.Data, err)
		}
		_, _ = exam.Gaps([]exam.Event{e}, exam.Kinds, start, after(time.Minute))
	})
}
