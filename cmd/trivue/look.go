package main

import (
	"log/slog"

	"github.com/trivue/trivue/facematch/dlib"
	"github.com/trivue/trivue/facematch/engine"
	"github.com/trivue/trivue/facematch/models"
)

// lookCommand is the child's side of package engine: this program, started by itself.
type lookCommand struct{}

func (lookCommand) Run() error {
	open := func(set models.Set, scratch string) (engine.Recognizer, error) { return dlib.Open(set, scratch) }
	if code := engine.Main(open); code != 0 {
		return &exitError{code: code}
	}
	return nil
}

// newFaceEngine makes the search for faces that all commands use. It starts nothing before the first picture.
func newFaceEngine(folder string, choice models.Choice, log *slog.Logger) *engine.Engine {
	return engine.New(engine.Options{Models: func() (models.Set, error) { return models.Find(folder, choice) }, Log: log})
}
