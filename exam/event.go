package exam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// EventKind names what an event says.
type EventKind string

// What the server logs by itself.
const (
	EventSignedIn           EventKind = "signed-in"
	EventSignedOut          EventKind = "signed-out"
	EventLoginApproved      EventKind = "login-approved"
	EventLoginRefused       EventKind = "login-refused"
	EventLoginReleased      EventKind = "login-released"
	EventLoginElsewhere     EventKind = "login-elsewhere" // refused: another screen is signed in
	EventDevicesChecked     EventKind = "devices-checked"
	EventPhoneBound         EventKind = "phone-bound"
	EventPhonePanned        EventKind = "phone-panned"
	EventPhonePlaced        EventKind = "phone-placed"
	EventPhoneEnded         EventKind = "phone-ended"
	EventPhoneAsked         EventKind = "phone-asked"     // a code for another phone
	EventPhoneForgotten     EventKind = "phone-forgotten" // the phone gave up its session
	EventStepWaived         EventKind = "step-waived"
	EventAttachmentRead     EventKind = "attachment-read"
	EventPledgeSigned       EventKind = "pledge-signed"
	EventEntered            EventKind = "entered"
	EventReentered          EventKind = "re-entered"
	EventDevicesConfirmed   EventKind = "devices-confirmed"
	EventAnsweringBegan     EventKind = "answering-began"
	EventAnsweringEnded     EventKind = "answering-ended"
	EventLaptopSent         EventKind = "laptop-sent" // the phone has still something to send
	EventAllReceived        EventKind = "all-received"
	EventRehearsalRestarted EventKind = "rehearsal-restarted"
	EventTimeGranted        EventKind = "time-granted"
	EventEntryGranted       EventKind = "entry-granted"
	EventStill              EventKind = "still"
	EventHelpAsked          EventKind = "help-asked"
	EventHelpAnswered       EventKind = "help-answered"
	EventTakeSigned         EventKind = "take-signed"
	EventRecordingsRemoved  EventKind = "recordings-removed"
)

// Event is one entry of an attempt's log.
type Event struct {
	AttemptID string
	N         int64 // from 0 in the attempt
	At        time.Time
	Source    string // server, candidate, phone or staff:<name>
	Kind      EventKind
	Data      json.RawMessage // canonical JSON (RFC 8785)
	Previous  [32]byte        // Hash of the event before; zeros for the first

	// What a browser reports carries an identifier of its own and its own times; empty and zero otherwise.
	ID     string
	Wall   time.Time // by the device's calendar clock
	Server time.Time // by the server's clock as it was estimated there; zero where it was not known
}

// When is when what an event says happened: as the browser that saw it says, else when it came.
func (e Event) When() time.Time {
	switch {
	case !e.Server.IsZero():
		return e.Server
	case !e.Wall.IsZero():
		return e.Wall
	}
	return e.At
}

// Report is an event as a browser sends it.
type Report struct {
	ID     string          `json:"id"`
	Kind   EventKind       `json:"kind"`
	Wall   int64           `json:"wall"`   // microseconds since 1970
	Server *int64          `json:"server"` // likewise; null where it was never known
	Data   json.RawMessage `json:"data"`
}

// Bounds of a report.
const (
	longestReportID   = 100
	largestReportData = 8 << 10
	earliestReport    = 1_577_836_800_000_000 // 2020
	latestReport      = 7_258_118_400_000_000 // 2200
)

// Validate reports what keeps a report from being logged: a kind that is not in the list, data that is not of its kind's form.
func (r Report) Validate() error {
	schema, known := reports[r.Kind]
	switch {
	case r.ID == "" || len(r.ID) > longestReportID:
		return fmt.Errorf("the identifier must have 1 to %d characters", longestReportID)
	case !known:
		return fmt.Errorf("%.40q is not a kind of event that a browser reports", string(r.Kind))
	case len(r.Data) > largestReportData:
		return fmt.Errorf("the data of %q has %d bytes: at most %d are taken", r.Kind, len(r.Data), largestReportData)
	case r.Wall < earliestReport || r.Wall > latestReport:
		return fmt.Errorf("wall is %d: it must be microseconds since 1970", r.Wall)
	case r.Server != nil && (*r.Server < earliestReport || *r.Server > latestReport):
		return fmt.Errorf("server is %d: it must be microseconds since 1970, or null", *r.Server)
	}
	if trimmed := bytes.TrimSpace(r.Data); len(trimmed) == 0 || trimmed[0] != '{' {
		return fmt.Errorf("the data of %q is not an object", r.Kind)
	}
	if err := json.Unmarshal(r.Data, schema()); err != nil {
		return fmt.Errorf("the data of %q: %w", r.Kind, err)
	}
	return nil
}

// Event gives the report as an event without its place in the log.
func (r Report) Event(source string) Event {
	e := Event{Source: source, Kind: r.Kind, Data: r.Data, ID: r.ID, Wall: time.UnixMicro(r.Wall).UTC()}
	if r.Server != nil {
		e.Server = time.UnixMicro(*r.Server).UTC()
	}
	return e
}
