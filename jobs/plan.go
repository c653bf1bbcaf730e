package jobs

import "github.com/trivue/trivue/exam"

// needs says which stage of the same take must be done before a stage may begin.
var needs = map[exam.StageName]exam.StageName{
	exam.Playback: exam.Inspect,
	exam.Sound:    exam.Playback,
	exam.Frames:   exam.Playback,
}

// Plan derives from the rows of an attempt which stages are due now: neither begun nor waiting for another. Each is given as
// the pending row that it should have.
//
// Every received take is inspected, made playable, listened to and looked at. When nothing of that is left to do, the timeline
// is made of the takes that can be played, at the attempt's revision, and then archived. A take that cannot be used does not
// hold up the others, nor does one that is still being uploaded: when it has arrived, the revision has grown, and timeline and
// archive are due again. A failed stage is not due; somebody has to ask for it.
func Plan(attempt exam.Attempt, takes []exam.Take, stages []exam.Stage) []exam.Stage {
	rows := byKey(stages)
	due, playable := planTakes(rows, takes)
	if !playable || busy(rows, takes) {
		return due
	}
	for _, name := range exam.AttemptStages {
		row := rows.get("", name)
		current := row.Revision >= attempt.Revision
		if row.State == exam.Done && current {
			continue // the next one's turn
		}
		if over := row.State == exam.Failed && current; !over && row.State != exam.Running {
			due = append(due, pending(row, attempt.ID, "", name, attempt.Revision))
		}
		return due
	}
	return due
}

// Outdated lists the attempt's stages that are over at the current revision although a take is being worked on again, because
// somebody asked for a failed stage once more. What they made lacks what that stage will give.
func Outdated(attempt exam.Attempt, takes []exam.Take, stages []exam.Stage) []exam.StageKey {
	rows := byKey(stages)
	if !busy(rows, takes) {
		return nil
	}
	var keys []exam.StageKey
	for _, name := range exam.AttemptStages {
		row := rows.get("", name)
		if (row.State == exam.Done || row.State == exam.Failed) && row.Revision >= attempt.Revision {
			keys = append(keys, keyOf(row))
		}
	}
	return keys
}

// planTakes plans what is due of each take, and reports whether any can be played.
func planTakes(rows rows, takes []exam.Take) (due []exam.Stage, playable bool) {
	for _, take := range takes {
		if take.State != exam.Received {
			continue
		}
		for _, name := range exam.TakeStages {
			row := rows.get(take.ID, name)
			if rows.blocked(take.ID, name) {
				continue
			}
			if row.State == "" || row.State == exam.Pending {
				due = append(due, pending(row, take.AttemptID, take.ID, name, 0))
			}
		}
		playable = playable || rows.get(take.ID, exam.Playback).State == exam.Done
	}
	return due, playable
}

// busy reports whether any stage of a received take is running, or could run.
func busy(rows rows, takes []exam.Take) bool {
	for _, take := range takes {
		if take.State != exam.Received {
			continue
		}
		for _, name := range exam.TakeStages {
			state := rows.get(take.ID, name).State
			if state == exam.Running || (state != exam.Done && state != exam.Failed && !rows.blocked(take.ID, name)) {
				return true
			}
		}
	}
	return false
}

// pending is the row that a stage should have to be begun.
func pending(row exam.Stage, attemptID, takeID string, name exam.StageName, revision int64) exam.Stage {
	due := exam.Stage{AttemptID: attemptID, TakeID: takeID, Name: name, Revision: revision, State: exam.Pending}
	if row.State == exam.Pending && row.Revision == revision {
		due.Tries = row.Tries
	}
	return due
}

// rows are an attempt's stages. A stage without a row has the zero State.
type rows map[rowKey]exam.Stage

type rowKey struct {
	takeID string // empty for a stage of the whole attempt
	name   exam.StageName
}

func byKey(stages []exam.Stage) rows {
	rows := make(rows, len(stages))
	for _, row := range stages {
		rows[rowKey{row.TakeID, row.Name}] = row
	}
	return rows
}

func (r rows) get(takeID string, name exam.StageName) exam.Stage { return r[rowKey{takeID, name}] }

// blocked reports whether a stage waits for another that is not done.
func (r rows) blocked(takeID string, name exam.StageName) bool {
	before, waits := needs[name]
	return waits && r.get(takeID, before).State != exam.Done
}

func keyOf(s exam.Stage) exam.StageKey {
	return exam.StageKey{AttemptID: s.AttemptID, TakeID: s.TakeID, Name: s.Name}
}
