// Command bench measures Trivue beside its peers on the same inputs in one run: remux against "ffmpeg -c copy", how long a
// whole interview takes until it can be reviewed, and transcoding against ffmpeg. It prints Markdown tables.
//
// The interview is made of one real 720p recording each for camera and screen (WebM) and phone (MP4), repeated up to the
// length asked for by ffmpeg's stream loop, so that sizes and packet patterns are those of real recorders.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	minutes := flag.Float64("minutes", 20, "length of the interview")
	repeats := flag.Int("repeats", 3, "runs of each measurement; the median by CPU time is shown")
	only := flag.Bool("transcode", false, "measure transcoding only")
	flag.Parse()
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if err := run(context.Background(), time.Duration(*minutes*float64(time.Minute)), *repeats, *only); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, length time.Duration, repeats int, onlyTranscode bool) error {
	binary := os.Getenv("TRIVUE_BINARY")
	if binary == "" {
		return fmt.Errorf("TRIVUE_BINARY is not set: run bench/run.sh")
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return fmt.Errorf("the peer is missing: %w (make setup-test installs it)", err)
	}
	dir, err := os.MkdirTemp("", "trivue-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if onlyTranscode {
		return transcodeTable(ctx, binary, dir, repeats)
	}
	inputs, err := makeInputs(ctx, dir, length)
	if err != nil {
		return err
	}
	if err := remuxTable(ctx, binary, dir, inputs, repeats); err != nil {
		return err
	}
	if err := wholeTable(ctx, binary, dir, inputs, length, repeats); err != nil {
		return err
	}
	return transcodeTable(ctx, binary, dir, repeats)
}

// cost is what a process and its descendants used.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes; the largest resident set of any single process
}

// measure runs a command to its end.
func measure(cmd *exec.Cmd) (cost, error) {
	out, err := os.CreateTemp("", "bench-out-")
	if err != nil {
		return cost{}, err
	}
	defer os.Remove(out.Name())
	cmd.Stdout, cmd.Stderr = out, out
	started := time.Now()
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return cost{}, fmt.Errorf("%s: %w\n%s", cmd.Path, err, said)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{
		wall: time.Since(started),
		cpu:  cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		peak: usage.Maxrss * 1024,
	}, nil
}

func megabytes(b int64) float64 { return float64(b) / 1e6 }

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
