package mp4_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
)

func BenchmarkScan(b *testing.B) {
	data := mustRead(b, "camera-h264.mp4")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRemux copies a file to a file. TRIVUE_BENCH_MP4 names another than the sample, to be compared with a peer.
func BenchmarkRemux(b *testing.B) {
	in := filepath.Join(b.TempDir(), "in.mp4")
	if path := os.Getenv("TRIVUE_BENCH_MP4"); path != "" {
		in = path
	} else if err := os.WriteFile(in, mustRead(b, "camera-h264.mp4"), 0o600); err != nil {
		b.Fatal(err)
	}
	out := filepath.Join(b.TempDir(), "out.mp4")
	for b.Loop() {
		f, err := os.Open(in)
		if err != nil {
			b.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(info.Size())
		r, err := mp4.Open(f, info.Size())
		if err != nil {
			b.Fatal(err)
		}
		w, err := os.Create(out)
		if err != nil {
			b.Fatal(err)
		}
		extent := container.Extent{Packets: map[int]int{1: 50_000, 2: 50_000}, Keys: map[int]int{1: 1000}, Duration: 20 * time.Minute}
		if err := remux(r, w, r.Tracks(), extent); err != nil {
			b.Fatal(err)
		}
		f.Close()
		w.Close()
	}
}
