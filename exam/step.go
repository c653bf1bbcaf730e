package exam

import "slices"

// Step is one stop on a candidate's way through an interview.
type Step string

// The steps, in their order.
const (
	Devices     Step = "devices"     // the laptop, its devices and the network are tried out
	Login       Step = "login"       // signed in with the ticket, and let in by support or by face
	BindPhone   Step = "phone"       // a phone films from the side
	Attachments Step = "attachments" // every document was opened and acknowledged
	SignPledge  Step = "pledge"      // the pledge was signed with the typed name
	Entry       Step = "entry"       // the candidate has entered; recording begins
	Confirm     Step = "confirm"     // camera and microphone were looked at once more
	Waiting     Step = "waiting"     // until the start
	Answering   Step = "answering"   // from the start to the end
	Sending     Step = "upload"      // what was recorded is sent to the end
	Finished    Step = "finished"    // the server has signed for everything
)

// Steps lists the steps in their order.
var Steps = []Step{Devices, Login, BindPhone, Attachments, SignPledge, Entry, Confirm, Waiting, Answering, Sending, Finished}

// Optional lists the steps that a policy may leave out.
var Optional = []Step{Devices, BindPhone, Attachments, SignPledge}

// Waivable lists the steps that support may let a candidate go on without.
var Waivable = []Step{Devices, BindPhone}

// Valid reports whether s is one of the steps.
func (s Step) Valid() bool { return slices.Contains(Steps, s) }

// before reports whether s comes before t.
func (s Step) before(t Step) bool { return slices.Index(Steps, s) < slices.Index(Steps, t) }
