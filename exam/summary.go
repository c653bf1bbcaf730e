package exam

// SummaryState says in one word how far an attempt is.
type SummaryState string

// States of an attempt as a whole.
const (
	Nothing SummaryState = "empty"     // no recording yet
	Coming  SummaryState = "uploading" // at least one recording is not here whole
	Working SummaryState = "working"   // everything is here and being worked on
	Ready   SummaryState = "ready"     // everything is done that can be
	Broken  SummaryState = "failed"    // somebody has to do something before anything can be played
)

// Summary is an attempt at a glance.
type Summary struct {
	State      SummaryState
	Progress   float64 // 0 to 1
	Reviewable bool    // something can be played, of this state of the recordings or of an earlier one
}

// Shares of the progress that receiving, the takes' stages, and the attempt's own take.
const (
	receiveShare = 0.4
	takeShare    = 0.5
	attemptShare = 0.1
)

// Summarise derives an attempt's summary from its rows.
func Summarise(attempt Attempt, takes []Take, stages []Stage) Summary {
	rows := make(map[StageKey]Stage, len(stages))
	for _, s := range stages {
		rows[StageKey{AttemptID: attempt.ID, TakeID: s.TakeID, Name: s.Name}] = s
	}
	of := func(takeID string, name StageName) Stage {
		return rows[StageKey{AttemptID: attempt.ID, TakeID: takeID, Name: name}]
	}
	s := Summary{Reviewable: of("", Archive).Result != nil || of("", Archive).State == Done}
	var live, uploading, unusable int
	for _, t := range takes {
		if t.State != Uploading && t.State != Received {
			continue
		}
		live++
		if t.State == Uploading {
			uploading++
			if t.Size > 0 {
				s.Progress += receiveShare * float64(t.Received) / float64(t.Size)
			}
			continue
		}
		over, dead := takeProgress(t, of)
		s.Progress += receiveShare + takeShare*over
		if dead {
			unusable++
		}
	}
	if live == 0 {
		return Summary{State: Nothing, Reviewable: s.Reviewable}
	}
	s.Progress /= float64(live)
	failed := unusable == live
	current := true
	for _, name := range AttemptStages {
		row := of("", name)
		done := row.State == Done && row.Revision >= attempt.Revision
		if done {
			s.Progress += attemptShare / float64(len(AttemptStages))
		}
		current = current && done
		failed = failed || row.State == Failed && row.Revision >= attempt.Revision
	}
	switch {
	case uploading > 0:
		s.State = Coming
	case current:
		s.State, s.Progress = Ready, 1
	case failed:
		s.State = Broken
	default:
		s.State = Working
	}
	s.Progress = min(s.Progress, 1)
	return s
}

// takeProgress is how far a received take's stages are, and whether nothing can be made of it.
func takeProgress(t Take, of func(string, StageName) Stage) (done float64, unusable bool) {
	for _, name := range TakeStages {
		row := of(t.ID, name)
		switch row.State {
		case Done:
			done++
		case Failed:
			done++
			if name == Inspect || name == Playback {
				return 1, true
			}
		case Running:
			done += row.Progress
		}
	}
	return done / float64(len(TakeStages)), false
}
