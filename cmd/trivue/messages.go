package main

import (
	"errors"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// diskFull is the code of work that ended because nothing more could be written.
const diskFull = "disk-full"

// advice says what a person can do about a problem, by its code.
var advice = map[string]string{
	string(container.Empty):       "the file is empty. Copy or upload it again from the device that recorded it",
	string(container.NotMedia):    "this is not a recording. Check that it is the right file, and copy or upload it again",
	string(container.HeaderOnly):  "the recording was never filled: nothing but its header was saved. Look for another copy on the device that recorded it",
	string(container.NoIndex):     "the recorder was killed before it could finish this MP4, and its index is missing. Look for another copy on the device that recorded it",
	string(container.NoTracks):    "there is neither a picture nor sound in it. Check that it is the right file",
	string(container.TooLarge):    "no camera or screen makes such a recording. Check that it is the right file",
	string(container.Unsupported): "it is encrypted or in a format without a decoder on this machine. Run trivue doctor, or record in another format",
	string(container.Unreadable):  "it cannot be read. Check its path and its permissions",
	diskFull:                      "the disk is full. Make room and run the command again; nothing of the recordings is lost",
	"timeout":                     "it took far longer than a recording of its size should. Run the command again; if it happens again the file may be damaged",
	"crashed":                     "the program that worked on it crashed; the file may be damaged. Run trivue doctor, and try another copy",
	"memory":                      "it needed more memory than it may have; the file may be damaged",
}

// explain tells a person what is wrong with a file and what to do.
func explain(name exam.StageName, err error) string {
	var failure *stage.Failure
	if !errors.As(err, &failure) {
		return err.Error()
	}
	text := failure.Detail
	if what, ok := advice[failure.Code]; ok {
		text = what + " (" + failure.Detail + ")"
	}
	switch name {
	case exam.Sound:
		return "no waveform, and not aligned by sound: " + text
	case exam.Frames:
		return "no thumbnails: " + text
	default:
		return text
	}
}

// toldError is an error in words for a person.
type toldError struct {
	text string
	err  error
}

func (e *toldError) Error() string { return e.text }
func (e *toldError) Unwrap() error { return e.err }
