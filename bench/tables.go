package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/child"
	"github.com/trivue/trivue/pipeline/stage"
)

// remuxTable compares Trivue's inspect and playback stages, each in its child process as it always runs (hash of the source,
// copy, output read back and hashed), with ffmpeg's stream copy to a file of the same kind: WebM with its index at the front, MP4
// with its moov at the front.
func remuxTable(ctx context.Context, binary, dir string, inputs []input, repeats int) error {
	fmt.Printf("| remux | MB | ffmpeg wall s | cpu s | peak MB | trivue wall s | cpu s | peak MB | cpu ratio |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, in := range inputs {
		out := filepath.Join(dir, "ffmpeg"+filepath.Ext(in.path))
		args := []string{"-v", "error", "-y", "-i", in.path, "-c", "copy"}
		if filepath.Ext(in.path) == ".mp4" {
			args = append(args, "-movflags", "+faststart")
		} else {
			args = append(args, "-reserve_index_space", "65536")
		}
		var peers, ours []cost
		for range repeats {
			c, err := measure(exec.CommandContext(ctx, "ffmpeg", append(args, out)...))
			if err != nil {
				return err
			}
			peers = append(peers, c)
			if c, err = remux(ctx, binary, in.path, filepath.Join(dir, "ours")); err != nil {
				return err
			}
			ours = append(ours, c)
		}
		p, o := median(peers), median(ours)
		fmt.Printf("| %s (%s) | %.0f | %.2f | %.2f | %.0f | %.2f | %.2f | %.0f | %.2f |\n", in.kind, filepath.Ext(in.path)[1:], megabytes(sizeOf(in.path)),
			p.wall.Seconds(), p.cpu.Seconds(), megabytes(p.peak), o.wall.Seconds(), o.cpu.Seconds(), megabytes(o.peak), o.cpu.Seconds()/p.cpu.Seconds())
	}
	return nil
}

// remux runs the two stages and adds up what their children used.
func remux(ctx context.Context, binary, path, dir string) (cost, error) {
	runner := child.New(child.Options{Exe: binary})
	var total cost
	run := func(name exam.StageName, params any) (json.RawMessage, error) {
		encoded, err := json.Marshal(params)
		if err != nil {
			return nil, err
		}
		job := stage.Job{Stage: name, Inputs: []string{path}, Output: filepath.Join(dir, string(name)), Params: encoded}
		if err := os.MkdirAll(job.Output, 0o750); err != nil {
			return nil, err
		}
		answer, report, err := runner.RunReport(ctx, job, func(float64) {})
		total.wall, total.cpu, total.peak = total.wall+report.Wall, total.cpu+report.CPU, max(total.peak, report.Resident)
		return answer, err
	}
	answer, err := run(exam.Inspect, nil)
	if err != nil {
		return total, err
	}
	var inspection stage.Inspection
	if err := json.Unmarshal(answer, &inspection); err != nil {
		return total, err
	}
	_, err = run(exam.Playback, stage.PlaybackParams{Inspection: inspection})
	return total, err
}

// wholeTable measures "trivue process" from files to a reviewable folder.
func wholeTable(ctx context.Context, binary, dir string, inputs []input, length time.Duration, repeats int) error {
	args := []string{"process", "--out", filepath.Join(dir, "playback")}
	for _, in := range inputs {
		args = append(args, "--"+in.kind, in.path)
	}
	var all []cost
	for range repeats {
		c, err := measure(exec.CommandContext(ctx, binary, args...))
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	m := median(all)
	fmt.Printf("\n| whole interview | wall s | cpu s | largest process MB | times real time |\n|---|---|---|---|---|\n| %s, three recordings | %.1f | %.1f | %.0f | %.0f |\n",
		length, m.wall.Seconds(), m.cpu.Seconds(), megabytes(m.peak), length.Seconds()/m.wall.Seconds())
	return nil
}

func median(all []cost) cost {
	slices.SortFunc(all, func(a, b cost) int { return int(a.cpu - b.cpu) })
	return all[len(all)/2]
}
