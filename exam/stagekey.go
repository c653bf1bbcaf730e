package exam

// StageKey names the row of a stage.
type StageKey struct {
	AttemptID string
	TakeID    string // empty for a stage of the whole attempt
	Name      StageName
}
