package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// input is one recording of the measured interview.
type input struct {
	kind, path string
}

// makeInputs makes three 720p recordings of the given length: VP8 for the camera and VP9 for the screen as Chrome writes them,
// fragmented H.264 and AAC for the phone as iOS does. A minute of each is encoded at the bit rates that recorders use and then
// repeated, packets as they are.
func makeInputs(ctx context.Context, dir string, length time.Duration) ([]input, error) {
	const scene = "testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t"
	const voice = "aevalsrc=0.3*sin(2*PI*(180+60*sin(2*PI*0.7*t))*t)*gt(sin(2*PI*0.4*t)\\,-0.3)+0.02*random(0):s=48000"
	kinds := []struct {
		kind, minute, whole string
		encode, copy        []string
	}{
		{"camera", "camera-minute.webm", "camera.webm",
			[]string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "900k", "-g", "60", "-c:a", "libopus", "-b:a", "64k"}, []string{"-live", "1"}},
		{"screen", "screen-minute.webm", "screen.webm",
			[]string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-b:v", "900k", "-g", "60", "-c:a", "libopus", "-b:a", "64k"}, []string{"-live", "1"}},
		{"phone", "phone-minute.mp4", "phone.mp4",
			[]string{"-c:v", "libx264", "-preset", "ultrafast", "-b:v", "900k", "-g", "60", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k"}, []string{"-movflags", "frag_keyframe+empty_moov"}},
	}
	var inputs []input
	for _, k := range kinds {
		minute, whole := filepath.Join(dir, k.minute), filepath.Join(dir, k.whole)
		encode := append([]string{"-v", "error", "-y", "-f", "lavfi", "-i", scene, "-f", "lavfi", "-i", voice, "-t", "60"}, k.encode...)
		if out, err := exec.CommandContext(ctx, "ffmpeg", append(encode, minute)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("encode %s: %w\n%s", k.kind, err, out)
		}
		repeat := []string{"-v", "error", "-y", "-stream_loop", "-1", "-i", minute, "-t", strconv.FormatFloat(length.Seconds(), 'f', 3, 64), "-c", "copy"}
		if out, err := exec.CommandContext(ctx, "ffmpeg", append(append(repeat, k.copy...), whole)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("repeat %s: %w\n%s", k.kind, err, out)
		}
		inputs = append(inputs, input{k.kind, whole})
	}
	return inputs, nil
}
