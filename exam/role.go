package exam

import "slices"

// Role is what a member of staff is there for.
type Role string

// Roles of staff.
const (
	Admin       Role = "admin"       // prepares exams, receives recordings, and may do everything
	Invigilator Role = "invigilator" // watches over exams while they run, and sees what has arrived
	Reviewer    Role = "reviewer"    // watches the finished recordings
)

// Roles lists the roles.
var Roles = []Role{Admin, Invigilator, Reviewer}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Action is a kind of thing that staff do.
type Action string

// Actions that a role allows or not.
const (
	See    Action = "see"    // exams, attempts, and how far their recordings are
	Review Action = "review" // recordings and their timeline
	Upload Action = "upload" // send recordings, put them aside, have them processed again
	Manage Action = "manage" // exams and attempts
	Assist Action = "assist" // help candidates: decide on logins, release them, answer; see who they are
	Grant  Action = "grant"  // give extra time or a second entry, end an attempt
)

// Actions lists the actions.
var Actions = []Action{See, Review, Upload, Manage, Assist, Grant}

var permissions = map[Role][]Action{
	Admin:       Actions,
	Invigilator: {See, Assist},
	Reviewer:    {See, Review},
}

// May reports whether a role allows an action. An unknown role allows none.
func (r Role) May(a Action) bool { return slices.Contains(permissions[r], a) }

// Allowed lists what a role allows, in the order of Actions.
func (r Role) Allowed() []Action {
	allowed := []Action{}
	for _, a := range Actions {
		if r.May(a) {
			allowed = append(allowed, a)
		}
	}
	return allowed
}
