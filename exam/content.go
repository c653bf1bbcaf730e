package exam

import "time"

// Pledge is what a candidate signs before entering (诚信承诺书). An exam without one has an empty text, and skips the step.
type Pledge struct {
	Text   string `json:"text"`   // Markdown
	SHA256 string `json:"sha256"` // of the text in UTF-8, lower-case hexadecimal
}

// Candidate is a person on an exam's list.
type Candidate struct {
	ExamID string
	Ticket string // unique in the exam
	Name   string
	IDTail string // last characters of the identity document's number; a check digit may be a letter, kept in upper case
	// Photo is the key of the registered photo in the archive; empty where there is none.
	Photo string
}

// Question is one question of an exam. Its text leaves the server when Interview.Released says so, and not before.
type Question struct {
	ID      string // unique in the exam
	Text    string // Markdown
	Prepare time.Duration
	Answer  time.Duration
}

// Item is what the rules need to know of a question: everything but its text.
type Item struct {
	ID      string
	Prepare time.Duration
	Answer  time.Duration
}

// Attachment is a document that every candidate must open and acknowledge.
type Attachment struct {
	ID     string // unique in the exam
	Title  string
	MIME   string
	Size   int64  // bytes
	SHA256 string // of the document, lower-case hexadecimal
	Key    string // of the document in the archive
}
