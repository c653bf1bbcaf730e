package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// transcodeTable measures what no browser plays and has to be encoded anew: HEVC as phones write it, at three sizes. The peer does
// the same with the same libraries: libavcodec's decoder and libvpx with the same bit rate, speed and number of threads. SSIM is that of
// each result against the source, brought to the same size.
func transcodeTable(ctx context.Context, binary, dir string, repeats int) error {
	fmt.Printf("\n| transcode | s | ffmpeg wall s | cpu s | peak MB | MB | SSIM | trivue wall s | cpu s | peak MB | of it private | MB | SSIM |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, in := range []struct {
		name, size, made, bitrate string
		seconds                   int
	}{
		{"720p", "1280x720", "1280x720", "1658k", 20},
		{"1080p", "1920x1080", "1920x1080", "3732k", 20},
		{"2160p", "3840x2160", "1920x1080", "3732k", 10},
	} {
		source := filepath.Join(dir, "hevc-"+in.name+".mp4")
		if err := makeHEVC(ctx, source, in.size, in.seconds); err != nil {
			return err
		}
		peer := filepath.Join(dir, "ffmpeg-"+in.name+".webm")
		args := append([]string{"-v", "error", "-y", "-threads", "1", "-i", source, "-an", "-vf", "scale=" + strings.Replace(in.made, "x", ":", 1)},
			"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "-10", "-threads", "1", "-lag-in-frames", "0", "-static-thresh", "1",
			"-qmin", "4", "-qmax", "56", "-b:v", in.bitrate, "-g", "60", peer)
		out := filepath.Join(dir, "transcoded")
		var peers, ours []cost
		var private int64
		for range repeats {
			c, err := measure(exec.CommandContext(ctx, "ffmpeg", args...))
			if err != nil {
				return err
			}
			peers = append(peers, c)
			cmd := exec.CommandContext(ctx, binary, "process", "--out", out, "--phone", source)
			c, most, err := measurePrivate(cmd)
			if err != nil {
				return err
			}
			ours, private = append(ours, c), max(private, most)
		}
		made := filepath.Join(out, "phone-0.webm")
		var similar [2]float64
		for i, path := range []string{peer, made} {
			var err error
			if similar[i], err = ssim(ctx, path, source, in.made); err != nil {
				return err
			}
		}
		p, o := median(peers), median(ours)
		fmt.Printf("| HEVC %s | %d | %.1f | %.1f | %.0f | %.1f | %.3f | %.1f | %.1f | %.0f | %.0f | %.1f | %.3f |\n", in.name, in.seconds,
			p.wall.Seconds(), p.cpu.Seconds(), megabytes(p.peak), megabytes(sizeOf(peer)), similar[0],
			o.wall.Seconds(), o.cpu.Seconds(), megabytes(o.peak), megabytes(private), megabytes(sizeOf(made)), similar[1])
	}
	return nil
}

// makeHEVC makes a recording with the references and B pictures of a phone's encoder, which are what a decoder has to keep.
func makeHEVC(ctx context.Context, path, size string, seconds int) error {
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size="+size+":rate=30,noise=alls=6:allf=t", "-t", strconv.Itoa(seconds),
		"-c:v", "libx265", "-preset", "superfast", "-x265-params", "log-level=error:ref=4:bframes=3", "-crf", "26", "-g", "60", "-tag:v", "hvc1", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("encode %s: %w\n%s", filepath.Base(path), err, out)
	}
	return nil
}

var similarity = regexp.MustCompile(`SSIM .* All:([0-9.]+)`)

// ssim compares a result with its source, brought to a size.
func ssim(ctx context.Context, made, source, size string) (float64, error) {
	graph := fmt.Sprintf("[1:v]scale=%s[r];[0:v][r]ssim", strings.Replace(size, "x", ":", 1))
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "info", "-i", made, "-i", source, "-lavfi", graph, "-f", "null", "-").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("compare %s with its source: %w\n%s", filepath.Base(made), err, out)
	}
	m := similarity.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("compare %s with its source: ffmpeg gives no figure", filepath.Base(made))
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// measurePrivate is measure, and finds the most memory that any of the command's children had to itself: what is resident and no
// file's. The pages of program and libraries are the same for all children and the server, and count once for the machine.
func measurePrivate(cmd *exec.Cmd) (c cost, most int64, err error) {
	done := make(chan struct{})
	var watching errgroup.Group
	watching.Go(func() error {
		for {
			select {
			case <-done:
				return nil
			case <-time.After(20 * time.Millisecond):
				most = max(most, privateOfChildren())
			}
		}
	})
	c, err = measure(cmd)
	close(done)
	return c, most, errors.Join(err, watching.Wait())
}

// privateOfChildren looks at the children of this process's children. Processes that end meanwhile are left out.
func privateOfChildren() (most int64) {
	all, _ := filepath.Glob("/proc/[0-9]*/status")
	parents, private := map[int]int{}, map[int]int64{}
	for _, path := range all {
		status, _ := os.ReadFile(path)
		var pid, parent int
		var kB int64
		for line := range strings.Lines(string(status)) {
			_, _ = fmt.Sscanf(line, "Pid: %d", &pid)
			_, _ = fmt.Sscanf(line, "PPid: %d", &parent)
			_, _ = fmt.Sscanf(line, "RssAnon: %d kB", &kB)
		}
		parents[pid], private[pid] = parent, kB<<10
	}
	for pid, parent := range parents {
		if parents[parent] == os.Getpid() {
			most = max(most, private[pid])
		}
	}
	return most
}
