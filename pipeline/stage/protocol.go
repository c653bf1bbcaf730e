// Package stage holds the media work that runs in a child process: inspecting, remuxing, transcoding, listening, looking.
//
// Each stage is a function from a Job to a result, over files. Nothing here knows how a child is started (package child) or
// how anything is decoded (package gstx, through the Media interface).
package stage

import (
	"context"
	"encoding/json"

	"github.com/trivue/trivue/exam"
)

// Job is what a stage is asked to do. It is sent to the child as one line of JSON.
type Job struct {
	Stage exam.StageName `json:"stage"`
	// Inputs are the files that the stage may read; absolute paths. Nothing else of the file system is visible to it.
	Inputs []string `json:"inputs"`
	// Output is the folder that the stage may write into; an absolute path. It exists and is the stage's own.
	Output string          `json:"output"`
	Params json.RawMessage `json:"params,omitempty"`
}

// Runner runs a job to its end. The child package's Runner does so in a process of its own; tests may run it in place.
type Runner interface {
	// Run returns the stage's result as JSON. Progress is called with values that grow from 0 to 1, never concurrently.
	// A failure that has a cause a person can act on is a *Failure.
	Run(ctx context.Context, job Job, progress func(float64)) (json.RawMessage, error)
}

// Failure is why a stage could not do its work, as the child tells its parent.
type Failure struct {
	exam.Problem
	// Diagnostics is the end of what the child wrote to standard error; for the log only.
	Diagnostics string `json:"diagnostics,omitempty"`
}

func (f *Failure) Error() string { return f.Code + ": " + f.Detail }

// StageProblem is what a person is told of the failure.
func (f *Failure) StageProblem() exam.Problem { return f.Problem }
