package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
	"github.com/trivue/trivue/timeline"
	"github.com/trivue/trivue/web"
)

type processCommand struct {
	Camera []string `help:"Recording of the laptop's camera; several takes in order of time." placeholder:"FILE" sep:"none"`
	Screen []string `help:"Recording of the laptop's screen." placeholder:"FILE" sep:"none"`
	Phone  []string `help:"Recording of the phone at the side." placeholder:"FILE" sep:"none"`
	Out    string   `help:"Folder for the playback; made if it is not there." required:"" placeholder:"DIR"`
	Lang   string   `help:"Language of the playback page: zh-CN or en; the browser's where not given." enum:",zh-CN,en" default:""`
}

// gatherFiles lets several files follow one flag, as a shell's patterns give them: --camera a.webm b.webm --screen c.webm.
// A flag without any file is left as it is, for the parser to complain about.
func gatherFiles(args []string) []string {
	if len(args) == 0 || args[0] != "process" {
		return args
	}
	out := []string{args[0]}
	flag, files := "", 0
	for _, a := range append(args[1:len(args):len(args)], "--") {
		if flag != "" && !strings.HasPrefix(a, "-") {
			out = append(out, flag+"="+a)
			files++
			continue
		}
		if flag != "" && files == 0 {
			out = append(out, flag)
		}
		flag, files = "", 0
		switch a {
		case "--camera", "--screen", "--phone":
			flag = a
		default:
			out = append(out, a)
		}
	}
	return out[:len(out)-1]
}

// inputs lists the files in the order of the recordings.
func (c processCommand) inputs() []process.Input {
	var all []process.Input
	for i, files := range [][]string{c.Camera, c.Screen, c.Phone} {
		for _, f := range files {
			all = append(all, process.Input{Kind: exam.Kinds[i], Path: f})
		}
	}
	return all
}

// Run processes the files.
func (c processCommand) Run(ctx context.Context) error {
	inputs := c.inputs()
	if len(inputs) == 0 {
		return &exitError{2, errors.New("give at least one file with --camera, --screen or --phone")}
	}
	bar := newProgressBar(os.Stderr)
	result, err := process.Run(ctx, inputs, process.Options{
		Runner: newRunner(quietLog()), Out: c.Out, Page: playbackPage(c.Lang), Report: bar.show,
	})
	bar.end()
	for _, w := range result.Warnings {
		fmt.Fprintf(os.Stderr, "warning: %s: %s\n", w.Input.Path, explain(w.Stage, w.Err))
	}
	for _, u := range result.Unusable {
		fmt.Fprintf(os.Stderr, "error: %s: %s\n", u.Input.Path, explain(u.Stage, u.Err))
	}
	if err != nil {
		return c.failed(ctx, err)
	}
	summarise(result.Timeline)
	fmt.Println(filepath.Join(c.Out, "index.html"))
	if len(result.Unusable) > 0 {
		return &exitError{1, fmt.Errorf("%d of %d files could not be used; the playback is made of the others", len(result.Unusable), len(inputs))}
	}
	return nil
}

// failed says why there is no result, and what has become of an earlier one.
func (c processCommand) failed(ctx context.Context, err error) error {
	code, text := 1, explain("", err)
	switch failure := new(stage.Failure); {
	case ctx.Err() != nil:
		code, text = 130, "stopped before it was done"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.As(err, &failure) && failure.Code == diskFull:
		text = fmt.Sprintf("%s: %s (%v)", c.Out, advice[diskFull], err)
	}
	if _, missing := os.Stat(filepath.Join(c.Out, process.TimelineFile)); missing == nil {
		text += fmt.Sprintf("\nWhat was in %s before is as it was.", c.Out)
	}
	return &exitError{code, &toldError{text, err}}
}

// summarise tells what was lost or not certain; nothing where all is well.
func summarise(t timeline.Timeline) {
	for _, kind := range t.Missing {
		fmt.Fprintf(os.Stderr, "note: there is no %s recording\n", kind)
	}
	for _, r := range t.Recordings {
		for _, take := range r.Takes {
			for _, d := range take.Damage {
				fmt.Fprintf(os.Stderr, "warning: %s (%s): %s\n", take.Source.Name, r.Kind, describeDamage(d))
			}
			switch {
			case !take.Audio:
				fmt.Fprintf(os.Stderr, "note: %s (%s) has no sound\n", take.Source.Name, r.Kind)
			case !take.Video:
				fmt.Fprintf(os.Stderr, "note: %s (%s) has no picture\n", take.Source.Name, r.Kind)
			}
			if take.Placed == timeline.Unplaced {
				fmt.Fprintf(os.Stderr, "warning: %s (%s) could not be aligned: %s\n", take.Source.Name, r.Kind, take.Reason)
			}
		}
	}
}

func describeDamage(d timeline.Damage) string {
	what := map[string]string{"video": "picture", "audio": "sound", "both": "picture and sound"}[d.Media]
	cause := map[string]string{"truncated": "the file ends too early", "hole": "data is missing in the file", "corrupt": "data is damaged in the file",
		"undecodable": "there is no decoder for its format"}[d.Cause]
	if d.To > d.From {
		return fmt.Sprintf("no %s from %.2f s to %.2f s: %s", what, d.From, d.To, cause)
	}
	return fmt.Sprintf("%s lost at %.2f s: %s", what, d.From, cause)
}

func playbackPage(lang string) process.Page {
	if !web.Built() {
		return nil
	}
	return func(timelineJSON []byte, waveforms, cues map[string][]byte) ([]byte, error) {
		return web.PlaybackPage(timelineJSON, waveforms, cues, lang)
	}
}
